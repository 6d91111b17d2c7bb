"""What the scoring of every KPI shares: the design, a blank result, and filling one in; nothing is estimated here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeGuard

import numpy as np
import numpy.typing as npt
import pandas as pd

from pilot_pipeline.config.kpi_catalogue import KpiDefinition
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.kpis.effects import EffectEstimate
from pilot_pipeline.kpis.estimators import ShareEstimate
from pilot_pipeline.kpis.results import KpiResult, Label


@dataclass(frozen=True)
class Design:
    """What every KPI shares: the locked pairs, the adoption denominator, the configuration, the label."""

    pairs: pd.DataFrame
    pilots: pd.DataFrame
    config: PilotConfig
    label: Label
    through: int

    @property
    def seed(self) -> int:
        """The seed of everything that is drawn."""
        return self.config.cohort.seed

    @property
    def fewest(self) -> int:
        """Fewest people or pairs whose summary may be published at all."""
        return max(3, self.config.privacy.min_group_size)

    def count(self, people: int) -> str:
        """Word a number of people, without telling it where it is too small to tell."""
        least = self.config.privacy.min_group_size
        return str(people) if people >= least else f"fewer than {least}"

    def blank(self, kpi: str) -> KpiResult:
        """Return a KPI's result before anything was measured; its target as more being better would have it."""
        told, wanted = self.config.kpis.catalogue[kpi], self.config.kpis.of(kpi)
        return KpiResult(
            kpi,
            told.kind,
            target_of(told, wanted.target),
            declared=told if told.further else None,
            n_pairs=len(self.pairs),
            n_managers=int(self.pairs["cluster"].nunique()),
            label=self.label,
            required=told.kind == "effect" and wanted.required,
            missing=1.0 if told.kind == "effect" else None,
        )


def target_of(told: KpiDefinition, target: float) -> float:
    """Return a target as more being better would have it: an effect's is how much better, so it stays as it is."""
    return target if told.kind == "effect" else told.result_sign * target


def with_effect(result: KpiResult, found: EffectEstimate) -> KpiResult:
    """Return a blank result of an effect KPI with its estimate filled in; judging it is `results.judge`'s work."""
    return replace(
        result,
        actual=found.effect,
        effect=found.effect,
        ci_low=_known(found.ci_low),
        ci_high=_known(found.ci_high),
        p_pair=found.p_pair,
        p_manager=found.p_manager,
        p_harm=found.p_harm,
        upper90=_known(found.upper90),
        missing=1 - found.n_complete / result.n_pairs,
        unadjusted=found.unadjusted,
        unit_effect=found.unit_effect,
        se=_known(found.se),
        sd_pair=found.sd_pair,
        n=2 * found.n_complete,
    )


def with_share(result: KpiResult, found: ShareEstimate) -> KpiResult:
    """Return a blank result of a share of people with its estimate filled in."""
    return replace(
        result,
        actual=found.share,
        ci_low=found.ci_low,
        ci_high=found.ci_high,
        clustered_low=found.clustered_low,
        clustered_high=found.clustered_high,
    )


def unmeasured(result: KpiResult, why: str) -> KpiResult:
    """Return a blank result that says why it stays blank."""
    return replace(result, notes=(why,))


def person_clusters(pilots: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return the judging cluster per person; someone without a pair belongs to a cluster of their manager."""
    cluster = pilots["cluster"].astype("Int64").astype("string")
    return pd.factorize(cluster.fillna(pilots["manager_id"].astype("string")))[0].astype(np.int64)


def present(frame: pd.DataFrame | None) -> TypeGuard[pd.DataFrame]:
    """Whether there is a frame with rows."""
    return frame is not None and not frame.empty


def _known(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
