"""The export in the shape of Local Law 144: the latest rates and ratios, unknown people counted, none shown."""

from __future__ import annotations

import pandas as pd
from fairness_planted import PATHWAYS, make_config, make_people, recommend

from pilot_pipeline.fairness.audit import audit_weekly
from pilot_pipeline.fairness.export import LL144, ll144_table

CONFIG = make_config(intersections=[("gender", "ethnicity")])


def _table(people: pd.DataFrame) -> pd.DataFrame:
    issued = recommend(people, severe=False, weeks=2)
    return pd.concat([audit.table for audit in audit_weekly(issued, people, CONFIG, PATHWAYS)], ignore_index=True)


def test_the_latest_audit_with_sex_race_and_their_intersection() -> None:
    published = _table(make_people(60))
    table = ll144_table(published)
    assert list(table.columns) == LL144
    assert set(table["category_of"]) == {"sex", "race/ethnicity", "age", "sex × race/ethnicity"}
    assert table["as_of"].nunique() == 1
    assert table["as_of"].max() == published["as_of"].max()
    women = table.query("category == 'female' and category_of == 'sex'").set_index("pathway_id")
    same = published[published["as_of"] == published["as_of"].max()].query("group_value == 'female'")
    same = same.set_index("pathway_id")
    pd.testing.assert_series_equal(women["selection_rate"], same["rate"], check_names=False)
    assert (women["below_four_fifths"] == same["impact_ratio"].lt(0.8)).all()
    assert table["unknown_n"].eq(0).all()


def test_unknown_people_are_counted_beside_and_are_no_category() -> None:
    people = make_people(60)
    people.loc[:6, "gender"] = None
    table = ll144_table(_table(people))
    assert "unknown" not in set(table["category"])
    assert table.loc[table["category_of"] == "sex", "unknown_n"].eq(7).all()
    assert table.loc[table["category_of"] == "age", "unknown_n"].eq(0).all()


def test_small_groups_keep_nothing_and_few_unknown_people_are_not_called_none() -> None:
    people = make_people(60)
    people.loc[:1, "gender"] = None
    people.loc[[7, 8], "ethnicity"] = "Sorbian"
    table = ll144_table(_table(people))
    assert "Sorbian" not in table.to_csv()
    assert table.loc[table["category_of"] == "sex", "unknown_n"].isna().all()
    hidden = table[table["withheld"]]
    assert len(hidden)
    assert hidden[["n", "selection_rate", "impact_ratio", "below_four_fifths"]].isna().all(axis=None)
    assert ll144_table(pd.DataFrame()).empty
