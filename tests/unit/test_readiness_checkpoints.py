"""Planted faults fail the right checkpoint with a sentence that names them; a sound company passes."""

from __future__ import annotations

import pandas as pd
import pytest
import readiness_company as company

from pilot_pipeline.readiness.evidence import (
    hris_evidence,
    judged_quarantine,
    pathways_evidence,
    sso_evidence,
    synthetic_evidence,
)
from pilot_pipeline.readiness.hris import check_hris
from pilot_pipeline.readiness.pathways import check_pathways, reachable_by, review_pathways
from pilot_pipeline.readiness.results import CheckResult, blocking
from pilot_pipeline.readiness.sso import check_sso, matrix_complete_at, sso_matrix
from pilot_pipeline.readiness.synthetic import check_synthetic

PEOPLE = company.employees()
MEMBERS = company.members(PEOPLE)
CONFIG = company.config()


def review(paths, skills) -> pd.DataFrame:
    return review_pathways(paths, skills, MEMBERS, reachable_by(PEOPLE), 5)


def named(results: list[CheckResult], name: str) -> CheckResult:
    (result,) = [item for item in results if item.check_name == name]
    return result


def failing(results: list[CheckResult]) -> list[str]:
    return [item.check_name for item in results if not item.passed]


class TestHris:
    def judge(self, people=PEOPLE, rules=(), read=50):
        return check_hris(people, company.quarantine(*rules), company.Read(read, len(rules)), CONFIG)

    def test_a_sound_snapshot_passes_every_check(self):
        assert failing(self.judge()) == []

    def test_a_few_rows_with_slips_harm_nobody(self):
        assert failing(self.judge(rules=["type", "missing"], read=100)) == []

    def test_a_single_fault_of_the_hierarchy_blocks_unless_the_configuration_lets_it_pass(self):
        results = self.judge(rules=["orphan"], read=100)
        (blocker,) = blocking(results)
        assert (blocker.check_name, blocker.keys, blocker.share) == ("orphans", ("hr.csv:0",), 0.01)
        lenient = company.config(readiness={"max_hris_faults": {"orphans": 1}})
        allowed = check_hris(PEOPLE, company.quarantine("orphan"), company.Read(100, 1), lenient)
        assert (failing(allowed), blocking(allowed)) == (["orphans"], ())
        assert named(allowed, "orphans").detail.endswith("in the snapshot; 1 row may.")

    @pytest.mark.parametrize(
        ("rule", "check", "words"),
        [
            ("orphan", "orphans", "a manager who is not in the snapshot"),
            ("cycle", "cycles", "a reporting line that returns to itself"),
            ("self_manager", "self_managers", "an employee as their own manager"),
            ("duplicate_key", "duplicates", "an employee who occurs more than once"),
            ("unmapped_role", "unmapped_roles", "a role that no competency knows"),
        ],
    )
    def test_above_the_limit_each_fault_blocks_under_its_own_name(self, rule, check, words):
        results = self.judge(rules=[rule, rule], read=50)
        assert {item.check_name for item in blocking(results)} == {"quarantine_share", check}
        assert named(results, check).detail == f"2 rows in quarantine with {words}."
        assert "2 of 50 employee rows (4 %)" in named(results, "quarantine_share").detail

    def test_a_row_with_two_findings_of_a_rule_is_one_row(self):
        twice = company.quarantine("orphan")
        results = check_hris(PEOPLE, pd.concat([twice, twice]), company.Read(50, 1), CONFIG)
        assert named(results, "orphans").rows_failed == 1

    def test_exactly_the_limit_passes_and_one_row_more_blocks(self):
        assert named(self.judge(rules=["type"] * 2, read=100), "quarantine_share").passed
        assert not named(self.judge(rules=["type"] * 3, read=100), "quarantine_share").passed

    def test_rows_of_later_exports_are_not_judged_here(self):
        rows = company.quarantine(*["orphan"] * 10).assign(dated=pd.Timestamp("2026-02-01"))
        rows["dated"] = rows["dated"].astype("datetime64[us]")
        later = check_hris(PEOPLE, rows, company.Read(500, 10), CONFIG)
        assert failing(later) == []
        rows.loc[:1, "dated"] = PEOPLE["as_of"].iloc[0]
        rows.loc[2, "dated"] = pd.NaT
        result = named(check_hris(PEOPLE, rows, company.Read(500, 10), CONFIG), "quarantine_share")
        assert (result.rows_checked, result.rows_failed, result.passed) == (52, 3, False)

    def test_a_feed_without_any_quarantine_passes(self):
        assert failing(check_hris(PEOPLE, None, company.Read(49, 0), CONFIG)) == []

    def test_an_empty_feed_blocks(self):
        results = self.judge(PEOPLE.iloc[:0], read=0)
        assert {"people_present", "quarantine_share"} <= {item.check_name for item in blocking(results)}

    def test_a_change_of_head_count_above_the_limit_blocks(self):
        results = check_hris(PEOPLE, None, company.Read(49, 0), CONFIG, before=98)
        (blocker,) = blocking(results)
        assert blocker.detail == (
            "49 people in the snapshot, 98 in the one before: a change of 50 %, above the limit of 25 %. "
            "Is the export whole?"
        )
        assert failing(check_hris(PEOPLE, None, company.Read(49, 0), CONFIG, before=40)) == []

    def test_a_feed_without_managers_has_no_hierarchy(self):
        nobody = PEOPLE.assign(manager_id=pd.Series(None, index=PEOPLE.index, dtype="str"))
        (blocker,) = blocking(self.judge(nobody))
        assert "no reporting lines" in blocker.detail
        unmatched = company.config(cohort={"exact": ["role"]})
        assert blocking(check_hris(nobody, None, company.Read(49, 0), unmatched)) == ()

    def test_a_top_that_is_itself_in_quarantine_does_not_block_twice(self):
        rest = PEOPLE.loc[PEOPLE["employee_id"] != "p_head"]
        result = named(self.judge(rest), "single_top")
        assert (result.passed, result.severity) == (False, "warn")

    def test_two_roots_and_no_root_block(self):
        two = PEOPLE.assign(manager_id=PEOPLE["manager_id"].where(PEOPLE["employee_id"] != "p_m3"))
        result = named(self.judge(two), "single_top")
        assert (result.passed, result.severity, result.keys) == (False, "error", ("p_head", "p_m3"))
        nobody = PEOPLE.assign(manager_id=PEOPLE["manager_id"].fillna("p_m1"))
        assert "Nobody is without a manager" in named(self.judge(nobody), "single_top").detail

    def test_a_manager_lost_to_quarantine_is_noticed(self):
        result = named(self.judge(PEOPLE.loc[PEOPLE["employee_id"] != "p_m2"]), "managers_accepted")
        assert result.rows_failed == 5
        assert result.keys == tuple(f"p_2_{i}" for i in range(5))

    def test_a_team_of_sixty_is_an_anomaly_and_the_normal_teams_are_not(self):
        extra = [company.person(f"p_x{i}", "p_m0", "Research", "Engineer", 2) for i in range(55)]
        people = pd.concat([PEOPLE, pd.DataFrame(extra).astype(PEOPLE.dtypes.to_dict())], ignore_index=True)
        result = named(self.judge(people), "spans")
        assert (result.rows_failed, result.keys) == (1, ("p_m0",))
        assert "60 direct reports" in result.detail

    def test_missing_emails_are_said(self):
        people = PEOPLE.assign(email=pd.Series(None, index=PEOPLE.index, dtype="str"))
        assert "sign-ins cannot be joined" in named(self.judge(people), "emails").detail


