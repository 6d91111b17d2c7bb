"""A rehearsal keeps what an export holds, simulates the rest, and says what pairs the organisation allows."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from rehearsal_export import MAPPING, export, write_export

from checks.contracts import contract_for
from pilot_pipeline.cohort.cohort import form_cohort
from pilot_pipeline.cohort.detectable import achieved, mde_table
from pilot_pipeline.cohort.pairing import pair_volunteers
from pilot_pipeline.config import FeedSource, load_pilot
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.hierarchy import Hierarchy
from pilot_pipeline.feeds.intake import take_in
from pilot_pipeline.privacy.pseudonyms import Pseudonyms
from pilot_pipeline.simulation.company import Company
from pilot_pipeline.simulation.rehearsal import Rehearsal, enrol, prepare_rehearsal, write_rehearsal
from pilot_pipeline.simulation.world import LOCKED_ON, SNAPSHOTS

IBM = Path(__file__).resolve().parents[3] / "shared" / "data" / "hris_ibm_attrition.csv"
IBM_MAPPING = Path(__file__).resolve().parents[2] / "docs" / "examples" / "hris_ibm_attrition.yaml"


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Rehearsal:
    return prepare_rehearsal(*write_export(tmp_path_factory.mktemp("export")), "effective", 1)


@pytest.fixture(scope="module")
def company(rehearsal: Rehearsal) -> Company:
    return enrol(rehearsal)[0]


def test_what_the_export_holds_is_kept_cell_by_cell(rehearsal: Rehearsal) -> None:
    rows = export().sort_values("Number")
    people = rehearsal.population.people.sort_values("employee_id")
    for column, name in {"Number": "employee_id", "Department": "department", "JobRole": "role"}.items():
        assert people[name].tolist() == rows[column].tolist()
    assert people["role_level"].tolist() == rows["JobLevel"].tolist()
    assert people["performance_score"].tolist() == rows["Rating"].tolist()
    assert people["gender"].tolist() == rows["Gender"].str.lower().tolist()
    assert (people["employment_status"] == "terminated").sum() == rows["Left"].sum()


def test_what_it_lacks_is_simulated_and_named_as_such(rehearsal: Rehearsal) -> None:
    section = rehearsal.config.rehearsal
    assert section is not None
    assert section.people == 320
    assert set(section.kept) == {
        "employee_id",
        "department",
        "role",
        "role_level",
        "employment_status",
        "performance_score",
        "gender",
    }
    assert {*section.kept, *section.simulated, "as_of"} == set(CANON["employees"].names)
    people = rehearsal.population.people
    assert people[["email", "business_unit", "hired_on", "birth_year", "ethnicity", "skills"]].notna().all(axis=None)
    assert people["email"].str.endswith("@rehearsal.invalid").all()


def test_simulated_managers_make_one_tree_within_departments(rehearsal: Rehearsal) -> None:
    people = rehearsal.population.people.set_index("employee_id")
    assert people["manager_id"].isna().sum() == 1
    above = people["manager_id"].dropna()
    bosses = people.loc[above]
    assert (bosses["employment_status"] != "terminated").all()
    within = bosses["department"].to_numpy() == people.loc[above.index, "department"].to_numpy()
    assert (~within).sum() == people["department"].nunique() - 1
    teams = people[people["in_team"]].groupby("manager_id").size()
    assert teams.between(5, 12).all()
    frame = rehearsal.population.people.assign(as_of=pd.Timestamp(SNAPSHOTS[0]))
    assert Hierarchy().findings(frame) == []


def test_managers_of_the_export_are_kept(tmp_path: Path, rehearsal: Rehearsal) -> None:
    first = rehearsal.population.people.set_index("employee_id")["manager_id"]
    rows = export().assign(Boss=lambda frame: frame["Number"].map(first))
    mapping = MAPPING.replace("columns: {", "columns: {manager_id: Boss, ")
    again = prepare_rehearsal(*write_export(tmp_path, rows, mapping), "effective", 2)
    assert again.population.people.set_index("employee_id")["manager_id"].equals(first)
    assert again.config.rehearsal is not None
    assert "manager_id" in again.config.rehearsal.kept


def test_dates_of_the_export_move_together_so_that_tenure_stays(tmp_path: Path) -> None:
    rows = export().assign(Hired="2019-10-01", Day="2024-10-01")
    mapping = MAPPING.replace("columns: {", "columns: {hired_on: Hired, as_of: Day, ")
    moved = prepare_rehearsal(*write_export(tmp_path, rows, mapping), "effective", 1)
    assert moved.workforce["tenure_years"].round(1).eq(5.0).all()
    assert any("All dates were moved by +440 days" in note for note in moved.export.notes)


def test_feasible_pairs_are_counted_per_rung_as_the_matching_itself_finds_them(rehearsal: Rehearsal) -> None:
    from pilot_pipeline.cohort.ladder import apply_ladder, build_ladder
    from pilot_pipeline.cohort.metric import build_metric

    found = rehearsal.feasibility()
    workforce, cohort = rehearsal.workforce, rehearsal.config.cohort
    applied = apply_ladder(build_ladder(cohort, workforce), build_metric(workforce, cohort.balance), workforce)
    eligible = rehearsal.eligible.to_numpy().nonzero()[0]
    assert found.rungs["pairs"].iloc[0] == len(pair_volunteers(eligible, applied, 1))
    assert found.rungs["pairs"].is_monotonic_increasing
    assert (2 * found.rungs["pairs"] <= found.rungs["people"]).all()
    assert found.people == len(eligible)
    assert found.alone == found.people - found.rungs["people"].iloc[-1]


def test_the_blocking_constraint_is_named_with_its_count(tmp_path: Path) -> None:
    rows = export()
    lone = rows.index[(rows["JobLevel"] == 1) & (rows["Left"] == 0)][:3]
    rows.loc[lone, "JobRole"] = [f"Specialist {number}" for number in range(3)]
    found = prepare_rehearsal(*write_export(tmp_path, rows), "effective", 1).feasibility()
    blocked = found.blocked.set_index("constraint")["people"]
    assert found.alone >= 3
    assert blocked["role"] >= 3
    assert blocked["role"] > blocked["place"]


def test_the_pipeline_finds_the_simulated_cohort_again(rehearsal: Rehearsal, company: Company) -> None:
    feeds = company.feeds
    cohort = form_cohort(
        rehearsal.workforce, feeds["enrolments"], feeds["consents"], rehearsal.config, fixed_on=LOCKED_ON
    )
    pairs = company.world.population.pairs
    assert cohort.n_pairs == len(pairs) >= 20
    assert set(cohort.members.loc[cohort.members["arm"] == "control", "employee_id"]) == set(pairs["colleague_id"])
    table = mde_table(achieved(cohort.members), rehearsal.config)
    assert set(table["kpi"]) >= {"behaviour_change", "prep_time_reduction", "adoption", "module_completion", "pulse"}


def test_nobody_is_invented_and_every_outcome_is_of_somebody_in_the_export(company: Company) -> None:
    known = set(export()["Number"])
    for feed, frame in company.feeds.items():
        for column in CANON[feed].columns:
            if column.personal == "person_id":
                assert set(frame[column.name].dropna()) <= known, (feed, column.name)
    for feed in ("issue_log", "initiatives"):
        assert company.feeds[feed].iloc[:, 1 if feed == "issue_log" else 0].notna().all()
    assert company.feeds["issue_log"]["title"].str.startswith("Simulated: ").all()


def test_the_files_pass_the_pipelines_own_door_and_the_key_needs_the_file(
    tmp_path: Path, rehearsal: Rehearsal, company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pilot_pipeline.simulation.company.synthetic_answers",
        lambda _: pd.DataFrame({"synthetic_id": ["s"], "pathway_id": ["p"], "rank": [1], "model_version": ["m"]}),
    )
    config = load_pilot(write_rehearsal(tmp_path / "pilot", rehearsal, company), {}).config
    assert config.rehearsal == rehearsal.config.rehearsal
    assert (tmp_path / "pilot" / "feeds").stat().st_mode & 0o777 == 0o700
    pseudonyms = Pseudonyms(config.privacy.pseudonym_key)
    for feed in ("employees", "consents", "enrolments", "sso_signins", "manager_observations", "manager_time"):
        source = config.feeds.get(feed)
        assert isinstance(source, FeedSource)
        intake = take_in(CANON[feed], source, tmp_path / "pilot", [contract_for(feed)], pseudonyms, config.pilot.zone)
        assert intake.read.rows_quarantined == 0, (feed, intake.read.reasons)
        assert intake.read.rows_accepted > 0
    others = prepare_rehearsal(*write_export(tmp_path, export(seed=6)), "effective", 1)
    assert others.key != rehearsal.key


def _without_roles(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(columns="JobRole")


def _one_department(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(Department="Research")


def _fifteen(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.head(15)


def _twice(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows.iloc[[3]].assign(JobLevel=2, JobRole="Another")])


def _levels_in_words(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(JobLevel="senior")


def _nothing(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.head(0)


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_without_roles, "has no column 'JobRole', to which feeds.employees.columns maps role"),
        (_one_department, "everybody who could take part is in one department; a pilot needs at least 2"),
        (_fifteen, "a pilot needs 20 participants and as many controls, so at least 40"),
        (_twice, r"1 employee id occurs more than once \(first again in row 322\)"),
        (_levels_in_words, r"320 of 320 rows have no usable value in role_level"),
        (_nothing, "holds no rows"),
    ],
)
def test_an_unfit_export_is_refused_in_one_sentence(
    tmp_path: Path, spoil: Callable[[pd.DataFrame], pd.DataFrame], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence) as refusal:
        prepare_rehearsal(*write_export(tmp_path, spoil(export())), "effective", 1)
    assert "\n" not in str(refusal.value)
    assert "EMP-" not in str(refusal.value)


@pytest.mark.parametrize(
    ("mapping", "sentence"),
    [
        (MAPPING.replace("gender: Gender", "gender: Sex"), "has no column 'Sex', to which .* maps gender"),
        (MAPPING.replace("gender: Gender", "gendre: Gender"), "gendre is not a column of employees"),
        (MAPPING.replace("role: JobRole, ", ""), "has no column for role, which employees cannot do without"),
        (MAPPING.replace("columns:", "colums:"), "feeds.employees.colums cannot be used.*Did you mean 'columns'"),
        ("employees: {}", "needs feeds.employees, written as in pilot.yaml"),
        (MAPPING.replace("employees:", "employees:\n    source: a.csv", 1), "leave out feeds.employees.source"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_in_one_sentence(tmp_path: Path, mapping: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence) as refusal:
        prepare_rehearsal(*write_export(tmp_path, mapping=mapping), "effective", 1)
    assert "\n" not in str(refusal.value)


def test_files_that_are_not_there_and_a_broken_hris_are_refused(tmp_path: Path) -> None:
    population, mapping = write_export(tmp_path)
    with pytest.raises(BadInput, match=r"--population .* is not a file"):
        prepare_rehearsal(tmp_path / "none.csv", mapping, "effective", 1)
    with pytest.raises(BadInput, match=r"--mapping .* is not a file"):
        prepare_rehearsal(population, tmp_path / "none.yaml", "effective", 1)
    with pytest.raises(BadInput, match="takes yours as it is"):
        prepare_rehearsal(population, mapping, "broken-hris", 1)


@pytest.mark.skipif(not IBM.is_file(), reason="the shared example exports are not beside this checkout")
def test_the_public_ibm_table_gives_pairs_at_every_rung() -> None:
    rehearsal = prepare_rehearsal(IBM, IBM_MAPPING, "effective", 1)
    found = rehearsal.feasibility()
    assert rehearsal.config.rehearsal is not None
    assert rehearsal.config.rehearsal.people == 1470
    assert found.rungs["rung"].tolist() == ["exact", "manager_of_manager", "business_unit", "caliper_0.5"]
    assert (found.rungs["pairs"] >= 50).all()
    _, cohort = enrol(rehearsal)
    assert cohort.n_pairs == 30
