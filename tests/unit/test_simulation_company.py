"""The synthetic company holds what its scenario promises, in files that a reader accepts."""

import hashlib
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from checks.contracts import contract_for
from pilot_pipeline.cohort.cohort import form_cohort
from pilot_pipeline.cohort.workforce import build_workforce
from pilot_pipeline.config import load_pilot
from pilot_pipeline.errors import BadInput
from pilot_pipeline.fairness import twins as twins_module
from pilot_pipeline.fairness.answer_checks import check_answers
from pilot_pipeline.fairness.twins import make_population, make_twins
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.intake import Intake, take_in
from pilot_pipeline.privacy.pseudonyms import Pseudonyms
from pilot_pipeline.simulation.company import (
    LOCK_DATE,
    Company,
    build_company,
    pseudonym_key,
    synthetic_answers,
    write_company,
)
from pilot_pipeline.simulation.scenarios import SCENARIOS
from pilot_pipeline.simulation.world import SNAPSHOTS

SEED = 7
build = cache(build_company)


@pytest.fixture(scope="module")
def effective() -> Company:
    return build("effective", SEED)


@contextmanager
def _few_twins() -> Iterator[None]:
    """Send few synthetic employees: what is tested here does not depend on how many."""

    def few(workforce: pd.DataFrame, config: object) -> pd.DataFrame:
        columns = ["role", "role_level", "department", "location", "performance_score", "skills", "gender"]
        frame = workforce.loc[:19, columns]
        return frame.assign(synthetic_id=[f"s{number}" for number in frame.index], tenure_years=1.0)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(twins_module, "make_twins", few)
        patch.setattr(twins_module, "make_population", lambda workforce, config: few(workforce, config).head(0))
        yield


@pytest.fixture
def few_twins() -> Iterator[None]:
    with _few_twins():
        yield


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An effective company's directory; only to be read."""
    directory = tmp_path_factory.mktemp("company")
    with _few_twins():
        write_company(directory, "effective", SEED)
    return directory


def _on_first_snapshot(employees: pd.DataFrame) -> pd.DataFrame:
    return employees[employees["as_of"] == pd.Timestamp(SNAPSHOTS[0])]


def _digest(directory: Path) -> dict[str, str]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.usefixtures("few_twins")
def test_the_same_seed_writes_the_same_bytes_even_over_another_demonstration(tmp_path: Path, written: Path) -> None:
    write_company(tmp_path, "broken-hris", SEED + 1)
    other = _digest(tmp_path)
    write_company(tmp_path, "effective", SEED)
    assert _digest(tmp_path) == _digest(written)
    assert all(other[name] != _digest(written)[name] for name in (".env", "feeds/enrolments.csv", "pilot.yaml"))


@pytest.mark.usefixtures("few_twins")
def test_somebody_elses_pilot_is_never_written_over(tmp_path: Path) -> None:
    own = tmp_path / "pilot.yaml"
    own.write_text("pilot: {starts_on: 2026-01-05}\n", encoding="utf-8")
    with pytest.raises(BadInput, match="no demonstration"):
        write_company(tmp_path, "effective", SEED)
    assert own.read_text(encoding="utf-8").startswith("pilot:")
    (tmp_path / "data" / "feeds").mkdir(parents=True)
    with pytest.raises(BadInput, match="already holds feeds"):
        write_company(tmp_path / "data", "effective", SEED)


def test_the_configuration_loads_from_its_own_env_file_that_only_the_owner_can_read(
    written: Path, effective: Company
) -> None:
    path = written / "pilot.yaml"
    config = load_pilot(path, {}).config
    assert config.privacy.pseudonym_key == pseudonym_key(SEED)
    assert stat.S_IMODE((written / ".env").stat().st_mode) == 0o600
    assert pseudonym_key(SEED) not in path.read_text(encoding="utf-8")
    assert config == effective.config
    assert {feed for feed in CANON if config.feeds.get(feed) is None} == {"measurements"}  # of no further KPI


