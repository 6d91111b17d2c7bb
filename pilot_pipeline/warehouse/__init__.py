"""The DuckDB warehouse: transactional reads and writes, SQL models, and the atomic release that others read."""
