"""The effects among pairs in which everything went as designed, beside those of all pairs; incidents are `exposure`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from pilot_pipeline.closeout.exposure import ExposureInputs
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.kpis.results import KpiResult
from pilot_pipeline.kpis.scoring import KpiInputs, score_kpis

PROTOCOL_COLUMNS = ("kpi", "analysis", "n_pairs", "effect", "ci_low", "ci_high", "p_manager", "note")


def per_protocol(
    inputs: KpiInputs, exposure: ExposureInputs, results: Sequence[KpiResult], config: PilotConfig
) -> pd.DataFrame:
    """Score the effects once more without pairs in which a control used the tool, or a participant never did, or
    anybody changed managers or left.

    Args:
        inputs: what the KPIs were scored from.
        exposure: see there.
        results: those of all locked pairs (intention to treat).
        config: the pilot's.

    Returns:
        `PROTOCOL_COLUMNS`, two rows per measured effect KPI: analysis 'intention to treat', which leads, and 'per
        protocol', which describes. The second has no figures where so few pairs were left out that its difference from
        the first would tell about them.
    """
    effects = [result for result in results if result.kind == "effect" and result.measured]
    kept = _as_designed(exposure)
    all_pairs = int(exposure.members["pair_id"].nunique())
    pairs = int(kept["pair_id"].nunique())
    left_out, least = all_pairs - pairs, exposure.min_group
    rows: list[tuple[object, ...]] = []
    scored: dict[str, KpiResult] = {}
    if effects and left_out >= least and pairs >= least:
        scored = {one.kpi: one for one in score_kpis(replace(inputs, members=kept), config, effects[0].label)}
    for result in effects:
        rows.append(_figures(result, "intention to treat", "All locked pairs, whatever happened: this leads."))
        again = scored.get(result.kpi)
        if left_out == 0:
            rows.append(_figures(result, "per protocol", "Every pair went as designed: the same figures."))
        elif again is not None and again.measured:
            rows.append(_figures(again, "per protocol", f"{left_out} pairs left out; chosen after the fact."))
        else:
            few = f"Fewer than {least} pairs would be left out; the difference would tell about them."
            note = few if left_out < least else "Too few pairs are left."
            rows.append((result.kpi, "per protocol", None, None, None, None, None, note))
    kinds = {**dict.fromkeys(PROTOCOL_COLUMNS[3:7], "float64"), "n_pairs": "Int64"}
    return pd.DataFrame(rows, columns=list(PROTOCOL_COLUMNS)).astype(kinds)


def _as_designed(exposure: ExposureInputs) -> pd.DataFrame:
    """Return the members whose pair, if they have one, went as designed."""
    members = exposure.members
    person = members["employee_id"]
    used = person.isin(exposure.users)
    off = ((members["arm"] == "pilot") != used) | person.isin(exposure.moved | exposure.left)
    broken = members.loc[off & members["pair_id"].notna(), "pair_id"]
    return members[members["pair_id"].notna() & ~members["pair_id"].isin(broken)]


def _figures(result: KpiResult, analysis: str, note: str) -> tuple[object, ...]:
    shown = result.shown
    measures = (shown.effect, shown.ci_low, shown.ci_high, shown.p_manager)
    return result.kpi, analysis, result.n_pairs, *measures, note
