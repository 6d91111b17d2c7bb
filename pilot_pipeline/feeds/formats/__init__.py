"""Readers by format: a file, sheet, query or vendor log becomes a table of text; mapping it to a feed is next door."""