class TestSso:
    signins = company.signins(PEOPLE)

    def judge(self, signins, people=PEOPLE, config=CONFIG):
        matrix = sso_matrix(signins, people, MEMBERS, config)
        return matrix, check_sso(matrix, signins, people, config)

    def test_every_cell_tested_with_success_passes(self):
        matrix, results = self.judge(self.signins)
        assert matrix["state"].tolist() == ["passed"] * 6
        assert failing(results) == []

    def test_an_untested_cell_blocks_and_is_named(self):
        _, results = self.judge(self.signins.loc[self.signins["event_id"] != "sSaleshr_admin"])
        (blocker,) = blocking(results)
        assert blocker.detail == "1 cell of 6 was not tested: hr_admin in Sales."

    def test_a_failed_division_blocks_and_is_named(self):
        broken = self.signins.copy()
        broken.loc[broken["event_id"].str.startswith("sSales"), "outcome"] = "failure"
        _, results = self.judge(broken)
        (blocker,) = blocking(results)
        assert blocker.rows_failed == 3
        assert "employee in Sales" in blocker.detail

    def test_the_last_attempt_of_an_account_counts(self):
        retry = self.signins.iloc[[0]].assign(event_id="later", occurred_at=pd.Timestamp("2025-12-31"))
        fails_first = pd.concat([self.signins, retry], ignore_index=True)
        fails_first.loc[0, "outcome"] = "failure"
        matrix, results = self.judge(fails_first)
        assert failing(results) == []
        assert matrix[["attempts", "successes", "failures"]].iloc[0].tolist() == [2, 1, 1]
        fails_last = pd.concat([self.signins, retry.assign(outcome="failure")], ignore_index=True)
        assert failing(self.judge(fails_last)[1]) == ["cells_passed"]

    def test_one_locked_account_is_not_hidden_by_a_colleagues_success(self):
        other = PEOPLE.loc[PEOPLE["employee_id"] == "p_0_3", "email"].iloc[0]
        locked = self.signins.iloc[[0]].assign(event_id="locked", email=other, outcome="failure")
        assert failing(self.judge(pd.concat([self.signins, locked], ignore_index=True))[1]) == ["cells_passed"]

    @pytest.mark.parametrize(
        "change", [{"is_test": False}, {"occurred_at": pd.Timestamp("2026-01-04 23:00")}], ids=["live", "after start"]
    )
    def test_only_tests_before_the_local_start_count(self, change):
        matrix, _ = self.judge(self.signins.assign(**change))
        assert set(matrix["state"]) == {"untested"}

    def test_the_last_local_minute_before_the_start_counts(self):
        matrix, _ = self.judge(self.signins.assign(occurred_at=pd.Timestamp("2026-01-04 22:59")))
        assert set(matrix["state"]) == {"passed"}

    def test_without_emails_or_without_the_feed_it_blocks_and_says_why(self):
        nameless = PEOPLE.assign(email=pd.Series(None, index=PEOPLE.index, dtype="str"))
        assert "has no e-mails" in blocking(self.judge(self.signins, nameless)[1])[0].detail
        assert "not configured" in blocking(self.judge(None)[1])[0].detail

    def test_unknown_personas_and_accounts_count_for_no_cell(self):
        strange = self.signins.iloc[[0]].assign(event_id="x", persona="robot")
        nobody = self.signins.iloc[[0]].assign(event_id="y", email="e_nobody")
        _, results = self.judge(pd.concat([self.signins, strange, nobody], ignore_index=True))
        assert failing(results) == ["accounts_known", "personas_known"]
        assert blocking(results) == ()

    def test_a_cohort_member_without_division_blocks(self):
        config = company.config(readiness={"sso_division": "business_unit"})
        people = PEOPLE.assign(business_unit=PEOPLE["business_unit"].where(PEOPLE["employee_id"] != "p_0_0"))
        assert "divisions_known" in failing(self.judge(self.signins, people, config)[1])

    def test_the_matrix_was_complete_when_its_last_cell_first_succeeded(self):
        late = self.signins.copy()
        late.loc[4, "occurred_at"] = pd.Timestamp("2025-12-31 12:00")
        again = late.iloc[[0]].assign(event_id="again", occurred_at=pd.Timestamp("2026-01-01"))
        tests = pd.concat([late, again], ignore_index=True)
        assert matrix_complete_at(tests, PEOPLE, MEMBERS, CONFIG) == pd.Timestamp("2025-12-31 12:00")
        assert matrix_complete_at(tests.iloc[1:3], PEOPLE, MEMBERS, CONFIG) is None
        assert matrix_complete_at(None, PEOPLE, MEMBERS, CONFIG) is None


