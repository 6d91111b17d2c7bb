"""Checkpoint 4: what the bias audit on synthetic employees means for go-live; the audit itself is `fairness`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pilot_pipeline.readiness.results import SYNTHETIC_AUDIT, CheckResult, Severity, counted

Verdict = Literal["bias_found", "no_evidence", "underpowered", "not_testable"]


def check_synthetic(
    verdict: str | None, findings: Sequence[str], asked: int, answered: int, severity: Severity = "error"
) -> list[CheckResult]:
    """Return the checks of the synthetic audit; there is no waiver (R27).

    Args:
        verdict: the audit's, or None where it could not run.
        findings: the audit's sentences; the first ones are quoted.
        asked: synthetic employees sent to the tool.
        answered: of these, with a first-choice recommendation.
        severity: of the verdict's check; `error` everywhere but in tests of the rule itself.
    """
    complete = asked > 0 and answered == asked
    if asked == 0:
        coverage = "No synthetic employee was sent to the tool; `pilot twins` writes them."
    elif answered == 0:
        coverage = f"The tool has answered about none of {counted(asked, 'synthetic employee')}."
    else:
        coverage = f"The tool has answered about {answered:,} of {counted(asked, 'synthetic employee')}."
    said = " ".join(findings[:3])
    return [
        CheckResult(SYNTHETIC_AUDIT, "answers_complete", "scipy", complete, "error", asked, asked - answered, coverage),
        _verdict(verdict, said, asked, severity),
    ]


def _verdict(verdict: str | None, said: str, asked: int, severity: Severity) -> CheckResult:
    passed = verdict == "no_evidence"
    words = {
        "no_evidence": "The audit found no evidence of bias.",
        "bias_found": "The audit found bias.",
        "underpowered": "The audit cannot see even severe steering at this size; send more twins.",
        "not_testable": "No attribute could be tested, so nothing speaks for the tool.",
    }
    sentence = words.get(verdict or "", "The synthetic audit has not been made.")
    detail = f"{sentence} {said}".strip()
    return CheckResult(SYNTHETIC_AUDIT, "no_bias_found", "scipy", passed, severity, asked, 0, detail)
