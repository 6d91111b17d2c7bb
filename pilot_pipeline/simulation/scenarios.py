"""What may be true about a coaching tool, as data: the planted truths of the synthetic company; no drawing here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType


@dataclass(frozen=True)
class Scenario:
    """One planted truth.

    Attributes:
        name: What `pilot demo --scenario` takes.
        description: One sentence for people.
        expected: What a sound pipeline concludes: a decision, or `blocked` where go-live must not happen.
        behaviour_effect: Manager-observed change caused by the tool, in score points on the 1 to 5 scale.
        prep_reduction: Preparation time saved by the tool, as a share of the baseline minutes.
        adoption: Chance that a participant is active in week 1.
        adoption_kept: Share of that chance which survives from one week to the next.
        completion: Chance that an assigned module is completed by someone who keeps using the tool.
        pulse: Expected answer to a pulse question, 1 to 5.
        steering: Share of recommendations decided by gender (women to communication, men to strategy).
        exposure: Share of the participants' team mates who use the tool although they should not.
        broken_hierarchy: Whether the HRIS export has a cycle, orphans, duplicate ids and unmapped roles.
    """

    name: str
    description: str
    expected: str
    behaviour_effect: float = 0.5
    prep_reduction: float = 0.26
    adoption: float = 0.95
    adoption_kept: float = 0.997
    completion: float = 0.82
    pulse: float = 4.0
    steering: float = 0.0
    exposure: float = 0.0
    broken_hierarchy: bool = False


_EFFECTIVE = Scenario("effective", "The tool works about as well as its vendor says, and people use it.", "go")

_ALL = (
    _EFFECTIVE,
    Scenario(
        "useless",
        "People use the tool and like it a little; it changes nothing.",
        "no_go",
        behaviour_effect=0.0,
        prep_reduction=0.0,
        pulse=3.7,
    ),
    replace(
        _EFFECTIVE,
        name="unused",
        description="People learn from the tool in the first weeks, then stop opening it.",
        expected="reconfigure",
        adoption=0.85,
        adoption_kept=0.8,
        completion=0.45,
        pulse=3.3,
    ),
    replace(
        _EFFECTIVE,
        name="half",
        description="Behaviour improves as the vendor says; managers save no preparation time.",
        expected="reconfigure",
        prep_reduction=0.0,
    ),
    Scenario(
        "harmful",
        "The tool makes the observed behaviour worse and costs managers time.",
        "no_go",
        behaviour_effect=-0.5,
        prep_reduction=-0.1,
        adoption=0.85,
        completion=0.6,
        pulse=2.8,
    ),
    replace(
        _EFFECTIVE,
        name="biased",
        description="The tool works, but sends women to communication and men to strategy.",
        expected="blocked",
        steering=0.5,
    ),
    replace(
        _EFFECTIVE,
        name="contaminated",
        description="The tool works, and a third of the participants' team mates use it too.",
        expected="reconfigure",
        exposure=0.35,
    ),
    replace(
        _EFFECTIVE,
        name="broken-hris",
        description="The tool works, but the HRIS export is not fit to match people on.",
        expected="blocked",
        broken_hierarchy=True,
    ),
)

SCENARIOS: Mapping[str, Scenario] = MappingProxyType({scenario.name: scenario for scenario in _ALL})
"""Every scenario by name, in the order in which they are explained."""
