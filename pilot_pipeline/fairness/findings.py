"""Every sentence that an audit says, in one place; it decides nothing and names no group below the minimum."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import pandas as pd

from pilot_pipeline.fairness.result import Verdict

MILD = (
    "Severe steering means 60 against 10 and 5 against 55 per cent on two pathways; mild steering is easily missed: "
    "half that difference shows at the first recommendation in 11 to 29 of 100 pilots of 20 to 50 people, and more "
    "weeks help only where a person's recommendations vary."
)
TWINS_LIMIT = (
    "Twins differ in the attribute alone: they cannot see steering by something that goes with it, and they pass "
    "trivially when the tool never receives the attribute."
)
PROXY_LIMIT = (
    "The correlated population carries what goes with an attribute beyond chance among the real people of a role; a "
    "tool that reads such a feature is found by it, whether or not the feature is a fair reason."
)
SKIPPED_POPULATION = "Proxy bias was not audited: the answers do not cover the correlated population."
NOTHING_YET = "No recommendation has been issued to the audited people yet."
ONE_PATHWAY = "Fewer than two pathways were recommended or listed, so there is nothing to compare."


def sentence(row: Mapping[Hashable, Any], alpha: float, minimum: int) -> str:
    """Say one attribute's verdict, with its numbers."""
    name = str(row["attribute"]).replace("_", " ")
    verdict: Verdict = row["verdict"]
    if verdict == "not_testable":
        return f"{name}: not testable, there are not two groups of {minimum} or more to compare."
    family = f"family p {_p(row['q_value'])}"
    if verdict == "bias_found" and str(row["level"]).startswith("proxy"):
        return f"{name}: bias found, by proxy ({family}, the line is {alpha:g}); twins alone do not show it."
    if verdict == "bias_found":
        return f"{name}: bias found ({family}, the line is {alpha:g}). {_where(row)}"
    if verdict == "no_evidence":
        return (
            f"{name}: no evidence of steering ({family}; severe steering would be seen with power {row['power']:.2f})."
        )
    return (
        f"{name}: nothing found, but too little data to rule out even severe steering "
        f"({family}; power {row['power']:.2f}, .80 is needed)."
    )


def _where(row: Mapping[Hashable, Any]) -> str:
    if pd.isna(row["group_value"]):
        return "It cannot be said where, because the group concerned is too small to be shown."
    direction = "more" if row["z"] > 0 else "less"
    what = "theme" if str(row["level"]).endswith("theme") else "pathway"
    return (
        f"The largest difference: {row['group_value']} is sent to the {what} '{row['where']}' {direction} often than "
        "others in the same roles."
    )


def instability_sentence(row: Mapping[Hashable, Any]) -> str:
    """Say how often a twin's answer changes with the attribute, beyond the tool's own randomness."""
    name = str(row["attribute"]).replace("_", " ")
    own = f"the tool's own randomness changes {row['aa_flip_rate']:.1%}"
    return (
        f"{name}: {row['flip_rate']:.1%} of {int(row['sets'])} twin sets get another first choice when only this "
        f"changes, {own}; the excess is at most {max(row['excess_high'], 0):.2%} (one-sided 95 % bound)."
    )


def proxy_sentence(row: Mapping[Hashable, Any], alpha: float) -> str:
    """Say what the correlated population shows about one attribute."""
    name = str(row["attribute"]).replace("_", " ")
    family = f"family p {_p(row['q_value'])}"
    if row["q_value"] <= alpha:
        return (
            f"{name}: bias found in the correlated population ({family}): the tool goes by {name} or by something that "
            f"goes with it. {_where(row)}"
        )
    return f"{name}: no evidence of steering by proxy in the correlated population ({family})."


def pooled_sentence(attribute: str, minimum: int, tested: bool) -> str:
    """Say what became of the groups that are too small, without naming them."""
    name = attribute.replace("_", " ")
    if tested:
        return f"{name}: groups of fewer than {minimum} people are tested together, as 'other'."
    return f"{name}: groups of fewer than {minimum} people are not testable, not even together."


def legitimate_sentences(names: Sequence[str], *, live: bool) -> tuple[str, ...]:
    """Say what was declared a fair reason, and how the audit treats it; nothing where nothing was declared."""
    if not names:
        return ()
    listed = " and ".join(_FEATURES[name] for name in names)
    declared = f"Declared fair reasons: {listed}."
    if not live:
        return (f"{declared} They go with no attribute in the synthetic population, so going by them is not found.",)
    held = [name for name in names if name != "skills"]
    how = (
        f"People are compared within their role and alike in {' and '.join(_FEATURES[name] for name in held)}."
        if held
        else ""
    )
    loose = "Skills cannot be held constant among so few people." if "skills" in names else ""
    return (" ".join(part for part in (declared, how, loose) if part),)


_FEATURES = {
    "location": "place of work",
    "performance_score": "rating",
    "skills": "skills",
    "tenure_years": "tenure",
}


def _p(value: float) -> str:
    return "below .001" if value < 0.001 else f"{value:.3f}"
