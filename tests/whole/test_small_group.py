"""A group of three people is audited as part of the others and named nowhere that others read."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest
from fairness_tool import serving
from recommenders import answering, asked_over_http
from whole_pilots import LATER, Site, files, pilot

pytestmark = pytest.mark.slow
GROUP = "Zyzzyvan"


@pytest.fixture(scope="module")
def with_few(effective: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The effective pilot where three people, two of them participants, have an ethnicity of their own."""
    servers = serving()
    root = asked_over_http(effective, tmp_path_factory.mktemp("few") / "pilot", next(servers)(answering(0.0)))
    enrolments = pd.read_csv(root / "feeds" / "enrolments.csv", dtype=str)
    few = list(enrolments.loc[enrolments["arm"] == "pilot", "employee_id"].head(2))
    for path in sorted((root / "feeds" / "employees").glob("*.csv")):
        rows = pd.read_csv(path, dtype=str, keep_default_na=False)
        third = rows.loc[~rows["employee_id"].isin(rows["manager_id"]), "employee_id"].iloc[0]
        rows.loc[rows["employee_id"].isin([*few, third]), "ethnicity"] = GROUP
        rows.to_csv(path, index=False)
    (root / "pilot.lock.json").unlink()
    yield Site(root, pilot("run", "--config", root / "pilot.yaml", "--now", LATER, cwd=root.parent))
    list(servers)


def test_it_was_audited_with_the_others(with_few: Site) -> None:
    assert with_few.told.code == 0, with_few.told.err
    read = pd.read_csv(with_few.root / "feeds" / "employees" / "employees_2025-12-15.csv")["ethnicity"]
    assert read.eq(GROUP).sum() == 3
    for audit in ("synthetic", "live"):
        rates = with_few.table("bias_audit")
        rates = rates[(rates["audit"] == audit) & (rates["attribute"] == "ethnicity")]
        assert not rates.empty
        assert rates["n"].dropna().min() >= 5


@pytest.mark.parametrize("directory", ["published", "var/dagster", "var/data_docs", "var/quarantine"])
def test_it_is_named_in_no_mart_plot_or_message(with_few: Site, directory: str) -> None:
    named = [name for name, text in files(with_few.root / directory) if GROUP.casefold() in text.casefold()]
    assert named == []
    assert GROUP.casefold() not in with_few.told.words.casefold()