@pytest.mark.parametrize(("scenario", "seed", "message"), [("efective", 1, "effective"), ("useless", -1, "-1")])
def test_an_unknown_scenario_and_a_negative_seed_are_refused(scenario: str, seed: int, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        build_company(scenario, seed)


@pytest.fixture(scope="module")
def read(written: Path) -> dict[str, Intake]:
    """Every feed as the pipeline's own door lets it in."""
    config = load_pilot(written / "pilot.yaml", {}).config
    pseudonyms = Pseudonyms(config.privacy.pseudonym_key)
    sources = {name: config.feeds.get(name) for name in CANON}
    return {
        name: take_in(CANON[name], source, written, [contract_for(name)], pseudonyms, config.pilot.zone)
        for name, source in sources.items()
        if source is not None
    }


@pytest.mark.parametrize("feed", [feed for feed in CANON if feed != "measurements"])
def test_readers_accept_every_row_that_was_drawn_and_quarantine_less_than_one_in_a_hundred(
    read: dict[str, Intake], effective: Company, feed: str
) -> None:
    counts = read[feed].read
    if feed in effective.feeds:
        # What only other feeds can contradict (a manager who observes oneself) is judged later.
        assert 0 <= counts.rows_accepted - len(effective.feeds[feed]) <= 1
    assert counts.rows_quarantined <= 0.01 * counts.rows_read
    flawed = {"employees", "tool_events", "manager_observations", "manager_time", "consents", "recommendations"}
    assert counts.rows_quarantined > 0 or feed not in flawed


def test_everybody_but_one_has_a_manager_and_the_company_counts_812(effective: Company) -> None:
    first = effective.feeds["employees"].pipe(_on_first_snapshot)
    assert len(first) == effective.config.organisation.employees == 812
    assert first["employee_id"].is_unique
    assert first["email"].is_unique
    assert first["manager_id"].isna().sum() == 1
    assert first["manager_id"].dropna().isin(first["employee_id"]).all()


def test_later_snapshots_know_leavers_joiners_and_one_move(effective: Company) -> None:
    employees = effective.feeds["employees"]
    last = employees[employees["as_of"] == pd.Timestamp(SNAPSHOTS[-1])]
    gone = last[last["employment_status"] == "terminated"]
    assert 20 <= len(gone) <= 30
    assert (gone["terminated_on"] <= last["as_of"].iloc[0]).all()
    assert gone["termination_reason"].notna().all()
    assert len(last) == 812 + 9
    assert employees.dropna(subset=["manager_id"]).groupby("employee_id")["manager_id"].nunique().gt(1).sum() == 1


def test_each_step_happens_before_the_next(effective: Company) -> None:
    pilot, feeds = effective.config.pilot, effective.feeds
    consents = feeds["consents"]
    before_lock = consents[consents["decision"] != "withdrawn"]
    assert (consents["briefed_at"] < consents["decided_at"]).all()
    assert before_lock["decided_at"].max() < pd.Timestamp(LOCK_DATE)
    assert pilot.configured_on is not None
    assert pilot.configured_on > LOCK_DATE
    tests = feeds["sso_signins"].query("is_test")["occurred_at"]
    provisioned = feeds["enrolments"]["provisioned_at"]
    assert pd.Timestamp(pilot.configured_on) < tests.min()
    assert tests.max() < provisioned.min()
    assert provisioned.max() < pd.Timestamp(pilot.starts_on)
    assert feeds["tool_events"]["occurred_at"].min() >= pd.Timestamp(pilot.starts_on)
    trained = feeds["enablement_sessions"].groupby("manager_id").agg({"minutes": "sum", "held_on": "max"})
    trained = trained.loc[effective.world.participants["manager_id"].unique()]
    assert (trained["minutes"] >= effective.config.enablement.minutes).all()
    assert (trained["held_on"] < provisioned.min()).all()


def test_every_persona_was_tested_in_every_department(effective: Company) -> None:
    people = effective.world.population.people.set_index("email")["department"]
    tests = effective.feeds["sso_signins"].query("is_test and outcome == 'success'")
    cells = set(zip(tests["persona"], tests["email"].map(people), strict=True))
    assert cells == {(p, d) for p in effective.config.readiness.sso_personas for d in people.unique()}


def test_all_roles_have_pathways_and_no_pathway_names_a_role_that_its_competency_lacks(effective: Company) -> None:
    competencies = effective.feeds["competencies"].set_index("competency_id")["roles"].str.split(";")
    pathways = effective.feeds["pathways"]
    assert all(
        set(roles.split(";")) <= set(competencies[competency])
        for roles, competency in zip(pathways["roles"], pathways["competency_id"], strict=True)
    )
    roles = set(effective.feeds["employees"]["role"])
    assert roles <= {role for listed in pathways["roles"] for role in listed.split(";")}
    assert roles <= {role for listed in competencies for role in listed}


@pytest.mark.parametrize("seed", [1, 2])
def test_thirty_pairs_form_with_few_relaxations_and_enough_clusters(seed: int) -> None:
    company = build("effective", seed)
    workforce = build_workforce(company.feeds["employees"], company.config, SNAPSHOTS[0])
    cohort = form_cohort(
        workforce, company.feeds["enrolments"], company.feeds["consents"], company.config, fixed_on=LOCK_DATE
    )
    assert cohort.n_pairs == 30
    assert cohort.n_clusters >= company.config.decision.min_managers
    relaxed = cohort.members.query("arm == 'pilot' and rung != 'exact'")
    assert 1 <= len(relaxed) <= 3
    assert cohort.violations == ()


def test_answers_are_about_the_synthetic_employees_that_the_pipeline_makes_from_what_it_read(
    read: dict[str, Intake], effective: Company
) -> None:
    """The pipeline sees pseudonyms, quarantined rows and a file's types, and must still make the very same twins."""
    fairness = effective.config.fairness.model_copy(update={"twins": 100})
    config = effective.config.model_copy(update={"fairness": fairness})
    answers = synthetic_answers(replace(effective, config=config))
    employees = read["employees"].frame
    workforce = build_workforce(employees, config, LOCK_DATE)
    sent = pd.concat([make_twins(workforce, config), make_population(workforce, config)])
    check_answers(answers, sent, effective.feeds["pathways"])
    assert len(answers) == 2 * len(sent)


def test_the_company_and_its_luck_are_the_same_in_every_scenario() -> None:
    one, other = build("effective", SEED), build("useless", SEED)
    for feed in ("employees", "consents", "enrolments", "enablement_sessions", "business_outcomes"):
        pd.testing.assert_frame_equal(one.feeds[feed], other.feeds[feed])


def test_each_scenario_says_what_it_expects() -> None:
    assert list(SCENARIOS) == [
        "effective", "useless", "unused", "half", "harmful", "biased", "contaminated", "broken-hris",
    ]  # fmt: skip
    assert {scenario.expected for scenario in SCENARIOS.values()} == {"go", "no_go", "reconfigure", "blocked"}


@pytest.mark.usefixtures("few_twins")
def test_a_broken_hris_export_has_a_cycle_orphans_contradictions_and_unknown_roles(tmp_path: Path) -> None:
    write_company(tmp_path, "broken-hris", SEED)
    rows = pd.read_csv(tmp_path / "feeds" / "employees" / "employees_2025-12-15.csv", dtype="str")
    ids = rows["employee_id"]
    manager = dict(zip(ids, rows["manager_id"], strict=True))
    cycles = [person for person in ids if manager.get(manager.get(manager.get(person))) == person]
    orphans = rows[rows["manager_id"].notna() & ~rows["manager_id"].isin(ids)]
    twice = rows[ids.duplicated(keep=False) & ~rows.duplicated(keep=False)]
    framework = pd.read_csv(tmp_path / "feeds" / "competencies.csv")["roles"].str.split(";").explode()
    unmapped = rows[~rows["role"].isin(framework)]
    assert (len(cycles), len(orphans), twice["employee_id"].nunique(), len(unmapped)) == (3, 9, 5, 6)
    faulty = len(cycles) + len(orphans) + len(twice) + len(unmapped)
    assert faulty / len(rows) > 0.02


def test_nobody_but_one_incident_is_exposed_unless_the_scenario_says_so(effective: Company) -> None:
    def users(company: Company) -> set[str]:
        everybody = set(company.feeds["tool_events"]["employee_id"])
        return everybody - set(company.world.participants["employee_id"])

    assert len(users(effective)) == 1
    contaminated = build("contaminated", SEED)
    near = set(contaminated.world.population.pairs["colleague_id"])
    assert len(users(contaminated) & near) / len(near) > 0.15


def test_a_withdrawn_person_leaves_no_trace_afterwards(effective: Company) -> None:
    feeds, who = effective.feeds, effective.world.withdrawn
    enrolled = feeds["enrolments"].set_index("employee_id")
    left = enrolled.loc[who, "withdrawn_at"]
    assert enrolled["withdrawn_at"].notna().sum() == 1
    for feed, column in (("tool_events", "occurred_at"), ("recommendations", "issued_at")):
        rows = feeds[feed][feeds[feed]["employee_id"] == who]
        assert len(rows) > 0
        assert (rows[column] < left).all()


def test_some_cells_are_missing_but_not_many(effective: Company) -> None:
    minutes = effective.feeds["manager_time"]["prep_minutes"]
    assert 0.01 < minutes.isna().mean() < 0.04
    first = effective.feeds["employees"].pipe(_on_first_snapshot)
    assert first[["performance_score", "skills", "ethnicity", "gender"]].isna().mean().between(0.005, 0.06).all()


@pytest.mark.parametrize(
    ("scenario", "low", "high"),
    [("effective", 0.3, 0.7), ("useless", -0.2, 0.2), ("harmful", -0.7, -0.3), ("half", 0.3, 0.7)],
)
def test_the_planted_behaviour_effect_comes_back_from_the_planned_pairs(scenario: str, low: float, high: float) -> None:
    company = build(scenario, SEED)
    scores = company.feeds["manager_observations"].groupby(["employee_id", "wave"])["score"].mean().unstack()
    change = scores["end"] - scores["start"]
    assert low < _pair_mean(company, change) < high


@pytest.mark.parametrize(
    ("scenario", "low", "high"), [("effective", 0.15, 0.4), ("useless", -0.1, 0.1), ("half", -0.1, 0.1)]
)
def test_the_planted_saving_comes_back_from_the_planned_pairs(scenario: str, low: float, high: float) -> None:
    company = build(scenario, SEED)
    time = company.feeds["manager_time"]
    baseline = time["week_start"] < pd.Timestamp(company.config.pilot.starts_on)
    before = time[baseline].groupby("employee_id")["prep_minutes"].mean()
    during = time[~baseline].groupby("employee_id")["prep_minutes"].mean()
    assert low < _pair_mean(company, before - during) / before.mean() < high


def _pair_mean(company: Company, outcome: pd.Series) -> float:
    pairs = company.world.population.pairs
    difference = pairs["participant_id"].map(outcome) - pairs["colleague_id"].map(outcome)
    return float(np.nanmean(difference))


@pytest.mark.parametrize(("scenario", "low", "high"), [("effective", 0.8, 1.0), ("unused", 0.05, 0.5)])
def test_adoption_in_week_six_is_what_the_scenario_promises(scenario: str, low: float, high: float) -> None:
    company = build(scenario, SEED)
    events = company.feeds["tool_events"]
    counted = events[events["event_type"].isin(company.config.kpis.adoption.active_event_types)]
    week = pd.Timestamp(company.config.pilot.week_start(6))
    seen = counted[counted["occurred_at"].between(week, week + pd.Timedelta(days=6))]["employee_id"]
    participants = company.world.participants["employee_id"]
    assert low <= participants.isin(seen).mean() <= high
    shown = events[events["event_type"] == "recommendation_viewed"]["employee_id"]
    assert participants.isin(shown).mean() > 0.9
