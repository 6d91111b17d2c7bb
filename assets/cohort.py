"""The cohort's assets: members, balance, profile and what they can show; matching itself is `pilot_pipeline.cohort`."""

from typing import Any

import dagster as dg

from assets.stage import Stage, stage_asset
from assets.summaries import markdown_table, picture, sentences
from pilot_pipeline.charts.plots import love_plot, power_plot
from pilot_pipeline.cohort.balance import balance_table
from pilot_pipeline.cohort.detectable import achieved, mde_table, power_curves
from pilot_pipeline.cohort.opt_in import opt_in_parity
from pilot_pipeline.cohort.profile import cohort_profile
from pilot_pipeline.registration.design import read_design
from pilot_pipeline.registration.forming import form_or_keep
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
    formed = form_or_keep(
        design,
        warehouse.read("feeds.enrolments") if config.feeds.enrolments else None,
        warehouse.read("feeds.consents"),
        config,
        fixed_on=stage.fixed_on,
    )
    with warehouse.transaction():
        warehouse.write(MEMBERS.table, formed.members, columns=MEMBERS.types)
        warehouse.write(FACTS.table, formed.facts, columns=FACTS.types)
    balance = balance_table(formed.members, design.workforce, config)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(formed.members),
            "pairs": int(formed.members["pair_id"].nunique()),
            "judging_clusters": int(formed.members["cluster"].nunique()),
            "love_plot": picture(love_plot(balance)),
            "balance": markdown_table(balance),
            "relaxations": sentences(formed.stated("relaxed")),
            "remarks": sentences(formed.stated("warning", "explanation", "note")),
        }
    )


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


@stage_asset(group="cohort", described=PROFILE, deps=["cohort_members", "consents"])
def cohort_profile_(stage: Stage) -> dg.MaterializeResult[Any]:
    """Describe participants beside controls and workforce, small groups suppressed."""
    design = read_design(stage.warehouse, stage.pilot)
    config, consents = stage.pilot.config, stage.warehouse.read("feeds.consents")
    minimum = config.privacy.min_group_size
    profile = cohort_profile(stage.warehouse.read(MEMBERS.table), design.workforce, minimum)
    stage.warehouse.write(PROFILE.table, profile, columns=PROFILE.types)
    day = design.lock.locked_on if design.lock else stage.fixed_on or config.pilot.starts_on
    parity = opt_in_parity(design.workforce, consents, config.fairness.attributes, minimum, day)
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": len(profile),
            "profile": markdown_table(profile),
            "opt_in_parity": markdown_table(parity),
        }
    )


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