class TestPathways:
    paths = company.pathways()
    skills = company.competencies()

    def judge(self, paths, skills):
        return check_pathways(review(paths, skills), paths, skills)

    def test_a_sound_framework_passes_every_check(self):
        assert failing(self.judge(self.paths, self.skills)) == []
        found = review(self.paths, self.skills)
        assert found["finding"].tolist() == ["ok"] * 7
        subjects = ["w1", "w2", "w3", "Engineer", "Scientist", "communication", "strategy"]
        assert found["subject"].tolist() == subjects

    @pytest.mark.parametrize(
        ("row", "change", "check", "words"),
        [
            (1, {"roles": "Engineer;Scientist"}, "roles_mapped", "1 pathway of 3 for roles that the competency"),
            (2, {"competency_id": "c9"}, "competencies_known", "1 pathway of 3 without a competency: w3."),
            (2, {"roles": "Manager", "competency_id": "c2"}, "pathways_in_use", "for no role of the cohort: w3."),
        ],
    )
    def test_a_planted_fault_is_named(self, row, change, check, words):
        paths = self.paths.copy()
        paths.loc[row, list(change)] = list(change.values())
        results = self.judge(paths, self.skills)
        assert failing(results) == [check]
        assert words in named(results, check).detail

    def test_a_cohort_role_without_pathway_blocks(self):
        paths = self.paths.assign(roles="Engineer")
        (blocker,) = blocking(self.judge(paths, self.skills))
        assert blocker.detail == "1 cohort role of 2 without a pathway: Scientist."

    def test_the_review_names_the_wrong_roles(self):
        paths = self.paths.assign(roles="Engineer;Scientist;Manager")
        found = review(paths, self.skills).set_index(["subject", "finding"])
        assert "competency does not: Manager." in found.loc[("w1", "wrong_role"), "detail"]

    def test_a_pathway_for_a_role_that_nobody_has_blocks(self):
        skills = self.skills.assign(roles=self.skills["roles"] + ";Astronaut")
        paths = self.paths.copy()
        paths.loc[2, "roles"] = "Astronaut"
        (blocker,) = blocking(self.judge(paths, skills))
        assert blocker.detail == "1 pathway of 3 for roles that nobody in the company has: w3."

    def test_a_theme_that_only_one_group_can_reach_blocks_and_chance_does_not(self):
        engineers = PEOPLE["role"] == "Engineer"
        split = PEOPLE.assign(gender=PEOPLE["gender"].mask(~engineers, "male"))
        found = review_pathways(self.paths, self.skills, MEMBERS, reachable_by(split), 5)
        (blocker,) = blocking(check_pathways(found, self.paths, self.skills))
        assert blocker.detail == (
            "1 theme of 2 within reach of one group only: strategy. "
            "Only people recorded as gender female have a role of its pathways."
        )
        rare = PEOPLE.assign(gender=PEOPLE["gender"].mask(PEOPLE["role"] == "Director", "male"))
        by_chance = review_pathways(self.paths, self.skills, MEMBERS, reachable_by(rare), 5)
        assert failing(check_pathways(by_chance, self.paths, self.skills)) == []

    @pytest.mark.parametrize("missing", ["pathways", "competencies"])
    def test_a_missing_table_blocks(self, missing):
        paths = None if missing == "pathways" else self.paths
        skills = None if missing == "competencies" else self.skills
        assert f"No row of {missing}" in blocking(self.judge(paths, skills))[0].detail


