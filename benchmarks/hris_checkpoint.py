"""What the HRIS checkpoint's row rules cost on a million employees, beside pandera and Great Expectations.

    python benchmarks/hris_checkpoint.py [--rows 1000000] [--without-peers]

The yardstick is the cheapest DuckDB query that reads the same columns of the same Parquet file. Ours are the row rules
of the canon and the keys in SQL, and the hierarchy by strongly connected components, with every failing row listed. The
peers judge the same rules: pandera the contract made from the same canon (duplicates and spells included), Great
Expectations one expectation per rule of a column and per rule between two, with the keys of failing rows. Times are
CPU seconds of this process, the least of several rounds, and only their ratios count.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import pandas as pd
from recording import record

from checks.contracts import PanderaContract
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.hierarchy import Hierarchy
from pilot_pipeline.feeds.quarantine import Finding
from pilot_pipeline.feeds.sql_contract import SqlContract, sql_rules

EMPLOYEES = CANON["employees"]
UNUSED = ("skills", "promoted_on", "business_unit", "ethnicity")
"""Columns that no rule of a row looks at; without them there are fifteen."""

COLUMNS = tuple(name for name in EMPLOYEES.names if name not in UNUSED)
PLANTED = {"role_level": 40, "employment_status": 30, "hired_on": 20, "birth_year": 25, "department": 15}


def workforce(rows: int, seed: int = 1) -> pd.DataFrame:
    """Return a tree of employees eight wide, with faults planted in known numbers, in canonical types."""
    rng = np.random.default_rng(seed)
    number = np.arange(rows)
    ids = pd.Series(number).astype("str").radd("p_")
    hired = pd.Timestamp("2005-01-03") + pd.to_timedelta(rng.integers(0, 7000, rows), unit="D")
    frame = pd.DataFrame(
        {
            "as_of": pd.Timestamp("2025-12-15"),
            "employee_id": ids,
            "email": ids.str.replace("p_", "e_"),
            "manager_id": ids.reindex((number - 1) // 8).set_axis(number).where(number > 0, None),
            "department": rng.choice(["Sales", "Research", "Support", "Finance"], rows),
            "role": rng.choice(["Engineer", "Scientist", "Clerk", "Lead", "Analyst"], rows),
            "role_level": pd.array(rng.integers(1, 11, rows), dtype="Int64"),
            "location": rng.choice(["Berlin", "Vienna", "Remote"], rows),
            "employment_status": rng.choice(["active", "leave"], rows, p=[0.97, 0.03]),
            "hired_on": hired,
            "terminated_on": pd.Series(pd.NaT, index=number),
            "termination_reason": pd.Series(None, index=number, dtype="str"),
            "performance_score": rng.normal(3, 0.6, rows).round(1),
            "gender": rng.choice(["female", "male", "diverse"], rows),
            "birth_year": pd.array(rng.integers(1960, 2005, rows), dtype="Int64"),
        }
    )
    bad = rng.choice(rows, sum(PLANTED.values()) + 45, replace=False)
    values: dict[str, Any] = {"role_level": 77, "employment_status": "retired", "hired_on": pd.Timestamp("2026-06-01")}
    values |= {"birth_year": 2020, "department": None}
    start = 0
    for name, count in PLANTED.items():
        frame.loc[bad[start : start + count], name] = values[name]
        start += count
    frame.loc[bad[start : start + 15], "manager_id"] = "p_gone"
    ring = bad[start + 15 : start + 20]
    frame.loc[ring, "manager_id"] = np.roll(ids[ring].to_numpy(), 1)
    twice = frame.loc[bad[start + 20 : start + 30]].assign(location="Elsewhere")
    frame = pd.concat([frame, twice], ignore_index=True)
    for column in EMPLOYEES.columns:
        if column.type in ("date", "timestamp"):
            frame[column.name] = frame.get(column.name, pd.Series(pd.NaT, index=frame.index)).astype("datetime64[us]")
        elif column.type == "text":
            frame[column.name] = frame.get(column.name, pd.Series(None, index=frame.index, dtype="str")).astype("str")
    return frame[list(EMPLOYEES.names)]


def expected(rows: int) -> dict[str, int]:
    """Return rule to number of findings that were planted."""
    return {"range": 85, "vocabulary": 30, "missing": 15, "duplicate_key": 20, "orphan": 15, "cycle": 5}


def scan(connection: duckdb.DuckDBPyConnection, path: str) -> None:
    """Read the same columns in the cheapest way that touches every value."""
    touched = ", ".join(f"count({name})" for name in COLUMNS)
    lengths = ", ".join(f"max({c.name})" for c in EMPLOYEES.columns if c.name in COLUMNS)
    connection.execute(f"SELECT {touched}, {lengths} FROM read_parquet('{path}')").fetchall()


def relation(path: str) -> str:
    """Return the file as what may stand after FROM, with a number per row."""
    return f"(SELECT file_row_number, * FROM read_parquet('{path}', file_row_number = true))"


def rules(connection: duckdb.DuckDBPyConnection, path: str) -> list[Finding]:
    """Judge rows and keys where the file lies."""
    return SqlContract(EMPLOYEES).judge(connection, relation(path), "file_row_number")


def lines(connection: duckdb.DuckDBPyConnection, path: str) -> list[Finding]:
    """Judge reporting lines where the file lies."""
    return Hierarchy().judge(connection, relation(path), "file_row_number")


def ours(connection: duckdb.DuckDBPyConnection, path: str) -> list[Finding]:
    """Judge it all."""
    return rules(connection, path) + lines(connection, path)


def by_pandera(frame: pd.DataFrame) -> list[Finding]:
    """Judge the same rules with pandera, and the hierarchy as ours does."""
    return PanderaContract(EMPLOYEES).findings(frame) + Hierarchy().findings(frame)


def by_great_expectations(frame: pd.DataFrame) -> int:
    """Judge one expectation per rule; return how many rows failed in all."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    batch = context.data_sources.add_pandas("b").add_dataframe_asset("a").add_batch_definition_whole_dataframe("w")
    suite = context.suites.add(gx.ExpectationSuite(name="s", expectations=expectations(gx)))
    validation = gx.ValidationDefinition(name="v", data=batch, suite=suite)
    form = {"result_format": "SUMMARY", "unexpected_index_column_names": ["employee_id"]}
    outcome = context.validation_definitions.add(validation).run(
        batch_parameters={"dataframe": frame}, result_format=form
    )
    return sum(int(result.result.get("unexpected_count", 0)) for result in outcome.results)


