"""What may be true about a tool and its pilot, as data; drawing pilots from it is `drawing`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from pilot_pipeline.charts.labels import kpi_label
from pilot_pipeline.closeout.formats import percent
from pilot_pipeline.cohort.power import MANAGER_SD
from pilot_pipeline.config.models import PilotConfig

FINE_ADOPTION = 0.88
"""True adoption where adoption is not in question; a go asks for more active people than the target times n."""


@dataclass(frozen=True)
class Size:
    """A true effect: `sd` standard deviations of a pair difference, plus a share `of_target` of the KPI's target."""

    sd: float = 0.0
    of_target: float = 0.0


@dataclass(frozen=True)
class Truth:
    """One thing that may be true.

    Attributes:
        name: what `pilot simulate --truth` takes.
        description: one sentence for people.
        effect: of every effect KPI that `sizes` does not name.
        sizes: KPI to its own effect.
        adoption: chance that a participant is active in the deadline week.
        adoption_icc: how alike people of one manager are in that, as an intraclass correlation.
        completion, pulse: true means; people differ with `completion_sd` and `pulse_sd`.
        manager_sd: how much the effect differs between clusters of managers, in SDs of a pair difference.
        favouritism: what managers add to every participant's end score, in SDs of a pair difference.
        missing: share of pairs that lose each difference by chance, besides those the cohort lacks already.
        dropout: share of pairs that lose all differences because the participant gained little, and left.
        exposure: share of controls that use the tool and gain as participants do.
        exposure_seen: whether the events of these controls reach the pipeline.
        false_go: whether its share of go counts for `false_go_rate`: one required effect is zero, adoption is fine.
    """

    name: str
    description: str
    effect: Size = Size()
    sizes: Mapping[str, Size] = field(default_factory=dict)
    adoption: float = FINE_ADOPTION
    adoption_icc: float = 0.0
    completion: float = 0.80
    completion_sd: float = 0.35
    pulse: float = 4.0
    pulse_sd: float = 0.8
    manager_sd: float = MANAGER_SD
    favouritism: float = 0.0
    missing: float = 0.0
    dropout: float = 0.0
    exposure: float = 0.0
    exposure_seen: bool = True
    false_go: bool = False

    def size(self, kpi: str) -> Size:
        """Return the true effect on a KPI."""
        return self.sizes.get(kpi, self.effect)


USELESS = Truth("useless", "The tool changes nothing; people use it and like it.")
HALF = Truth("half", "Every effect is half of its target.", Size(of_target=0.5))
ON_TARGET = Truth("on_target", "Every effect is exactly its target.", Size(of_target=1.0))
GOOD = Truth("good", "Every effect is 0.6 SD of a pair difference.", Size(0.6))
VERY_GOOD = Truth("very_good", "Every effect is 0.8 SD of a pair difference.", Size(0.8))
HARMFUL = Truth("harmful", "Every effect is -0.5 SD: the tool makes things worse.", Size(-0.5))

_OTHERS = (
    replace(
        VERY_GOOD,
        name="uneven_managers",
        description="Very good on average; the effect differs by manager with an SD of 0.5.",
        manager_sd=0.5,
    ),
    replace(
        VERY_GOOD,
        name="clustered_adoption",
        description="Very good; people of one manager use it together or not at all (ICC 0.2).",
        adoption_icc=0.2,
    ),
    replace(
        VERY_GOOD,
        name="dropouts",
        description="Very good; one pair in seven is lost because the participant gained little.",
        dropout=0.15,
    ),
    replace(
        VERY_GOOD,
        name="contamination",
        description="Very good; one control in five uses the tool, and is seen.",
        exposure=0.2,
    ),
    replace(
        VERY_GOOD,
        name="hidden_contamination",
        description="Very good; one control in five uses the tool through others' accounts.",
        exposure=0.2,
        exposure_seen=False,
    ),
)


def named_truths(config: PilotConfig) -> tuple[Truth, ...]:
    """Return every truth by which the rule is judged, for the targets and the required effects of this pilot."""
    low = max(config.kpis.adoption.target - 0.10, 0.0)
    nobody = f"{percent(low)} use it"
    return (
        replace(USELESS, false_go=len(config.kpis.required_effects) < 2),
        replace(USELESS, name="all_fail", description=f"Useless, and only {nobody}.", adoption=low),
        *one_without_effect(config),
        replace(VERY_GOOD, name="unused", description=f"Very good, but only {nobody}.", adoption=low),
        *_favouritism(config),
        HARMFUL,
        HALF,
        ON_TARGET,
        GOOD,
        VERY_GOOD,
        *_OTHERS,
    )


def one_without_effect(config: PilotConfig) -> tuple[Truth, ...]:
    """Return the truths in which one required effect is zero, all others are very good and adoption is fine.

    With one required effect that is the useless tool itself.
    """
    required = config.kpis.required_effects
    if len(required) < 2:
        return ()
    return tuple(
        replace(
            VERY_GOOD,
            name=f"no_{kpi}",
            description=f"Very good, but {_inside(kpi_label(kpi, config.kpis.catalogue))} does not move.",
            sizes={kpi: Size()},
            false_go=True,
        )
        for kpi in required
    )


def _inside(label: str) -> str:
    """Return a label as it reads inside a sentence; an abbreviation keeps its capitals."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def by_name(truths: Sequence[Truth]) -> dict[str, Truth]:
    """Return the truths by what `--truth` takes."""
    return {truth.name: truth for truth in truths}


def _favouritism(config: PilotConfig) -> tuple[Truth, ...]:
    """Managers know who has the tool, and they give the scores: no test can tell that from an effect."""
    if "behaviour_change" not in config.kpis.required_effects:
        return ()
    favoured = replace(
        VERY_GOOD,
        name="favouritism",
        description="Behaviour does not move, and managers score participants 0.3 SD too high.",
        sizes={"behaviour_change": Size()},
        favouritism=0.3,
    )
    return (favoured,)