class TestSynthetic:
    def test_no_evidence_on_every_answer_passes(self):
        assert failing(check_synthetic("no_evidence", ["Power 0.99."], 4000, 4000)) == []

    @pytest.mark.parametrize("verdict", ["bias_found", "underpowered", "not_testable", None])
    def test_there_is_no_waiver(self, verdict):
        (blocker,) = blocking(check_synthetic(verdict, ["gender, pathway w1."], 4000, 4000))
        assert blocker.check_name == "no_bias_found"

    def test_dropped_answers_block(self):
        result = named(check_synthetic("no_evidence", [], 4000, 3990), "answers_complete")
        assert (result.blocks, result.rows_failed) == (True, 10)


class TestEvidence:
    def test_hris_evidence_follows_rows_quarantine_and_limit_and_nothing_else(self):
        bad = company.quarantine("orphan")
        base = hris_evidence(PEOPLE, bad, CONFIG)
        assert (
            hris_evidence(PEOPLE.sample(frac=1, random_state=1), bad.assign(row=99, file="moved.csv"), CONFIG) == base
        )
        assert hris_evidence(PEOPLE.assign(id_rank=range(len(PEOPLE))), bad, CONFIG) == base
        assert hris_evidence(PEOPLE, bad, company.config(governance={"data_owner": "Somebody else"})) == base
        changed = {
            hris_evidence(PEOPLE.assign(department="Sales"), bad, CONFIG),
            hris_evidence(PEOPLE, None, CONFIG),
            hris_evidence(PEOPLE, bad.assign(row_digest="other"), CONFIG),
            hris_evidence(PEOPLE, bad, company.config(readiness={"max_quarantine_share": 0.5})),
        }
        assert len(changed | {base}) == 5

    def test_later_signins_do_not_expire_the_matrix_and_a_changed_test_does(self):
        signins = company.signins(PEOPLE)
        live = signins.assign(is_test=False, occurred_at=pd.Timestamp("2026-02-01"))
        live["event_id"] = "live" + live["event_id"]
        base = sso_evidence(signins, None, PEOPLE, MEMBERS, CONFIG)
        assert sso_evidence(pd.concat([signins, live]), None, PEOPLE, MEMBERS, CONFIG) == base
        assert sso_evidence(signins.assign(outcome="failure"), None, PEOPLE, MEMBERS, CONFIG) != base
        moved = PEOPLE.assign(department=PEOPLE["department"].replace({"Sales": "Service"}))
        assert sso_evidence(signins, None, moved, MEMBERS, CONFIG) != base

    def test_rejected_rows_count_by_their_date_and_by_default(self):
        rows = company.quarantine("type", "type", "type").assign(
            dated=pd.to_datetime(["2025-12-15", "2026-02-01", None])
        )
        assert len(judged_quarantine(rows, on=pd.Timestamp("2025-12-15"))) == 2
        assert len(judged_quarantine(rows, before=company.START)) == 2
        assert len(judged_quarantine(rows.drop(columns="dated"), before=company.START)) == 3

    def test_pathway_and_synthetic_evidence_follow_what_they_judge(self):
        paths, skills = company.pathways(), company.competencies()
        workforce = reachable_by(PEOPLE)
        base = pathways_evidence(paths, skills, None, MEMBERS, workforce, CONFIG)
        fewer = skills.assign(roles="Engineer")
        assert pathways_evidence(paths, fewer, None, MEMBERS, workforce, CONFIG) != base
        assert pathways_evidence(paths, skills, None, MEMBERS.assign(role="Engineer"), workforce, CONFIG) != base
        assert pathways_evidence(paths, skills, None, MEMBERS, workforce.assign(gender="x"), CONFIG) != base
        answers = pd.DataFrame({"synthetic_id": ["a"], "pathway_id": ["w1"], "rank": [1], "model_version": ["1"]})
        first = synthetic_evidence(answers, None, CONFIG)
        assert synthetic_evidence(answers.assign(model_version="2"), None, CONFIG) != first
        assert synthetic_evidence(answers, None, company.config(fairness={"twins": 500})) != first