def expectations(gx: Any) -> list[Any]:
    """Return Great Expectations' own form of the rules."""
    kinds = gx.expectations
    found: list[Any] = [kinds.ExpectColumnValuesToBeUnique(column="employee_id")]
    for column in EMPLOYEES.columns:
        if not column.nullable:
            found.append(kinds.ExpectColumnValuesToNotBeNull(column=column.name))
        if column.vocabulary:
            found.append(kinds.ExpectColumnValuesToBeInSet(column=column.name, value_set=list(column.vocabulary)))
        if column.minimum is not None or column.maximum is not None:
            bounds = {"min_value": column.minimum, "max_value": column.maximum}
            found.append(kinds.ExpectColumnValuesToBeBetween(column=column.name, **bounds))
    pair = kinds.ExpectColumnPairValuesAToBeGreaterThanB
    found.append(pair(column_A="as_of", column_B="hired_on", or_equal=True))
    found.append(
        pair(column_A="terminated_on", column_B="hired_on", or_equal=True, ignore_row_if="either_value_is_missing")
    )
    return found


def least(rounds: int, work: Callable[[], Any]) -> float:
    """Return the least CPU seconds of several rounds."""
    times = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


def measure(rows: int, rounds: int = 5, peers: bool = True) -> dict[str, float]:
    """Return the CPU seconds of each way over those of the scan."""
    frame = workforce(rows)
    with TemporaryDirectory() as directory, duckdb.connect(config={"threads": 2}) as connection:
        path = str(Path(directory) / "employees.parquet")
        frame.to_parquet(path, index=False)
        found = ours(connection, path)
        counts = pd.Series([finding.rule for finding in found]).value_counts().to_dict()
        assert counts == expected(rows), counts
        base = least(rounds, lambda: scan(connection, path))
        seconds = {
            "rules and keys in SQL, failing rows listed": least(rounds, lambda: rules(connection, path)),
            "hierarchy: orphans and cycles": least(rounds, lambda: lines(connection, path)),
            "the whole checkpoint": least(rounds, lambda: ours(connection, path)),
        }
    if peers:
        assert sorted(map(str, by_pandera(frame))) == sorted(map(str, found))
        seconds["pandera, the same rules"] = least(1, lambda: by_pandera(frame))
        by_great_expectations(frame.head(1000))  # the import is not the work
        seconds["Great Expectations, the same rules"] = least(1, lambda: by_great_expectations(frame))
    ratios = {name: round(each / base, 2) for name, each in seconds.items()}
    return {"rows": rows, "rules": len(sql_rules(EMPLOYEES)) + 5, "scan_s": round(base, 3)} | ratios


def main() -> None:
    """Print the ratios and keep them in benchmarks/results.json."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--without-peers", action="store_true")
    given = parser.parse_args()
    found = measure(given.rows, peers=not given.without_peers)
    for name, value in found.items():
        print(f"{name:45} {value:,.2f}")
    record("hris_checkpoint", found)


if __name__ == "__main__":
    main()
