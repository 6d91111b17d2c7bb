"""The cohort's assets: members, balance, profile and what they can show; matching itself is `pilot_pipeline.cohort`."""

from datetime import date
from typing import Any

import dagster as dg
import pandas as pd

from assets.stage import Stage, stage_asset
from assets.summaries import markdown_table, picture
from pilot_pipeline.charts.plots import love_plot, power_plot
from pilot_pipeline.cohort.balance import balance_table
from pilot_pipeline.cohort.cohort import Cohort, form_cohort
from pilot_pipeline.cohort.detectable import achieved, mde_table, power_curves
from pilot_pipeline.cohort.profile import cohort_profile
from pilot_pipeline.registration.design import read_design
from pilot_pipeline.warehouse.tables import TABLES

MEMBERS = TABLES["cohort.cohort_members"]
FACTS = TABLES["cohort.cohort_facts"]
BALANCE = TABLES["cohort.covariate_balance"]
PROFILE = TABLES["cohort.cohort_profile"]
EFFECTS = TABLES["cohort.detectable_effects"]


@stage_asset(group="cohort", described=MEMBERS, deps=["employees", "enrolments", "consents"])
def cohort_members(stage: Stage) -> dg.MaterializeResult[Any]:
    """Match the cohort, or take the locked one; the locked pairs count even where the feeds have moved on."""
    warehouse, config = stage.warehouse, stage.pilot.config
    design = read_design(warehouse, stage.pilot)
    enrolments = warehouse.read("feeds.enrolments") if config.feeds.enrolments else None
    fixed_on = design.lock.locked_on if design.lock else stage.fixed_on
    cohort = form_cohort(design.workforce, enrolments, warehouse.read("feeds.consents"), config, fixed_on=fixed_on)
    members = design.lock.members if design.lock else cohort.members
    with warehouse.transaction():
        warehouse.write(MEMBERS.table, members, columns=MEMBERS.types)
        warehouse.write(FACTS.table, _facts(cohort, design.snapshot), columns=FACTS.types)
    balance = balance_table(members, design.workforce, config)
    rungs = members.dropna(subset=["pair_id"]).query("arm == 'pilot'")["rung"].value_counts()
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(members),
            "pairs": int(members["pair_id"].nunique()),
            "judging_clusters": int(members["cluster"].nunique()),
            "love_plot": picture(love_plot(balance)),
            "rungs": markdown_table(rungs.rename_axis("rung").reset_index(name="pairs")),
            "remarks": dg.MetadataValue.md("\n\n".join((*cohort.warnings, *cohort.explanation)) or "None."),
        }
    )


def _facts(cohort: Cohort, snapshot: date) -> pd.DataFrame:
    """Say how the cohort came about, statement by statement."""
    facts = [
        ("design", cohort.design),
        ("snapshot", snapshot.isoformat()),
        ("match_hash", cohort.match_hash),
        *(("warning", sentence) for sentence in cohort.warnings),
        *(("violation", sentence) for sentence in cohort.violations),
        *(("explanation", sentence) for sentence in cohort.explanation),
        *(("note", sentence) for sentence in cohort.notes),
        *(("unmatched", reason) for reason in cohort.unmatched["reason"]),
    ]
    return pd.DataFrame(facts, columns=["fact", "statement"]).rename_axis("position").reset_index()


@stage_asset(group="cohort", described=BALANCE, deps=["cohort_members"])
def covariate_balance(stage: Stage) -> dg.MaterializeResult[Any]:
    """Compare the arms before and after matching."""
    design = read_design(stage.warehouse, stage.pilot)
    balance = balance_table(stage.warehouse.read(MEMBERS.table), design.workforce, stage.pilot.config)
    stage.warehouse.write(BALANCE.table, balance, columns=BALANCE.types)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(balance),
            "balance": markdown_table(balance),
            "love_plot": picture(love_plot(balance)),
        }
    )


@stage_asset(group="cohort", described=PROFILE, deps=["cohort_members"])
def cohort_profile_(stage: Stage) -> dg.MaterializeResult[Any]:
    """Describe participants beside controls and workforce, small groups suppressed."""
    design = read_design(stage.warehouse, stage.pilot)
    members = stage.warehouse.read(MEMBERS.table)
    profile = cohort_profile(members, design.workforce, stage.pilot.config.privacy.min_group_size)
    stage.warehouse.write(PROFILE.table, profile, columns=PROFILE.types)
    return dg.MaterializeResult(metadata={"dagster/row_count": len(profile), "profile": markdown_table(profile)})


@stage_asset(group="cohort", described=EFFECTS, deps=["cohort_members"])
def detectable_effects(stage: Stage) -> dg.MaterializeResult[Any]:
    """State the minimal detectable effect of each KPI from the achieved pairs and clusters."""
    design, config = achieved(stage.warehouse.read(MEMBERS.table)), stage.pilot.config
    effects = mde_table(design, config)
    stage.warehouse.write(EFFECTS.table, effects, columns=EFFECTS.types)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(effects),
            "effects": markdown_table(effects),
            "power": picture(power_plot(power_curves(design, config))),
        }
    )


ASSETS = [cohort_members, covariate_balance, cohort_profile_, detectable_effects]
