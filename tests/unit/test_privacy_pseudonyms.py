"""Pseudonyms are stable, keyed and one-way here; known people are found in any text before it is published."""

from __future__ import annotations

import hashlib
import stat
import time

import pandas as pd
import pytest

from pilot_pipeline.errors import BadInput
from pilot_pipeline.privacy.pseudonyms import (
    IDENTITY_COLUMNS,
    Pseudonyms,
    build_scan,
    read_identities,
    update_identities,
)

KEY = Pseudonyms("sixteen chars at least")


def text(*values: str | None) -> pd.Series:
    return pd.Series(list(values), dtype="str")


def identities(*pairs: tuple[str, str]) -> pd.DataFrame:
    rows = [(f"p_{i}", kind, identifier) for i, (kind, identifier) in enumerate(pairs)]
    return pd.DataFrame(rows, columns=list(IDENTITY_COLUMNS), dtype="str")


def test_padding_does_not_make_two_people_nor_case_two_addresses():
    assert KEY.person(text(" E1 ", "E1", "e1")).nunique() == 2
    assert KEY.email(text("A@b.example", " a@B.example ")).nunique() == 1


def test_composed_and_decomposed_letters_are_the_same_address():
    assert KEY.email(text("zo\u00eb@b.example", "zoe\u0308@b.example")).nunique() == 1


def test_null_stays_null_and_the_index_stays():
    series = pd.Series(["E1", None], index=[7, 3], dtype="str", name="manager_id")
    result = KEY.person(series)
    assert result.index.tolist() == [7, 3]
    assert result.name == "manager_id"
    assert result.isna().tolist() == [False, True]
    assert str(KEY.person(text()).dtype) == "str"


def test_another_key_gives_other_pseudonyms_and_none_is_the_plain_hash():
    other = Pseudonyms("another sixteen chars")
    assert KEY.person(text("E1"))[0] != other.person(text("E1"))[0]
    assert hashlib.sha256(b"E1").hexdigest()[:16] not in KEY.person(text("E1"))[0]
    assert len(KEY.person(text("E1"))[0]) == 18


def test_a_person_and_an_address_of_the_same_text_do_not_link():
    assert KEY.person(text("x@y.example"))[0][2:] != KEY.email(text("x@y.example"))[0][2:]


def test_a_short_key_is_refused_and_a_key_is_never_shown():
    with pytest.raises(BadInput, match="shorter than 16"):
        Pseudonyms("short")
    assert "sixteen" not in repr(KEY)


def test_the_identity_table_grows_sorted_private_and_without_repeats(tmp_path):
    path = tmp_path / "var" / "identities.parquet"
    update_identities(path, identities(("person", "E2"), ("person", "E1")))
    update_identities(path, identities(("person", "E2"), ("email", "a@b.example")))
    assert sorted(read_identities(path)["identifier"]) == ["E1", "E2", "a@b.example"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one.name for one in path.parent.iterdir()] == ["identities.parquet"]


def test_a_damaged_identity_table_is_named_in_a_sentence(tmp_path):
    path = tmp_path / "identities.parquet"
    path.write_bytes(b"PAR1 torn")
    with pytest.raises(BadInput, match=r"identities\.parquet is damaged"):
        read_identities(path)


KNOWN = build_scan(
    identities(
        ("email", "Jane.Doe@acme.example"),
        ("email", "zoë.müller2@acme.example"),
        ("email", "hr.admin@acme.example"),
        ("email", "boss@acme.example"),
        ("person", "E1001"),
        ("person", "EMP-0042"),
        ("person", "123456"),
        ("person", "12345"),
        ("person", "E1"),
    )
)


@pytest.mark.parametrize(
    "leak",
    [
        "mail to JANE.DOE@ACME.EXAMPLE now",
        "<boss@acme.example>",
        "Jane Doe said",
        "jane.doe",
        "Doe, Jane",
        "janes boss is jane_doe.",
        "Zoë Müller",
        "ZOE\u0308 MU\u0308LLER",
        "row of E1001, rejected",
        "/feeds/e1001.json",
        "employee_E1001_score",
        "(EMP-0042)",
        "id=123456;",
    ],
)
def test_known_people_are_found(leak):
    assert KNOWN.hits(leak) == 1


@pytest.mark.parametrize(
    "harmless",
    [
        "",
        "a plain sentence about managers",
        "hr_admin signed in from every division; hr admin did too",
        "jane met doe",
        "E10011 and XE1001",
        "12345 rows, E1",
        "1234567",
        "EMP 0042",
        "e_0123456789abcdef p_0123456789abcdef",
    ],
)
def test_ordinary_words_and_figures_are_not(harmless):
    assert KNOWN.hits(harmless) == 0


def test_each_place_counts_once_and_the_longest_wins():
    assert KNOWN.hits("jane.doe@acme.example, Jane Doe and E1001") == 3


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Jane Doe said so", "[person removed] said so"),
        ("ask E1001, or Doe, Jane.", "ask [person removed], or [person removed]."),
        ("Stra\u00dfe, then JANE.DOE", "Stra\u00dfe, then [person removed]"),
        ("nobody known", "nobody known"),
        ("", ""),
    ],
)
def test_known_people_are_taken_out_of_a_text_and_the_rest_stays(text, clean):
    assert KNOWN.without(text) == clean
    assert KNOWN.hits(KNOWN.without(text)) == 0


def test_a_megabyte_is_scanned_for_twenty_thousand_people_in_about_a_second():
    people = [("email", f"first{chr(97 + i % 26)}.last{i}@acme.example") for i in range(10_000)]
    people += [("person", f"EMP-{i:05d}") for i in range(10_000)]
    scan = build_scan(identities(*people))
    haystack = "weekly adoption by manager and week, 0.73 of 30 people; " * 18_000 + "EMP-00077"
    started = time.process_time()
    assert scan.hits(haystack) == 1
    assert time.process_time() - started < 3


def test_an_empty_identity_table_finds_nobody():
    assert build_scan(identities()).hits("Jane Doe") == 0
