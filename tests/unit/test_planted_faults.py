"""Thirty faults, each planted alone in a sound company: the right checkpoint fails and its sentence names the fault.

The company goes through the door as a company's does: rows of text, the row contract, the hierarchy, quarantine.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd
import pytest
import readiness_company as company

from checks.contracts import contract_for
from pilot_pipeline.config import PilotConfig
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.cells import read_cells
from pilot_pipeline.feeds.hierarchy import Hierarchy
from pilot_pipeline.feeds.quarantine import Finding, split
from pilot_pipeline.feeds.rules import MappedRoles
from pilot_pipeline.readiness.hris import Counts, check_hris
from pilot_pipeline.readiness.pathways import check_pathways, reachable_by, review_pathways
from pilot_pipeline.readiness.results import CheckResult
from pilot_pipeline.readiness.sso import check_sso, sso_matrix
from pilot_pipeline.readiness.synthetic import check_synthetic

CLEAN = company.employees()
ANSWERS = {"verdict": "no_evidence", "findings": ["Power 0.99."], "asked": 4000, "answered": 4000}


@dataclass
class Company:
    """What the four checkpoints judge; a fault changes some of it."""

    people: pd.DataFrame = field(default_factory=company.employees)
    members: pd.DataFrame = field(default_factory=lambda: company.members(CLEAN))
    signins: pd.DataFrame | None = field(default_factory=lambda: company.signins(CLEAN))
    pathways: pd.DataFrame | None = field(default_factory=company.pathways)
    competencies: pd.DataFrame | None = field(default_factory=company.competencies)
    answers: dict = field(default_factory=lambda: dict(ANSWERS))
    config: PilotConfig = field(default_factory=company.config)
    before: int | None = 49

    def judge(self) -> list[CheckResult]:
        people, quarantine, counts = self.door()
        matrix = sso_matrix(self.signins, people, self.members, self.config)
        least = self.config.privacy.min_group_size
        review = review_pathways(self.pathways, self.competencies, self.members, reachable_by(people), least)
        return [
            *check_hris(people, quarantine, counts, self.config, self.before),
            *check_sso(matrix, self.signins, people, self.config),
            *check_pathways(review, self.pathways, self.competencies),
            *check_synthetic(**self.answers),
        ]

    def door(self) -> tuple[pd.DataFrame, pd.DataFrame, Counts]:
        feed = CANON["employees"]
        columns = {}
        for column in feed.columns:
            cells = self.people.get(column.name, pd.Series(None, index=self.people.index, dtype="str"))
            text = cells.astype("str").str.replace(" 00:00:00", "")
            columns[column.name] = read_cells(text, column, self.config.pilot.zone).values
        frame = pd.DataFrame(columns)
        roles = ("Engineer", "Scientist", "Manager", "Director")
        found: list[Finding] = []
        for contract in (contract_for("employees"), Hierarchy(), MappedRoles(roles)):
            found += contract.findings(frame)
        parts = split(frame, found)
        rows = [("hr.csv", f.row + 2, f.rule, f.column) for f in found]
        quarantine = pd.DataFrame(rows, columns=["file", "row", "rule", "column_name"])
        quarantine = quarantine.astype({"file": "str", "rule": "str", "row": "int64", "column_name": "str"})
        return parts.accepted, quarantine, Counts(len(frame), len(parts.quarantined))

    def where(self, person: str, **cells: object) -> None:
        for name, value in cells.items():
            self.people.loc[self.people["employee_id"] == person, name] = value

    def add(self, *people: dict) -> None:
        rows = pd.DataFrame(list(people)).astype(self.people.dtypes.to_dict())
        self.people = pd.concat([self.people, rows], ignore_index=True)

    def fail(self, select: Callable[[pd.DataFrame], pd.Series], reason: str | None) -> None:
        rows = select(self.signins)
        self.signins.loc[rows, ["outcome", "failure_reason"]] = ["failure", reason]


def reports(boss: str, *names: str, **more: object) -> list[dict]:
    return [{**company.person(name, boss, "Sales", "Engineer", 2), **more} for name in names]


def ring(size: int) -> Callable[[Company], None]:
    """People who manage one another in a circle; sound rows are added so that their share stays small."""

    def plant(it: Company) -> None:
        names = [f"p_r{i}" for i in range(size)]
        bosses = names[1:] + names[:1]
        it.add(*(company.person(name, boss, "Sales", "Engineer", 2) for name, boss in zip(names, bosses, strict=True)))
        crowd = [reports(f"p_m{team}", *(f"p_c{team}_{i}" for i in range(19))) for team in range(8)]
        many = [person for team in range(17) for person in reports("p_head", *(f"p_x{team}_{i}" for i in range(150)))]
        if size > 10:
            it.add(*(person for team in crowd for person in team), *many)
        it.before = None

    return plant


def people(**cells: object) -> Callable[[Company], None]:
    def plant(it: Company) -> None:
        it.where("p_0_4", **cells)

    return plant


def crowded(plant: Callable[[Company], None]) -> Callable[[Company], None]:
    """Plant it among so many sound rows that a share of quarantined rows alone would let it pass."""

    def planted(it: Company) -> None:
        it.add(
            *(person for team in range(8) for person in reports(f"p_m{team}", *(f"p_c{team}_{i}" for i in range(10))))
        )
        it.before = None
        plant(it)

    return planted


def paths(row: int, **cells: str) -> Callable[[Company], None]:
    def plant(it: Company) -> None:
        it.pathways.loc[row, list(cells)] = list(cells.values())

    return plant


def skills(row: int, **cells: str) -> Callable[[Company], None]:
    def plant(it: Company) -> None:
        it.competencies.loc[row, list(cells)] = list(cells.values())

    return plant


def answers(**values: object) -> Callable[[Company], None]:
    return lambda it: it.answers.update(values)


def without_personas_tests(it: Company) -> None:
    sales = it.signins["event_id"] == "sSalesmanager"
    it.signins = it.signins.loc[~sales]


def two_rows_of_one_person(it: Company) -> None:
    it.add({**company.person("p_0_4", "p_m0", "Research", "Engineer", 2), "location": "Vienna"})


def men_alone_reach_strategy(it: Company) -> None:
    it.people["gender"] = it.people["gender"].mask(it.people["role"] != "Engineer", "male")


def the_head_reports_to_a_report(it: Company) -> None:
    it.where("p_head", manager_id="p_m0")


def some_division_is_not_recorded(it: Company) -> None:
    it.config = company.config(readiness={"sso_division": "location"})
    it.where("p_0_1", location=None)


def a_role_that_nobody_has(it: Company) -> None:
    skills(0, roles="Engineer;Scientist;Astronaut")(it)
    paths(2, roles="Astronaut")(it)


def failing(prefix: str, reason: str | None) -> Callable[[Company], None]:
    return lambda it: it.fail(lambda signins: signins["event_id"].str.startswith(prefix), reason)


def everywhere(frame: str, **cells: object) -> Callable[[Company], None]:
    return lambda it: setattr(it, frame, getattr(it, frame).assign(**cells))


def without(name: str) -> Callable[[Company], None]:
    return lambda it: setattr(it, name, None)


def of_another_persona(it: Company) -> None:
    it.signins["persona"] = it.signins["persona"].replace("manager", "boss")


def many_slips(it: Company) -> None:
    it.people.loc[it.people["employee_id"].isin(["p_0_4", "p_1_4"]), "role_level"] = 77


FAULTS: dict[str, tuple[str, str, Callable[[Company], None], str]] = {
    "an orphan": (
        "hris_feed",
        "orphans",
        crowded(people(manager_id="p_gone")),
        "1 row in quarantine with a manager who is not in the snapshot",
    ),
    "a manager's display name as id": (
        "hris_feed",
        "orphans",
        crowded(people(manager_id="Board of Directors")),
        "a manager who is not in the snapshot",
    ),
    "a cycle of one": (
        "hris_feed",
        "self_managers",
        crowded(people(manager_id="p_0_4")),
        "1 row in quarantine with an employee as their own manager",
    ),
    "a cycle of two": (
        "hris_feed",
        "cycles",
        crowded(ring(2)),
        "2 rows in quarantine with a reporting line that returns to itself",
    ),
    "a cycle of fifty": (
        "hris_feed",
        "cycles",
        ring(50),
        "50 rows in quarantine with a reporting line that returns to itself",
    ),
    "two roots": (
        "hris_feed",
        "single_top",
        lambda it: it.where("p_m3", manager_id=None),
        "2 people without a manager; the reporting lines should end in one person",
    ),
    "a cycle that holds the head": (
        "hris_feed",
        "cycles",
        the_head_reports_to_a_report,
        "2 rows in quarantine with a reporting line that returns to itself",
    ),
    "no reporting lines at all": (
        "hris_feed",
        "single_top",
        everywhere("people", manager_id=None),
        "the feed has no reporting lines",
    ),
    "an unmapped role": (
        "hris_feed",
        "unmapped_roles",
        crowded(people(role="Scrum Alchemist")),
        "1 row in quarantine with a role that no competency knows",
    ),
    "two rows of one person": (
        "hris_feed",
        "duplicates",
        crowded(two_rows_of_one_person),
        "2 rows in quarantine with an employee who occurs more than once",
    ),
    "too many slips": (
        "hris_feed",
        "quarantine_share",
        many_slips,
        "2 of 49 employee rows (4.1 %) are in quarantine, above the limit of 2 %: 2 range",
    ),
    "half an export": (
        "hris_feed",
        "people_since_last",
        lambda it: setattr(it, "before", 98),
        "49 people in the snapshot, 98 in the one before: a change of 50 %",
    ),
    "everybody has left": (
        "hris_feed",
        "people_present",
        everywhere("people", employment_status="terminated"),
        "The snapshot has nobody in it",
    ),
    "a persona untested in one division": (
        "sso_matrix",
        "cells_tested",
        without_personas_tests,
        "1 cell of 6 was not tested: manager in Sales",
    ),
    "sign-ins failing in one division": (
        "sso_matrix",
        "cells_passed",
        failing("sSales", "INVALID_CREDENTIALS"),
        "3 cells of 6 end in a failed sign-in: employee in Sales, hr_admin in Sales, manager in Sales. "
        "Reasons: INVALID_CREDENTIALS (3)",
    ),
    "a sign-in that fails without a reason": (
        "sso_matrix",
        "cells_passed",
        failing("sSalesmanager", None),
        "manager in Sales. Reasons: no reason given (1)",
    ),
    "an account locked by its tests": (
        "sso_matrix",
        "accounts_unlocked",
        failing("sSalesmanager", "LOCKED_OUT"),
        "1 account of 2 that were tested is locked; unlock and test again",
    ),
    "tests made after launch only": (
        "sso_matrix",
        "cells_tested",
        everywhere("signins", occurred_at=pd.Timestamp("2026-01-06")),
        "6 cells of 6 were not tested",
    ),
    "tests of a persona that was not asked for": (
        "sso_matrix",
        "cells_tested",
        of_another_persona,
        "2 cells of 6 were not tested: manager in Research, manager in Sales",
    ),
    "no feed of sign-ins": (
        "sso_matrix",
        "sign_ins_readable",
        without("signins"),
        "The feed sso_signins is not configured",
    ),
    "nobody has an address": (
        "sso_matrix",
        "sign_ins_readable",
        everywhere("people", email=None),
        "the SSO checkpoint cannot join sign-ins to people",
    ),
    "a cohort member without division": (
        "sso_matrix",
        "divisions_known",
        some_division_is_not_recorded,
        "Some cohort members have no location",
    ),
    "a pathway without competency": (
        "pathways",
        "competencies_known",
        paths(2, competency_id="c9"),
        "1 pathway of 3 without a competency: w3",
    ),
    "a pathway for a role that its competency is not for": (
        "pathways",
        "roles_mapped",
        paths(1, roles="Engineer;Scientist"),
        "It lists roles that its competency does not: Scientist",
    ),
    "a competency that dropped a role": (
        "pathways",
        "roles_mapped",
        skills(0, roles="Engineer"),
        "2 pathways of 3 for roles that the competency does not list: w1, w3",
    ),
    "a role of the cohort without pathway": (
        "pathways",
        "roles_served",
        everywhere("pathways", roles="Engineer"),
        "1 cohort role of 2 without a pathway: Scientist",
    ),
    "a dead pathway": (
        "pathways",
        "pathways_reachable",
        a_role_that_nobody_has,
        "1 pathway of 3 for roles that nobody in the company has: w3",
    ),
    "a theme that only one group can reach": (
        "pathways",
        "themes_open",
        men_alone_reach_strategy,
        "1 theme of 2 within reach of one group only: strategy",
    ),
    "no competency framework": ("pathways", "tables_present", without("competencies"), "No row of competencies"),
    "an empty file of pathways": (
        "pathways",
        "tables_present",
        lambda it: setattr(it, "pathways", it.pathways.iloc[:0]),
        "No row of pathways",
    ),
    "bias on twins": (
        "synthetic_audit",
        "no_bias_found",
        answers(verdict="bias_found", findings=["gender, pathway w1: 0.60 of women."]),
        "gender, pathway w1",
    ),
    "an audit too weak to find bias": (
        "synthetic_audit",
        "no_bias_found",
        answers(verdict="underpowered", findings=["Power 0.41."]),
        "Power 0.41",
    ),
    "an audit that could not be made": (
        "synthetic_audit",
        "no_bias_found",
        answers(verdict=None, findings=["One pathway for everybody."]),
        "One pathway for everybody",
    ),
    "answers that were dropped": ("synthetic_audit", "answers_complete", answers(answered=3990), "3,990 of 4,000"),
}

# A fault that leaves another checkpoint nothing to judge fails that one too.
FOLLOWS = {"everybody has left": {"pathways"}}


def test_there_are_thirty_faults_and_more():
    assert len(FAULTS) >= 30
    assert {checkpoint for checkpoint, *_ in FAULTS.values()} == {
        "hris_feed",
        "sso_matrix",
        "pathways",
        "synthetic_audit",
    }


def test_the_clean_company_passes_everything():
    assert [result for result in Company().judge() if not result.passed] == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_fails_the_right_checkpoint_in_a_sentence_that_names_it(fault):
    checkpoint, check, plant, words = FAULTS[fault]
    it = Company()
    plant(it)
    results = it.judge()
    (result,) = [found for found in results if (found.checkpoint, found.check_name) == (checkpoint, check)]
    assert result.blocks
    assert words in result.detail
    assert result.rows_failed > 0 or result.rows_checked == 0 or check == "no_bias_found"
    failed = {found.checkpoint for found in results if found.blocks}
    assert failed == {checkpoint} | FOLLOWS.get(fault, set())
