"""Primary and complementary suppression of small groups; whether a release withstands subtraction is `differencing`.

A group below the minimum is emptied (primary). Where its size could be had by subtracting its published siblings from
their parent, siblings are emptied too (complementary), so that what subtraction leaves is always the sum of at least
two units and of at least the minimum number of people. Suppressed rows stay, with `suppressed` true and no measure.
After: Cox (1980), Suppression methodology and statistical disclosure control, JASA 75, for nested totals.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from pilot_pipeline.errors import BadInput

LEVELS = ("manager", "manager_of_manager", "business_unit", "organisation")


@dataclass
class Unit:
    """A unit of the hierarchy: its people, those of them that no listed child covers, and whether it is emptied."""

    size: int
    order: tuple[int, ...]
    children: list[Unit] = field(default_factory=list)
    unlisted: int = 0
    suppressed: bool = False


def suppress_groups(
    frame: pd.DataFrame,
    n_column: str,
    group_columns: Sequence[str],
    measures: Sequence[str],
    minimum: int,
) -> pd.DataFrame:
    """Suppress within one level, where the total of each parent is published or can be added up elsewhere.

    Args:
        frame: One row per group; `n_column` its people (missing counts as 0, and 0 is never suppressed).
        n_column: The group's size; emptied too.
        group_columns: The parent: rows that agree here are siblings; none makes all rows siblings.
        measures: Columns to empty.
        minimum: Smallest group that may be shown.

    Returns:
        The rows in their order, with a boolean column `suppressed`. Of siblings either none is suppressed, or at
        least two with together at least `minimum` people, or all of them.
    """
    _require_columns(frame, [n_column, *group_columns, *measures])
    sizes = _sizes(frame[n_column])
    units = [Unit(size, (position,), suppressed=0 < size < minimum) for position, size in enumerate(sizes)]
    parents: dict[Hashable, Unit] = {}
    keys = frame[list(group_columns)].itertuples(index=False, name=None) if group_columns else ((),) * len(units)
    for key, unit in zip(keys, units, strict=True):
        parents.setdefault(_key(key), Unit(0, ())).children.append(unit)
    for parent in parents.values():
        parent.size = sum(child.size for child in parent.children)
        while _cover(parent, minimum):
            pass
    return _emptied(frame, [unit.suppressed for unit in units], [n_column, *measures])


def suppress_hierarchy(
    frame: pd.DataFrame,
    minimum: int,
    measures: Sequence[str] = (),
    *,
    levels: Sequence[str] = LEVELS,
    tie_break: str | None = None,
) -> pd.DataFrame:
    """Suppress in a nested hierarchy so that nothing can be had by subtraction, at any level or across levels.

    Args:
        frame: `unit`, `level`, `parent` (a unit of a higher level; missing for the top) and `n`, the people in the
            unit; one row per level and unit, or per `week_no`, level and unit. Whatever else it has is kept.
        minimum: Smallest unit that may be shown.
        measures: Columns to empty besides `n`.
        levels: From the lowest to the highest.
        tie_break: A column that says which of equally large units is emptied first; default: the order of rows.

    Returns:
        The rows in their order, with a boolean column `suppressed`. A unit that is suppressed in one week is
        suppressed in all: otherwise its size in the other weeks would tell it. People whom no child lists count as a
        unit of their own, which is never shown.

    Raises:
        BadInput: a unit stands twice, a level or parent is unknown, or units overlap (children outnumber a parent).
    """
    _require_columns(frame, ["unit", "level", "parent", "n", *measures])
    weeks = [rows for _, rows in frame.groupby("week_no")] if "week_no" in frame else [frame]
    forests = [nested_units(rows, levels, tie_break) for rows in weeks]
    hidden = {key for forest in forests for key, unit in forest.items() if 0 < unit.size < minimum}
    settled: set[tuple[str, str]] | None = None
    while settled != hidden:
        settled = set(hidden)
        for forest in forests:
            # Each week starts from what the weeks before hid, so that they choose the same siblings.
            hidden |= _settle(forest, hidden, minimum)
    flags = [(level, unit) in hidden for level, unit in zip(frame["level"], frame["unit"], strict=True)]
    return _emptied(frame, flags, ["n", *measures])


def _settle(forest: dict[tuple[str, str], Unit], hidden: set[tuple[str, str]], minimum: int) -> set[tuple[str, str]]:
    """Suppress the hidden units of one week and what the sibling rule then asks for; return all suppressed units."""
    for key, unit in forest.items():
        unit.suppressed = unit.suppressed or key in hidden
    while any(_cover(unit, minimum) for unit in forest.values() if unit.children):
        pass
    return {key for key, unit in forest.items() if unit.suppressed}


def _cover(parent: Unit, minimum: int) -> bool:
    """Suppress one more unit where subtraction at this parent would tell too much; say whether it was needed.

    What subtraction leaves of a parent is the sum of its suppressed children and its unlisted people. That sum must
    be empty, or of two or more units with at least `minimum` people. A suppressed parent whose children were all
    shown would be their sum, so it needs a suppressed child as well.
    """
    children = [child for child in parent.children if child.size > 0]
    hidden = [child for child in children if child.suppressed]
    left = sum(child.size for child in hidden) + parent.unlisted
    several = len(hidden) + (parent.unlisted > 0) >= 2 and left >= minimum
    if parent.suppressed:
        safe = several or len(hidden) == len(children)
    else:
        safe = several or left == 0 or (not hidden and left >= minimum)
    if safe:
        return False
    shown = [child for child in children if not child.suppressed]
    smallest = min(shown, key=lambda child: (child.size, child.order), default=parent)
    changed = not smallest.suppressed
    smallest.suppressed = True
    return changed


def nested_units(
    rows: pd.DataFrame, levels: Sequence[str] = LEVELS, tie_break: str | None = None
) -> dict[tuple[str, str], Unit]:
    """Build the units of one week by (level, unit), lowest level first, each linked to its parent.

    Raises:
        BadInput: as `suppress_hierarchy`.
    """
    unknown = sorted(set(rows["level"].astype(str)) - set(levels))
    if unknown:
        raise BadInput(f"'{unknown[0]}' is not a level of the hierarchy; known are {', '.join(levels)}.")
    ties = rows[tie_break].tolist() if tie_break else [0] * len(rows)
    forest: dict[tuple[str, str], Unit] = {}
    parents: dict[tuple[str, str], Any] = {}
    records = zip(rows["level"], rows["unit"], rows["parent"], _sizes(rows["n"]), ties, strict=True)
    for position, (level, unit, parent, size, tie) in enumerate(records):
        if (level, unit) in forest:
            raise BadInput(f"A unit of level {level} stands twice in the hierarchy.")
        forest[level, unit] = Unit(size, (int(tie), position))
        parents[level, unit] = parent
    forest = {key: forest[key] for key in sorted(forest, key=lambda key: levels.index(key[0]))}
    for key in forest:
        above = _parent_key(key, parents[key], forest, levels)
        if above is not None:
            forest[above].children.append(forest[key])
    for (level, _), unit in forest.items():
        unit.unlisted = unit.size - sum(child.size for child in unit.children) if unit.children else 0
        if unit.unlisted < 0:
            raise BadInput(f"Units below a {level} overlap: together they have more people than it has.")
    return forest


def _parent_key(
    key: tuple[str, str], parent: Any, forest: dict[tuple[str, str], Unit], levels: Sequence[str]
) -> tuple[str, str] | None:
    """Find the parent at the nearest higher level; a unit without one belongs to the single unit at the top."""
    higher = levels[levels.index(key[0]) + 1 :]
    if pd.isna(parent):
        top = [other for other in forest if other[0] == levels[-1]]
        return top[0] if higher and len(top) == 1 else None
    for level in higher:
        if (level, parent) in forest:
            return level, parent
    raise BadInput(f"The parent of a unit of level {key[0]} is not in the hierarchy.")


def _sizes(column: pd.Series[Any]) -> list[int]:
    sizes = [0 if pd.isna(value) else int(value) for value in column.tolist()]
    if any(size < 0 for size in sizes):
        raise BadInput(f"A group cannot have fewer than 0 people (column {column.name}).")
    return sizes


def _key(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Make a missing parent equal to a missing parent."""
    return tuple(None if pd.isna(value) else value for value in values)


def _emptied(frame: pd.DataFrame, flags: list[bool], columns: Sequence[str]) -> pd.DataFrame:
    out = frame.copy()
    hidden = pd.Series(flags, index=frame.index, dtype=bool)
    for column in dict.fromkeys(columns):
        if pd.api.types.is_bool_dtype(out[column].dtype):
            out[column] = out[column].astype("boolean")
        elif pd.api.types.is_integer_dtype(out[column].dtype):
            out[column] = out[column].astype("Int64")
        out[column] = out[column].mask(hidden)
    out["suppressed"] = hidden
    return out


def _require_columns(frame: pd.DataFrame, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise BadInput(f"Suppression needs the column {missing[0]}, which the rows do not have.")
