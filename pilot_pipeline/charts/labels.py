"""How KPIs, arms, covariates and feeds are called in front of people; no number is computed or formatted here."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pilot_pipeline.config.kpi_catalogue import KPI_CATALOGUE, SHARE, KpiDefinition

Catalogue = Mapping[str, KpiDefinition]
"""KPIs by their keys: the five, or those of a pilot that declares further ones."""

ARM_LABELS: Mapping[str, str] = MappingProxyType({"pilot": "Pilot", "control": "Control"})

LEVER_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "manager_time": "Manager time",
        "attrition": "Voluntary attrition",
        "performance": "Performance",
        "total_without_attrition": "Net, without attrition",
        "total": "Net, all levers",
    }
)

CHECKPOINT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "hris_feed": "HRIS feed",
        "sso_matrix": "Single sign-on",
        "pathways": "Coaching pathways",
        "synthetic_audit": "Synthetic bias audit",
    }
)

VERDICT_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "bias_found": "bias found",
        "no_evidence": "no evidence of bias",
        "underpowered": "too few people to tell",
        "not_testable": "not testable",
    }
)


_ACRONYMS = {"hr": "HR", "hris": "HRIS", "sso": "SSO", "kpi": "KPI"}


def plain(name: str) -> str:
    """Return a column-like name as words: `age_band` becomes `Age band`."""
    words = [_ACRONYMS.get(word, word) for word in name.replace("_", " ").split()]
    return " ".join(words)[:1].upper() + " ".join(words)[1:]


def kpi_label(kpi: str, catalogue: Catalogue = KPI_CATALOGUE) -> str:
    """Return a KPI's name for people; a KPI we do not know keeps its own words."""
    return catalogue[kpi].label if kpi in catalogue else plain(kpi)


def is_share(kpi: str, catalogue: Catalogue = KPI_CATALOGUE) -> bool:
    """Whether a KPI's values are shares, shown as per cent."""
    return kpi in catalogue and catalogue[kpi].unit == SHARE


def kpi_order(kpis: list[str], catalogue: Catalogue = KPI_CATALOGUE) -> list[str]:
    """Return the KPIs in the order of the catalogue, unknown ones after them by name."""
    known = list(catalogue)
    return sorted(set(kpis), key=lambda kpi: (known.index(kpi) if kpi in known else len(known), kpi))
