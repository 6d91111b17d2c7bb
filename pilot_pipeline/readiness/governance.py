"""Governance written down before launch (R17, R18): five answers, an owner, a brief; consent by person is `consent`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.readiness.results import Requirement, counted, listed

QUESTIONS = {
    "data_collected": "what is collected",
    "who_can_access": "who can access it",
    "retention": "how long it is kept",
    "influence_on_pay_or_termination": "its influence on pay and termination",
    "contract_end": "what happens at the contract's end",
}
"""The five questions by their key under governance.answers."""

_NO_ANSWER = re.compile(
    r"\W*(tbd|tba|tbc|todo|to do|to be (defined|decided|confirmed)|n/?a|pending|unknown|xxx+)?\W*", re.I
)
_DAYS = re.compile(r"\b(\d+)[- ]days?\b", re.I)


def check_governance(config: PilotConfig) -> tuple[Requirement, ...]:
    """Return what governance demands of the configuration alone.

    An answer is blank when it holds no word, or only a placeholder such as TBD or n/a. That the retention answer
    agrees with privacy.retention_days is a warning, for the answer is free text.
    """
    governance = config.governance
    answers = governance.answers.model_dump()
    blank = [QUESTIONS[key] for key in QUESTIONS if _is_blank(answers[key])]
    owner = not _is_blank(governance.data_owner)
    published = governance.privacy_brief_published_on
    return (
        Requirement(
            "governance_answers",
            "3 governance",
            not blank,
            "error",
            f"{counted(len(blank), 'governance answer')} blank: {listed(blank)}; write under governance.answers."
            if blank
            else "The five governance answers are written down.",
        ),
        Requirement(
            "data_owner",
            "3 governance",
            owner,
            "error",
            "A data owner is named." if owner else "No data owner is named; set governance.data_owner.",
        ),
        Requirement(
            "privacy_brief",
            "3 governance",
            published is not None,
            "error",
            f"The privacy brief was published on {published}."
            if published
            else "The privacy brief has no publication date; set governance.privacy_brief_published_on.",
        ),
        _retention(answers["retention"], config.privacy.retention_days),
    )


def _is_blank(answer: str) -> bool:
    return _NO_ANSWER.fullmatch(answer.strip()) is not None


def _retention(answer: str, days: int) -> Requirement:
    named: Sequence[int] = [int(number) for number in _DAYS.findall(answer)]
    agrees = not named or days in named
    detail = (
        f"Data are deleted {days} days after close-out."
        if agrees
        else f"The retention answer names {listed([str(n) for n in named])} days, privacy.retention_days says {days}."
    )
    return Requirement("retention", "3 governance", agrees, "warn", detail)
