"""The bias audit of a rollout: millions of recommendations by one aggregate in DuckDB; a pilot's is `audit`.

With very many people there is power for any difference, so that each attribute's test comes with the size of its
largest difference: p alone is no measure of harm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from pilot_pipeline.errors import BadInput
from pilot_pipeline.fairness.closed_form import (
    against_the_rest,
    benjamini_hochberg,
    breslow_day,
    cochran_mantel_haenszel,
    holm,
    omnibus,
)
from pilot_pipeline.fairness.groups import OTHER, TIMES, UNKNOWN, shown_groups
from pilot_pipeline.fairness.permutation import Floats, Ints
from pilot_pipeline.fairness.rates import FOUR_FIFTHS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Unit = Literal["person", "recommendation"]

_MOST = 4096
"""Most values of a column; more are no groups, and a pathway's place must fit beside a count in one number."""

RATES = [
    *("attribute", "group_value", "pathway_id", "n", "selected", "rate", "impact_ratio", "four_fifths", "p_value"),
    *("exact", "cmh_p", "cmh_q", "homogeneity_p", "suppressed"),
]
TESTS = ["attribute", "statistic", "freedom", "p_value", "q_value", "largest_gap", "group_value", "pathway_id"]


@dataclass(frozen=True)
class LargeAudit:
    """Everything that is asked about very many recommendations, with the person as the unit.

    Attributes:
        tests: `TESTS`, one row per attribute and pair: generalised Cochran–Mantel–Haenszel within roles, q by Holm over
            the rows, and the largest difference of a group's rate to everybody's, in shares, with its place.
        rates: `RATES`, one row per attribute or pair, group and pathway; p against the rest (`exact`: Fisher's), CMH
            within roles, its q by Benjamini and Hochberg over all rows, and Breslow and Day's p of the roles being
            alike: opposite differences in two roles cancel in CMH and are seen there.
        people: how many people have a first choice.
    """

    tests: pd.DataFrame
    rates: pd.DataFrame
    people: int


def audit_large(
    connection: DuckDBPyConnection,
    recommendations: str,
    attributes: Sequence[str],
    *,
    minimum: int,
    stratum: str = "role",
    unit: Unit = "person",
) -> LargeAudit:
    """Audit recommendations of any number, over the attributes and every pair of them.

    A person counts for the pathway that they were sent to most often (the first by name among equals). Missing values
    are "unknown" and not tested; groups of fewer than `minimum` people are pooled, and hidden as everywhere.

    Args:
        connection: where `recommendations` can be read.
        recommendations: a relation of DuckDB (a table, or `read_parquet(…)`) with employee_id, pathway_id, rank (NULL
            is 1), the stratum and the attributes; the latter are the same on all of a person's rows.
        attributes: names of columns.
        minimum: `privacy.min_group_size`.
        stratum: the column within which people are compared.
        unit: a person, or each recommendation. The latter is right only where everybody has one first choice, and is
            quicker then; otherwise it takes twelve recommendations to one person for twelve people.

    Raises:
        BadInput: nobody has a first choice.
    """
    cells = fine_cells(connection, recommendations, [stratum, *attributes], unit)
    if not cells.num_rows:
        raise BadInput("There is no first choice among these recommendations, so there is nothing to audit.")
    n = cells.column(cells.num_columns - 1).to_numpy().astype(np.float64)
    columns = [stratum, *attributes, "pathway_id"]
    coded = {name: _coded(cells.column(place)) for place, name in enumerate(columns)}
    for name, (_, names) in coded.items():
        if len(names) > _MOST:
            raise BadInput(f"{name} has {len(names):,} different values; these are no groups to compare.")
    groups = {name: _pooled(*coded[name], n, minimum) for name in attributes}
    for at, one in enumerate(attributes):
        for other in attributes[at + 1 :]:
            groups[one + TIMES + other] = _pooled(*_crossed(groups[one], groups[other]), n, minimum)
    parts = []
    for name, (codes, names) in groups.items():
        shape = (len(coded[stratum][1]), len(names), len(coded["pathway_id"][1]))
        flat = np.ravel_multi_index((coded[stratum][0], codes, coded["pathway_id"][0]), shape)
        counts = np.bincount(flat, weights=n, minlength=int(np.prod(shape))).reshape(shape)
        parts.append(_rollup(name, counts.astype(np.float64), names, coded["pathway_id"][1], minimum))
    rates = pd.concat([rates for _, rates in parts], ignore_index=True)
    rates["cmh_q"] = benjamini_hochberg(rates["cmh_p"].to_numpy())
    tests = pd.DataFrame([test for test, _ in parts], columns=TESTS)
    tests["q_value"] = holm(tests["p_value"].to_numpy())
    return LargeAudit(tests, _suppressed(rates), int(n.sum()))


