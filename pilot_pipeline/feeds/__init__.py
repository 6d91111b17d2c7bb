"""From the company's own files to canonical rows: what the feeds are, how they are read, mapped, judged and kept."""
