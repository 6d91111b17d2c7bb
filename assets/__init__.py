"""The pilot as Dagster assets, one file a step: fetch, one call into the domain, return with metadata."""
