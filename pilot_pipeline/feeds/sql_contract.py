"""Judges a feed too large for a frame by SQL made from the canon; wording and rules are those of `row_rules`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pandas as pd

from pilot_pipeline.feeds.canon import SQL_TYPES, Feed
from pilot_pipeline.feeds.quarantine import Finding
from pilot_pipeline.feeds.row_rules import (
    EARLIER_SPELL,
    REPEATED,
    ROW_RULES,
    conflicting_reason,
    missing_reason,
    range_reason,
    vocabulary_reason,
)

_ROW = "row_position"


@dataclass(frozen=True)
class SqlRule:
    """One rule of a feed: a row breaks it where `broken`, a condition in DuckDB's dialect, is true."""

    column: str
    rule: str
    reason: str
    broken: str


def sql_rules(feed: Feed) -> tuple[SqlRule, ...]:
    """Return every rule that needs no other row than its own, from the canon and the rules within a row."""
    return tuple(_rules(feed))


def _rules(feed: Feed) -> Iterator[SqlRule]:
    for column in feed.columns:
        name = column.name
        if not column.nullable:
            yield SqlRule(name, "missing", missing_reason(column), f"{name} IS NULL")
        if column.vocabulary:
            words = ", ".join(f"'{word}'" for word in column.vocabulary)
            yield SqlRule(name, "vocabulary", vocabulary_reason(column), f"{name} NOT IN ({words})")
        bounds = [f"{name} < {column.minimum}"] if column.minimum is not None else []
        bounds += [f"{name} > {column.maximum}"] if column.maximum is not None else []
        if bounds:
            yield SqlRule(name, "range", range_reason(column), " OR ".join(bounds))
    for rule in ROW_RULES.get(feed.name, ()):
        filled = " AND ".join(f"{name} IS NOT NULL" for name in rule.needs)
        yield SqlRule(rule.column, rule.rule, rule.reason, f"{filled} AND NOT ({rule.sql})")


@dataclass(frozen=True)
class SqlContract:
    """A feed's row contract in SQL: one pass for what a row shows by itself, another over rows that share a key."""

    feed: Feed

    def findings(self, frame: pd.DataFrame) -> list[Finding]:
        """Return one finding per offending row and column of a canonical frame with a unique integer index."""
        import pyarrow as pa

        rows = frame[list(self.feed.names)].assign(**{_ROW: np.arange(len(frame))})
        with duckdb.connect(":memory:", config={"threads": 2}) as connection:
            connection.register("judged", pa.Table.from_pandas(rows, preserve_index=False))
            names = ", ".join(f"CAST({c.name} AS {SQL_TYPES[c.type]}) AS {c.name}" for c in self.feed.columns)
            found = self.judge(connection, f"(SELECT {_ROW}, {names} FROM judged)", _ROW)
        labels = frame.index.to_numpy()
        return [Finding(int(labels[f.row]), f.column, f.rule, f.reason) for f in found]

    def judge(self, connection: duckdb.DuckDBPyConnection, relation: str, row: str) -> list[Finding]:
        """Judge a relation with the canon's columns where it lies: a table, or a scan of a Parquet file.

        Args:
            connection: an open connection.
            relation: what may stand after FROM; it is scanned twice.
            row: the column that identifies a row by a whole number.

        Returns:
            Findings in the order of rows; only rows that break a rule leave the database.
        """
        rules = sql_rules(self.feed)
        mask = " | ".join(f"(CASE WHEN {rule.broken} THEN {1 << bit} ELSE 0 END)" for bit, rule in enumerate(rules))
        judged = f"SELECT {row} AS row, CAST({mask} AS BIGINT) AS mask FROM {relation}"
        alone = connection.execute(f"SELECT row, mask FROM ({judged}) WHERE mask <> 0").fetchnumpy()
        places, masks = np.asarray(alone["row"]), np.asarray(alone["mask"], dtype=np.int64)
        found = [
            Finding(int(place), rule.column, rule.rule, rule.reason)
            for bit, rule in enumerate(rules)
            for place in places[masks >> bit & 1 == 1]
        ]
        found += self._by_key(connection, relation, row)
        return sorted(found, key=lambda f: (f.row, f.column, f.rule, f.reason))

    def _by_key(self, connection: duckdb.DuckDBPyConnection, relation: str, row: str) -> Iterator[Finding]:
        """Yield what only shows beside rows of the same key: repeated rows, earlier spells, contradictions."""
        key, names = ", ".join(self.feed.key), ", ".join(self.feed.names)
        whole = " AND ".join(f"{name} IS NOT NULL" for name in self.feed.key)
        latest = f"max(hired_on) OVER (PARTITION BY {key})"
        earlier = f"employment_status = 'terminated' AND terminated_on <= {latest} AND hired_on < {latest}"
        spell = f"coalesce({earlier}, false)" if self.feed.name == "employees" else "false"
        query = f"""
            WITH shared AS (
                SELECT {key} FROM {relation} WHERE {whole} GROUP BY {key} HAVING count(*) > 1
            ),
            rows AS (
                SELECT {row} AS row, {names}, {spell} AS spell,
                    row_number() OVER (PARTITION BY {names} ORDER BY {row}) > 1 AS repeated
                FROM {relation} SEMI JOIN shared USING ({key})
            )
            SELECT row, spell, repeated,
                NOT spell AND count(*) FILTER (NOT spell AND NOT repeated) OVER (PARTITION BY {key}) > 1 AS torn
            FROM rows ORDER BY row
        """
        last = self.feed.key[-1]
        for place, is_spell, repeated, torn in connection.execute(query).fetchall():
            if repeated:
                yield Finding(int(place), last, "duplicate_row", REPEATED)
            if is_spell:
                yield Finding(int(place), "hired_on", "earlier_spell", EARLIER_SPELL)
            if torn:
                yield Finding(int(place), last, "duplicate_key", conflicting_reason(self.feed))