def fine_cells(
    connection: DuckDBPyConnection, recommendations: str, columns: Sequence[str], unit: Unit = "person"
) -> Any:
    """Return people by columns and pathway: the one pass over the recommendations, from which all else is summed.

    It is an Arrow table, whose text is encoded as numbers in a fifth of the time that a frame's takes.
    """
    names = ", ".join(_text(name) for name in columns)
    chosen = f"FROM {recommendations} WHERE coalesce(rank, 1) = 1 AND pathway_id IS NOT NULL"
    if unit == "recommendation":
        query = f"SELECT {names}, pathway_id, count(*) AS people {chosen} GROUP BY ALL"
    else:
        firsts = ", ".join(f"any_value({_text(name)}) AS {_quoted(name)}" for name in columns)
        query = f"""
            WITH choices AS (SELECT employee_id, pathway_id, count(*) AS times {chosen} GROUP BY ALL),
            places AS (
                SELECT pathway_id, row_number() OVER (ORDER BY pathway_id) AS place
                FROM (SELECT DISTINCT pathway_id FROM choices)
            ),
            modal AS (  -- most often, and the first by name among equals, as one number
                SELECT employee_id, max(times * {_MOST} + {_MOST} - place) AS best
                FROM choices INNER JOIN places USING (pathway_id) GROUP BY employee_id
            ),
            persons AS (SELECT employee_id, {firsts} {chosen} GROUP BY employee_id)
            SELECT {", ".join(map(_quoted, columns))}, places.pathway_id, count(*) AS people
            FROM modal INNER JOIN persons USING (employee_id)
            INNER JOIN places ON places.place = {_MOST} - modal.best % {_MOST}
            GROUP BY ALL
        """
    return connection.sql(query).to_arrow_table()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(name: str) -> str:
    return f"{_quoted(name)}::VARCHAR"


def _coded(values: Any) -> tuple[Ints, list[str]]:
    """Return an Arrow column's codes and names in order; missing and blank text is unknown, padding is nothing."""
    encoded = values.combine_chunks().dictionary_encode(null_encoding="encode")
    text = [(value or "").strip() or UNKNOWN for value in encoded.dictionary.to_pylist()]
    names, code = np.unique(np.array(text, dtype=np.str_), return_inverse=True)
    return code.astype(np.intp)[encoded.indices.to_numpy()], names.tolist()


def _crossed(one: tuple[Ints, list[str]], other: tuple[Ints, list[str]]) -> tuple[Ints, list[str]]:
    """Return the labels of a pair; unknown in either is unknown."""
    names = [UNKNOWN if UNKNOWN in (a, b) else a + TIMES + b for a in one[1] for b in other[1]]
    return one[0] * len(other[1]) + other[0], names


def _pooled(codes: Ints, names: list[str], n: Floats, minimum: int) -> tuple[Ints, list[str]]:
    """Pool groups of fewer than `minimum` people, join those of one name, and leave out those of nobody."""
    size = np.bincount(codes, weights=n, minlength=len(names))
    pooled = [OTHER if few and name != UNKNOWN else name for name, few in zip(names, size < minimum, strict=True)]
    kept = sorted({name for name, people in zip(pooled, size, strict=True) if people})
    place = {name: number for number, name in enumerate(kept)}
    return np.array([place.get(name, -1) for name in pooled], dtype=np.intp)[codes], kept


def _rollup(
    name: str, counts: Floats, groups: list[str], pathways: list[str], minimum: int
) -> tuple[dict[str, object], pd.DataFrame]:
    """Return one attribute's test and rates from counts (S, G, P)."""
    size = counts.sum(axis=(0, 2))
    tested = np.array([group != UNKNOWN for group in groups]) & (size >= minimum)
    shown = shown_groups(pd.Series(size, index=groups), minimum)
    visible = np.array([group in shown for group in groups])
    table = counts.sum(axis=0)
    rate = np.divide(table, size[:, None], out=np.zeros_like(table), where=size[:, None] > 0)
    top = np.max(rate, axis=0, initial=0.0, where=visible[:, None])
    ratio = np.divide(rate, top, out=np.full(rate.shape, np.nan), where=top > 0)
    known = counts[:, tested]
    p, cmh, homogeneity = (np.full(rate.shape, np.nan) for _ in range(3))
    exact = np.zeros(rate.shape, dtype=bool)
    against = against_the_rest(counts)
    p[tested], exact[tested] = against[0][tested], against[1][tested]
    cmh[tested] = cochran_mantel_haenszel(counts)[tested]
    homogeneity[tested] = breslow_day(counts)[tested]
    overall = known.sum(axis=(0, 1)) / max(known.sum(), 1)
    gap = np.where((visible & tested)[:, None], np.abs(rate - overall).round(12), -1.0)  # of equals, the first
    at = np.unravel_index(int(gap.argmax()), gap.shape)
    found = omnibus(known)
    test = {"attribute": name, "statistic": found.statistic, "freedom": found.freedom, "p_value": found.p}
    if gap[at] >= 0:
        test |= {"largest_gap": gap[at], "group_value": groups[at[0]], "pathway_id": pathways[at[1]]}
    columns = {
        "attribute": name,
        "group_value": np.repeat(np.array(groups, dtype=object), len(pathways)),
        "pathway_id": np.tile(np.array(pathways, dtype=object), len(groups)),
        "n": np.repeat(size, len(pathways)).astype(np.int64),
        "selected": table.ravel().astype(np.int64),
        "rate": rate.ravel(),
        "impact_ratio": ratio.ravel(),
        "four_fifths": ratio.ravel() < FOUR_FIFTHS,
        "p_value": p.ravel(),
        "exact": exact.ravel(),
        "cmh_p": cmh.ravel(),
        "homogeneity_p": homogeneity.ravel(),
        "suppressed": np.repeat(~visible, len(pathways)),
    }
    return test, pd.DataFrame(columns)


def _suppressed(rates: pd.DataFrame) -> pd.DataFrame:
    """Return the rates with nothing but the keys where a group is hidden."""
    shares = ["rate", "impact_ratio", "p_value", "cmh_p", "cmh_q", "homogeneity_p"]
    types = {"n": "Int64", "selected": "Int64", "four_fifths": "boolean", "exact": "boolean"}
    measures = [*types, *shares]
    rates = rates.astype(types | dict.fromkeys(shares, "Float64"))
    rates[measures] = rates[measures].mask(rates["suppressed"])
    return rates[RATES]
