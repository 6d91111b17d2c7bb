"""SQL models as data: one SELECT a file, and a `.yml` twin that says what is promised of its rows."""
