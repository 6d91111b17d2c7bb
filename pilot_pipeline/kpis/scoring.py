"""Scores the KPIs of a pilot from person-level frames, in their order; which rows count at all was decided before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.kpis.effects import behaviour_effect, prep_time_effect
from pilot_pipeline.kpis.estimators import adoption_estimate, completion_interval, pulse_estimate
from pilot_pipeline.kpis.filling import Design, person_clusters, present, unmeasured, with_effect, with_share
from pilot_pipeline.kpis.further import score_further
from pilot_pipeline.kpis.interim import repeated_interval
from pilot_pipeline.kpis.pairs import behaviour_differences, by_pair, locked_pairs, prep_time_differences
from pilot_pipeline.kpis.results import KpiResult, Label, judge


@dataclass(frozen=True)
class KpiInputs:
    """Person-level frames behind the KPIs; None or empty where the feed is switched off.

    members: cohort_members. adoption: week_no, employee_id, active (pilot arm; a person or week without a row was
    inactive, up to the latest week there). modules: employee_id, assigned, completed (counts, due by close-out).
    behaviour: employee_id, start_score, end_score, same_observer. prep: employee_id, before_minutes, during_minutes
    (per report and week). pulse: employee_id, week_no, score (the person's mean over items in that wave).
    further: kpi, employee_id, before_value, during_value (means of the person's values as they came in, NaN: missing).
    through_week: the latest finished week, for interim looks; None is the last week of the pilot.
    """

    members: pd.DataFrame
    adoption: pd.DataFrame | None = None
    modules: pd.DataFrame | None = None
    behaviour: pd.DataFrame | None = None
    prep: pd.DataFrame | None = None
    pulse: pd.DataFrame | None = None
    further: pd.DataFrame | None = None
    through_week: int | None = None


def score_kpis(inputs: KpiInputs, config: PilotConfig, label: Label) -> tuple[KpiResult, ...]:
    """Return one judged result per KPI, in the order of the configuration.

    `label` is what the lock and the calendar allow: confirmatory, interim or directional. Interim effects carry
    repeated confidence intervals instead of the close-out's 90 % ones, so that looking weekly misleads nobody.
    """
    pairs = locked_pairs(inputs.members)
    pilots = inputs.members.loc[inputs.members["arm"] == "pilot"]
    through = config.pilot.weeks if inputs.through_week is None else inputs.through_week
    design = Design(pairs, pilots, config, label, through)
    catalogue = config.kpis.catalogue
    results = [_SCORERS[kpi](inputs, design) for kpi in catalogue if kpi in _SCORERS]
    results += [score_further(inputs.further, design, told) for told in catalogue.values() if told.further]
    results = [_as_of_week(result, design) for result in results]
    return judge(results, config.decision)


def _adoption(inputs: KpiInputs, design: Design) -> KpiResult:
    frame = inputs.adoption
    kpi = design.config.kpis.adoption
    result = design.blank("adoption")
    if not present(frame) or design.pilots.empty:
        return unmeasured(result, "No tool events of a pilot week were read.")
    last = int(frame["week_no"].max())
    if last < kpi.by_week:
        return unmeasured(result, f"Week {kpi.by_week} is not finished; the latest one is week {last}.")
    people = design.pilots["employee_id"]
    active = frame.loc[frame["active"].astype("boolean").fillna(False).astype(bool), ["week_no", "employee_id"]]
    weekly = {week: set(ids) for week, ids in active.groupby("week_no")["employee_id"]}
    later = range(kpi.by_week + 1, last + 1)
    shares = [float(people.isin(weekly.get(week, set())).mean()) for week in later]
    found = adoption_estimate(
        people.isin(weekly.get(kpi.by_week, set())).to_numpy(),
        person_clusters(design.pilots),
        kpi.target,
        float(np.mean(shares)) if shares else None,
    )
    return replace(
        with_share(result, found), n=found.n, active=found.active, needed=found.needed, sustained=found.sustained
    )


def _completion(inputs: KpiInputs, design: Design) -> KpiResult:
    frame = inputs.modules
    result = design.blank("module_completion")
    if not present(frame):
        return unmeasured(result, "No module assignments were read.")
    assigned = frame.loc[(frame["assigned"] > 0) & frame["employee_id"].isin(design.pilots["employee_id"])]
    if len(assigned) < design.fewest:
        return unmeasured(result, f"Fewer than {design.fewest} participants have an assignment that is due.")
    share, ci = completion_interval(
        assigned["completed"].to_numpy(dtype=np.float64), assigned["assigned"].to_numpy(dtype=np.float64), design.seed
    )
    without = len(design.pilots) - len(assigned)
    notes = (f"Participants without an assignment that is due: {design.count(without)}.",) if without else ()
    return replace(result, actual=share, ci_low=ci.low, ci_high=ci.high, n=len(assigned), notes=notes)


def _behaviour(inputs: KpiInputs, design: Design) -> KpiResult:
    frame = inputs.behaviour
    result = design.blank("behaviour_change")
    if not present(frame):
        return unmeasured(result, "No manager observations were read.")
    pairs = behaviour_differences(design.pairs, frame)
    end, start, clusters, complete = pairs.end, pairs.start, pairs.clusters, pairs.complete
    if int(complete.sum()) < design.fewest:
        return unmeasured(result, f"Fewer than {design.fewest} pairs were observed in both waves.")
    found = behaviour_effect(end[complete], start[complete], clusters[complete], design.seed)
    same = complete & _both_same_observer(design.pairs, frame)
    changed = int(complete.sum() - same.sum())
    sensitivity = None
    if changed and int(same.sum()) >= design.fewest:
        sensitivity = behaviour_effect(end[same], start[same], clusters[same], design.seed).effect
    notes = (f"Pairs whose observer changed between the waves: {design.count(changed)}.",) if changed else ()
    filled = with_effect(result, found)
    return replace(filled, same_observer_effect=sensitivity, other_observers=changed, notes=notes)


def _prep_time(inputs: KpiInputs, design: Design) -> KpiResult:
    frame = inputs.prep
    result = design.blank("prep_time_reduction")
    if not present(frame):
        return unmeasured(result, "No preparation time was logged.")
    pairs = prep_time_differences(design.pairs, frame)
    complete, baseline = pairs.complete, pairs.baseline
    if int(complete.sum()) < design.fewest:
        return unmeasured(result, f"Fewer than {design.fewest} pairs have both a baseline and later weeks.")
    if baseline[complete].sum() <= 0:
        return unmeasured(result, "The baseline weeks hold no minutes, so there is nothing to reduce.")
    found = prep_time_effect(pairs.end[complete], baseline[complete], pairs.clusters[complete], design.seed)
    return with_effect(result, found)


def _pulse(inputs: KpiInputs, design: Design) -> KpiResult:
    frame = inputs.pulse
    kpi, result = design.config.kpis.pulse, design.blank("pulse")
    if not present(frame):
        return unmeasured(result, "No pulse answers were read.")
    waves = frame.loc[frame["week_no"].isin(kpi.weeks)].dropna(subset=["score"])
    finished = [week for week in sorted(set(kpi.weeks)) if week <= design.through]
    table = waves.pivot(index="employee_id", columns="week_no", values="score")
    table = table.reindex(index=design.pilots["employee_id"], columns=finished)
    scores = table.to_numpy(dtype=np.float64, na_value=np.nan)
    if int((~np.isnan(scores)).any(axis=1).sum()) < design.fewest:
        return unmeasured(result, f"Fewer than {design.fewest} participants answered a pulse.")
    found = pulse_estimate(scores, tuple(finished))
    return replace(
        result,
        actual=found.mean,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        n=found.respondents,
        response=found.response,
        worst=found.worst,
        best=found.best,
    )


_SCORERS: Mapping[str, Callable[[KpiInputs, Design], KpiResult]] = {
    "adoption": _adoption,
    "module_completion": _completion,
    "behaviour_change": _behaviour,
    "prep_time_reduction": _prep_time,
    "pulse": _pulse,
}


def _as_of_week(result: KpiResult, design: Design) -> KpiResult:
    """Put the repeated interval in the place of the final one while the pilot runs; none before the first look."""
    if design.label != "interim" or result.effect is None or result.se is None:
        return result
    alpha, weeks = design.config.decision.alpha, design.config.pilot.weeks
    ci = repeated_interval(result.effect, result.se, result.n_managers - 1, design.through, weeks, alpha=alpha)
    return replace(result, ci_low=ci.low if ci else None, ci_high=ci.high if ci else None)


def _both_same_observer(pairs: pd.DataFrame, people: pd.DataFrame) -> npt.NDArray[np.bool_]:
    pilot, control = by_pair(
        pairs, people.assign(same=people["same_observer"].astype("boolean").astype("Float64")), "same"
    )
    both: npt.NDArray[np.bool_] = (pilot == 1) & (control == 1)
    return both
