"""The scorecard's standing sentences: what a verdict, a label and a KPI mean, and what no pilot can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Headline:
    """A verdict in words: the one word, what it means, and what happens next."""

    word: str
    tone: str
    meaning: str
    next_step: str


HEADLINES: Mapping[str, Headline] = MappingProxyType(
    {
        "go": Headline(
            "Go",
            "go",
            "The tool did what it was bought for, and the evidence would carry it in front of a critic.",
            "Roll out as piloted, keep the weekly bias audit running, and compare the rollout with this page.",
        ),
        "no_go": Headline(
            "No-go",
            "no-go",
            "The evidence speaks against a rollout. Finding that out with a few dozen people, before everyone, is what "
            "a pilot is for.",
            "Do not roll out. End the pilot as agreed at the contract's end, and delete its data on the agreed day.",
        ),
        "reconfigure": Headline(
            "Reconfigure",
            "reconfigure",
            "The pilot succeeded: it found what has to change while changing it is still cheap. This is neither a no "
            "to the tool nor a yes to a rollout.",
            "Mend what is named below, lock the plan again, and repeat the measurement.",
        ),
    }
)
INTERIM = Headline(
    "No verdict yet",
    "interim",
    "The pilot is still running. Every figure on this page is interim and may turn.",
    "Nothing is decided on interim figures: the verdict falls after the last week.",
)

REHEARSAL = Headline(
    "Rehearsal",
    "interim",
    "A simulated pilot among an organisation's own people. It shows what a pilot here could show, and decides nothing.",
    "Invite volunteers, lock the real plan before the tool is configured, and put the real feeds in place of these.",
)

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "confirmatory": "KPIs, targets, cohort and decision rule were locked before the tool was configured, and "
        "nothing was changed afterwards.",
        "directional": "A condition of a confirmatory result does not hold, so the figures point in a direction and "
        "prove nothing. A go is impossible on directional evidence.",
        "interim": "The pilot is not over. No confirmatory result exists before the close-out.",
    }
)

EVIDENCE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "met": ("reached", "good"),
        "not_met": ("below target", "bad"),
        "harm": ("harm", "bad"),
        "futile": ("out of reach", "bad"),
        "inconclusive": ("not proven", "open"),
        "not_measured": ("not measured", "open"),
    }
)

DESIGNS: Mapping[str, str] = MappingProxyType(
    {
        "matched_control": "Volunteers used the tool; each was matched to a colleague who did not.",
        "matched_pair_randomised": "Volunteers were paired; a seeded coin decided who of each pair used the tool.",
    }
)

_ALWAYS = (
    "Mild steering of recommendations is easily missed at this size; only a strong dependence on a group will show.",
    "Twins cannot see proxy bias, and a tool that never receives an attribute passes that test trivially.",
    "Being observed changes behaviour (Hawthorne effect). Both arms were observed, and what that did is not measured.",
    "Controls share managers with participants. What a trained manager passes on makes the effect look smaller.",
    "Twelve or sixteen weeks do not show whether use and effect last once the tool is no longer new.",
    "Attrition is far too rare to be judged in one pilot: its interval is shown, and nothing is decided on it.",
)
_BY_DESIGN: Mapping[str, str] = MappingProxyType(
    {
        "matched_control": "Participants volunteered and controls did not. A difference in motivation that no record "
        "holds would look like an effect of the tool.",
        "matched_pair_randomised": "Only volunteers were drawn. The effect on people who would not volunteer is not "
        "measured.",
    }
)


def standing_limits(design: str) -> tuple[str, ...]:
    """Return what a pilot of this design cannot show, whatever its figures are."""
    own = _BY_DESIGN.get(design)
    return (*((own,) if own else ()), *_ALWAYS)
