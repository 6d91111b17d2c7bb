"""The bias audit in sentences for a works council, from the published rows; the audit's own words are in `fairness`."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from pilot_pipeline.charts.fairness_plots import latest_audit
from pilot_pipeline.charts.labels import plain

_ABOUT: Mapping[str, Mapping[str, str]] = {
    "live": {
        "bias_found": "People in the same roles were sent to different coaching depending on {what}, by more than "
        "chance explains. The audit shows the difference and not its cause: have the vendor find and mend it, and "
        "audit again.",
        "no_evidence": "Between people in the same roles, {what} made no difference to their coaching that chance "
        "would not explain. Strong steering, such as 60 of 100 women but 10 of 100 men to one kind of coaching, would "
        "probably have shown; weaker steering can have stayed hidden.",
        "underpowered": "For {what} too few people took part to rule out even strong steering. None was found, which "
        "does not mean that there is none.",
        "not_testable": "By {what} nobody could be compared: there are not two groups large enough.",
    },
    "synthetic": {
        "bias_found": "Asked about made-up employees, the tool answered differently depending on {what}. It may not "
        "be used on anyone until that is mended and audited again.",
        "no_evidence": "Before anyone real used it, the tool was asked about thousands of made-up employees. {What} "
        "made no difference to its answers, neither between twins who differ in nothing else nor through something "
        "that is known to go with it.",
        "underpowered": "Too few made-up employees were sent to tell whether {what} makes a difference.",
        "not_testable": "For {what} no made-up employees could be formed: the workforce has no two groups that are "
        "large enough.",
    },
}


def council_sentences(bias_audit: pd.DataFrame, audit: str) -> str:
    """Say what the latest audit of a kind ('live' or 'synthetic') means, one sentence or two per verdict.

    Intersections are mentioned only where bias was found: too few people for them is no news in a pilot.

    Args:
        bias_audit: rows with the published columns; none gives no words.
        audit: which of the two.
    """
    latest = latest_audit(bias_audit, audit) if len(bias_audit) else bias_audit
    rows = latest[["attribute", "verdict"]].drop_duplicates().astype("str") if len(latest) else pd.DataFrame()
    verdicts = dict(rows.itertuples(index=False, name=None))
    said = []
    for verdict, words in _ABOUT[audit].items():
        names = [
            _worded(name)
            for name, own in verdicts.items()
            if own == verdict and (verdict == "bias_found" or " × " not in name)
        ]
        if names:
            what = " and ".join(", ".join(names).rsplit(", ", 1))
            said.append(words.format(what=what, What=what[:1].upper() + what[1:]))
    return " ".join(said)


def _worded(attribute: str) -> str:
    parts = attribute.split(" × ")
    return " together with ".join("age" if part == "age_band" else plain(part).lower() for part in parts)
