"""The path, governance, consent, the order of events, enablement, measurability: planted truth in, answer out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
import readiness_company as company

from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.config.planning import OrganisationSection
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.readiness.consent import check_consent, consent_order
from pilot_pipeline.readiness.enablement import check_enablement, enablement
from pilot_pipeline.readiness.governance import check_governance
from pilot_pipeline.readiness.measurability import REPLACEMENTS, check_measurability, measurability
from pilot_pipeline.readiness.path import rollout_path
from pilot_pipeline.readiness.results import Requirement
from pilot_pipeline.readiness.switched_off import switched_off
from pilot_pipeline.readiness.timeline import Moments, check_timeline, moments

PEOPLE = company.employees()
MEMBERS = company.members(PEOPLE)
CONFIG = company.config()

CALM = {
    "employees": 50,
    "first_ai_coaching_tool": False,
    "hris_quality_uncertain": False,
    "manager_culture_uneven": False,
    "roi_case_needed": False,
}
REPLACED = {"integration_architecture": True, "competency_framework": True, "governance_structure": True}
PEER = {"same_vertical": True, "same_size_tier": True, "reproducible": True, "independently_published": True}


def organisation(**changes) -> OrganisationSection:
    return OrganisationSection(**{**CALM, **changes})


def failing(requirements: tuple[Requirement, ...]) -> list[str]:
    return [item.name for item in requirements if not item.passed]


def named(requirements: tuple[Requirement, ...], name: str) -> Requirement:
    (found,) = [item for item in requirements if item.name == name]
    return found


class TestPath:
    def test_under_fifty_employees_everyone_runs_the_six_steps(self):
        assert rollout_path(organisation(employees=49)).route == "everyone"
        assert rollout_path(organisation(employees=50)).route == "pilot"
        assert rollout_path(organisation(employees=49, replaces_validated_tool=REPLACED)).route == "everyone"

    def test_a_like_for_like_replacement_needs_all_three_attestations(self):
        assert rollout_path(organisation(replaces_validated_tool=REPLACED)).route == "replacement"
        for missing in REPLACED:
            answer = rollout_path(organisation(replaces_validated_tool={**REPLACED, missing: False}))
            assert answer.route == "pilot"
            assert missing.replace("_", " ") in " ".join(answer.reasons)

    def test_peer_evidence_needs_all_four_and_a_vendor_case_study_is_rejected(self):
        assert rollout_path(organisation(peer_evidence=PEER)).route == "peer_validated"
        for missing in PEER:
            assert rollout_path(organisation(peer_evidence={**PEER, missing: False})).route == "pilot"
        vendor = rollout_path(organisation(peer_evidence={**PEER, "independently_published": False}))
        assert "vendor's case study does not count" in " ".join(vendor.reasons)

    @pytest.mark.parametrize(
        ("trigger", "factor"),
        [
            ({"first_ai_coaching_tool": True}, "tool experience"),
            ({"hris_quality_uncertain": True}, "HRIS data quality"),
            ({"manager_culture_uneven": True}, "manager culture"),
            ({"roi_case_needed": True}, "ROI case"),
            ({"equity_concern": True}, "equity"),
            ({"regulations": ("GDPR",)}, "regulation"),
        ],
    )
    def test_any_trigger_leads_to_a_pilot_is_named_and_outweighs_a_bypass(self, trigger, factor):
        answer = rollout_path(organisation(replaces_validated_tool=REPLACED, **trigger))
        assert answer.route == "pilot"
        pointing = answer.factors.loc[answer.factors["points_to"] == "pilot", "factor"]
        assert pointing.tolist() == [factor]
        assert len(answer.factors) == 6
        assert len(answer.reasons) == 2


class TestGovernance:
    def test_complete_answers_pass(self):
        assert failing(check_governance(CONFIG)) == []

    @pytest.mark.parametrize("key", ["data_collected", "who_can_access", "contract_end", "retention"])
    @pytest.mark.parametrize("blank", ["", "  ", "TBD", "n/a", "To be decided.", "-"])
    def test_a_blank_answer_blocks_and_is_named(self, key, blank):
        answers = {**CONFIG.governance.answers.model_dump(), key: blank}
        found = named(check_governance(company.config(governance={"answers": answers})), "governance_answers")
        assert found.blocks
        assert found.detail.startswith("1 governance answer blank: ")

    def test_none_is_an_answer_about_influence_on_pay(self):
        assert CONFIG.governance.answers.influence_on_pay_or_termination == "None."

    def test_no_owner_and_no_brief_block(self):
        config = company.config(governance={"data_owner": " ", "privacy_brief_published_on": None})
        blocked = [item.name for item in check_governance(config) if item.blocks]
        assert blocked == ["data_owner", "privacy_brief"]

    def test_a_retention_answer_that_names_other_days_warns(self):
        config = company.config(privacy={"pseudonym_key": company.KEY, "retention_days": 90})
        found = named(check_governance(config), "retention")
        assert (found.passed, found.blocks) == (False, False)
        assert "180 days, privacy.retention_days says 90" in found.detail


class TestConsent:
    consents = company.consents(MEMBERS)
    accounts = company.enrolments(MEMBERS)

    def judge(self, consents, accounts, config=CONFIG):
        return check_consent(consent_order(consents, accounts, MEMBERS, company.START), config)

    def test_briefed_decided_provisioned_passes(self):
        assert failing(self.judge(self.consents, self.accounts)) == []

    @pytest.mark.parametrize(
        ("change", "name"),
        [
            ({"decision": "declined"}, "participants_opted_in"),
            ({"decision": "withdrawn"}, "participants_opted_in"),
            ({"briefed_at": pd.Timestamp("2025-12-21")}, "brief_before_decision"),
            ({"decided_at": pd.Timestamp("2026-01-02 08:01")}, "decision_before_account"),
        ],
    )
    def test_one_person_out_of_order_blocks_and_is_counted_not_named(self, change, name):
        consents = self.consents.copy()
        consents.loc[3, list(change)] = list(change.values())
        results = self.judge(consents, self.accounts)
        assert [item.name for item in results if item.blocks] == [name]
        assert named(results, name).detail.startswith("1 of 16 participants ")
        assert consents.loc[3, "employee_id"] not in named(results, name).detail

    def test_nobody_without_a_consent_row_slips_through(self):
        assert failing(self.judge(self.consents.iloc[1:], self.accounts)) == ["participants_opted_in"]

    def test_a_withdrawal_during_the_pilot_does_not_undo_the_first_consent(self):
        later = self.consents.iloc[[0]].assign(decision="withdrawn", decided_at=pd.Timestamp("2026-02-10"))
        assert failing(self.judge(pd.concat([self.consents, later]), self.accounts)) == []

    def test_a_withdrawal_before_the_account_does(self):
        later = self.consents.iloc[[0]].assign(decision="withdrawn", decided_at=pd.Timestamp("2025-12-21"))
        assert failing(self.judge(pd.concat([self.consents, later]), self.accounts)) == ["participants_opted_in"]

    def test_the_brief_precedes_the_first_account_by_a_day(self):
        for day, passes in (("2026-01-01", True), ("2026-01-02", False), ("2026-01-03", False)):
            config = company.config(governance={"privacy_brief_published_on": day})
            assert (
                named(self.judge(self.consents, self.accounts, config), "brief_before_first_account").passed is passes
            )

    def test_without_enrolments_the_order_of_accounts_is_not_known_and_said(self):
        results = self.judge(self.consents, None)
        assert failing(results) == ["accounts_dated"]
        assert not any(item.blocks for item in results)


class TestTimeline:
    in_order = Moments(
        snapshot=date(2025, 12, 15),
        brief_published=date(2025, 12, 19),
        last_opt_in=date(2025, 12, 20),
        locked=date(2025, 12, 22),
        configured=date(2025, 12, 29),
        sso_tested=date(2025, 12, 30),
        first_account=date(2026, 1, 2),
        starts=date(2026, 1, 5),
    )

    def test_the_order_of_the_contract_has_no_deviation(self):
        timeline = check_timeline(self.in_order)
        assert timeline.deviations == ()
        assert len(timeline.requirements) == 10

    @pytest.mark.parametrize(
        ("change", "name"),
        [
            ({"snapshot": date(2025, 12, 23)}, "snapshot_before_lock"),
            ({"brief_published": date(2025, 12, 23)}, "brief_before_lock"),
            ({"last_opt_in": date(2025, 12, 23)}, "opt_in_before_lock"),
            ({"configured": date(2025, 12, 22)}, "lock_before_configuration"),
            ({"sso_tested": date(2025, 12, 28)}, "sso_after_configuration"),
            ({"sso_tested": date(2026, 1, 3)}, "sso_before_access"),
            ({"first_account": date(2026, 1, 6)}, "accounts_before_start"),
        ],
    )
    def test_each_step_out_of_order_is_one_deviation(self, change, name):
        timeline = check_timeline(replace(self.in_order, **change))
        assert failing(timeline.requirements) == [name]
        assert timeline.deviations == (named(timeline.requirements, name).detail,)

    def test_without_a_lock_nothing_is_pre_registered_and_nothing_blocks(self):
        timeline = check_timeline(replace(self.in_order, locked=None))
        assert timeline.deviations == ("Not pre-registered: there is no lock; `pilot lock` makes one.",)
        assert not any(item.blocks for item in timeline.requirements)

    def test_the_moments_come_from_feeds_and_configuration_in_local_dates(self):
        order = consent_order(company.consents(MEMBERS), company.enrolments(MEMBERS), MEMBERS, company.START)
        found = moments(
            CONFIG,
            snapshot=date(2025, 12, 15),
            locked=date(2025, 12, 22),
            consent=order,
            sso_complete_at=pd.Timestamp("2025-12-29 23:30"),
        )
        assert found == self.in_order


class TestEnablement:
    sessions = company.sessions(MEMBERS)
    accounts = company.enrolments(MEMBERS)

    def judge(self, sessions, accounts=accounts, config=CONFIG):
        return enablement(sessions, accounts, MEMBERS, config)

    def test_minutes_and_topics_add_up_over_sessions(self):
        table = self.judge(self.sessions)
        assert table["state"].tolist() == ["in_time"] * 8
        assert table["minutes_in_time"].tolist() == [90.0] * 8
        assert check_enablement(table, CONFIG).detail == "All 8 managers had 90 minutes on 3 topics in time."

    @pytest.mark.parametrize(
        ("change", "state"),
        [
            ({"held_on": pd.Timestamp("2026-01-02")}, "late"),
            ({"minutes": 29.0}, "short"),
            ({"topics": "signals"}, "topics_missing"),
        ],
    )
    def test_a_manager_who_is_late_short_or_lacks_a_topic_is_found(self, change, state):
        sessions = self.sessions.copy()
        sessions.loc[8, list(change)] = list(change.values())
        table = self.judge(sessions)
        assert table["state"].value_counts().to_dict() == {"in_time": 7, state: 1}
        found = check_enablement(table, CONFIG)
        assert (found.passed, found.blocks) == (False, False)
        assert found.detail.startswith("1 of 8 managers did not have 90 minutes")

    def test_a_manager_without_a_session_is_absent(self):
        table = self.judge(self.sessions.loc[self.sessions["manager_id"] != "p_m4"])
        assert table.loc[table["manager_id"] == "p_m4", "state"].tolist() == ["absent"]

    def test_without_accounts_the_pilots_start_is_the_deadline(self):
        table = self.judge(self.sessions.assign(held_on=pd.Timestamp("2026-01-04")), None)
        assert set(table["state"]) == {"in_time"}
        assert set(self.judge(self.sessions.assign(held_on=pd.Timestamp("2026-01-05")), None)["state"]) == {"late"}

    def test_a_missing_feed_is_said(self):
        assert "not configured" in check_enablement(None, CONFIG).detail


class TestMeasurability:
    everything = dict.fromkeys(CANON, 100)

    def test_with_every_feed_every_kpi_is_measurable(self):
        table = measurability(CONFIG, {**self.everything, "tool_events": 0, "pulse_responses": 0})
        assert table["measurable"].all()
        assert table["replacement"].isna().all()
        assert failing(check_measurability(table)) == []

    @pytest.mark.parametrize("kpi", list(KPI_CATALOGUE))
    def test_without_its_feed_a_kpi_is_not_and_a_measurable_replacement_is_named(self, kpi):
        feed = KPI_CATALOGUE[kpi].feeds[-1]
        table = measurability(CONFIG, {**self.everything, feed: None}).set_index("kpi")
        assert not table.loc[kpi, "measurable"]
        assert f"{feed} is not configured" in table.loc[kpi, "reason"]
        assert table.loc[kpi, "replacement"] in {item.words for item in REPLACEMENTS[kpi]}

    def test_observations_without_a_baseline_wave_cannot_measure_change(self):
        table = measurability(CONFIG, {**self.everything, "manager_observations": 0})
        found = named(check_measurability(table), "behaviour_change_measurable")
        assert "without a baseline row" in found.detail
        assert "Measurable instead: preparation time" in found.detail

    def test_a_replacement_is_itself_measurable_or_none_is_named(self):
        present = {**self.everything, "manager_observations": None, "manager_time": 0, "business_outcomes": None}
        table = measurability(CONFIG, present).set_index("kpi")
        assert table.loc[["behaviour_change", "prep_time_reduction"], "replacement"].isna().all()

    def test_the_kpis_are_those_of_the_configuration(self):
        assert {*REPLACEMENTS, "further"} == set(PilotConfig.model_fields["kpis"].annotation.model_fields)


class TestSwitchedOff:
    def test_a_complete_set_of_feeds_switches_nothing_off(self):
        assert switched_off(dict.fromkeys(CANON, 1)) == ()

    @pytest.mark.parametrize("feed", list(CANON))
    def test_every_missing_feed_says_what_it_switches_off(self, feed):
        (missing,) = switched_off({**dict.fromkeys(CANON, 1), feed: None})
        assert missing.feed == feed
        assert missing.sentence.startswith(f"{feed} is not configured: ")

    def test_measurements_are_missed_only_where_a_further_kpi_is_made_of_them(self):
        present = {**dict.fromkeys(CANON, 1), "measurements": None}
        assert switched_off(present, further=False) == ()

    def test_an_empty_feed_is_as_good_as_none(self):
        (missing,) = switched_off({**dict.fromkeys(CANON, 1), "initiatives": 0})
        assert missing.sentence.startswith("initiatives has no rows: ")

    def test_a_tool_that_answers_over_http_needs_no_feed_of_answers(self):
        present = {**dict.fromkeys(CANON, 1), "synthetic_recommendations": None}
        assert switched_off(present, http_recommender=True) == ()
