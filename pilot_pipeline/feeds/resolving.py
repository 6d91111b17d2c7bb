"""Finds the person that a name or an e-mail address means; ids that are ids already stay what they are."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import pandas as pd

AMBIGUOUS = "ambiguous_person"
"""The rule that a name of several people breaks."""


@dataclass(frozen=True)
class Resolved:
    """Ids in place of what meant a person: what nobody is known by stays; `several` marks what means more than one."""

    ids: pd.Series
    found: pd.Series
    several: pd.Series


def name_key(text: str) -> str:
    """Return a name as it is compared: `Lee, Ann`, `Ann Lee` and `LEE  ANN` are the same."""
    words = unicodedata.normalize("NFC", text).replace(",", " ").casefold().split()
    return " ".join(sorted(words))


def resolve_people(cells: pd.Series, known_as: pd.Series, ids: pd.Series, snapshot: pd.Series) -> Resolved:
    """Resolve each cell among the people of its own snapshot.

    Args:
        cells: what a row says about somebody: an id, or what that person is known as.
        known_as: what each row's own person is known as (a name or an address); null where nothing is.
        ids: each row's own id.
        snapshot: which rows belong together, as text.
    """
    cells, ids = cells.str.strip(), ids.str.strip()
    people = pd.DataFrame({"snapshot": snapshot, "key": known_as.map(name_key, na_action="ignore"), "id": ids})
    people = people[people["key"].fillna("").ne("")].drop_duplicates().dropna(subset="id")
    counts = people.groupby(["snapshot", "key"], dropna=False)["id"].agg(["first", "nunique"])
    is_id = pd.MultiIndex.from_arrays([snapshot, cells]).isin(pd.MultiIndex.from_arrays([snapshot, ids]))
    asked = cells.fillna("").ne("") & ~is_id
    keys = pd.MultiIndex.from_arrays([snapshot, cells.map(name_key, na_action="ignore")])
    matches = counts.reindex(keys).set_axis(cells.index)
    found = asked & matches["nunique"].eq(1)
    several = asked & matches["nunique"].gt(1)
    return Resolved(cells.where(~found, matches["first"]).mask(several).astype("str"), found, several)


def resolve_addresses(addresses: pd.Series, directory: pd.DataFrame | None) -> Resolved:
    """Resolve pseudonyms of addresses to pseudonyms of people; what nobody is known by becomes null.

    Args:
        addresses: pseudonyms of e-mail addresses, null where there is none.
        directory: feeds.employees (as_of, email, employee_id); None where it was not read. The latest snapshot that
            has an address says whose it is.
    """
    if directory is None or directory.empty:
        nobody = pd.Series(False, index=addresses.index)
        return Resolved(pd.Series(None, index=addresses.index, dtype="str"), nobody, nobody)
    people = directory[["as_of", "email", "employee_id"]].dropna(subset=["email", "employee_id"])
    latest = people[people["as_of"] == people.groupby("email")["as_of"].transform("max")]
    counts = latest.groupby("email")["employee_id"].agg(["first", "nunique"])
    matches = counts.reindex(addresses).set_axis(addresses.index)
    found, several = matches["nunique"].eq(1), matches["nunique"].gt(1)
    return Resolved(matches["first"].where(found).astype("str"), found, several)
