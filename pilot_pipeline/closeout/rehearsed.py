"""What a rehearsal may claim: it names the verdict that simulated outcomes would get, and decides nothing."""

from __future__ import annotations

from dataclasses import replace

from pilot_pipeline.closeout.gate import Verdict
from pilot_pipeline.config.sourcing import RehearsalSection

NOTICE = (
    "This is a rehearsal: the people come from an HRIS export, everything they do in the pilot is simulated. It shows "
    "what a pilot here could show, and decides nothing about a tool."
)
_WOULD = {"go": "go", "no_go": "no-go", "reconfigure": "reconfigure"}


def as_rehearsal(verdict: Verdict, rehearsal: RehearsalSection | None) -> Verdict:
    """Return the verdict as it is, or, in a rehearsal, as reasons of one that is directional and never a go or no-go.

    The published vocabulary has no word for a rehearsal: `reconfigure`, `directional` is what cannot be mistaken for a
    decision, and the first reason says what it is.
    """
    if rehearsal is None:
        return verdict
    if verdict.label == "interim":
        return replace(verdict, reasons=(NOTICE, *verdict.reasons))
    would = f"On the simulated outcomes the rule would have said {_WOULD[verdict.decision]} ({verdict.label})."
    reasons = (NOTICE, would, *verdict.reasons, *verdict.conditions)
    return replace(verdict, decision="reconfigure", label="directional", reasons=reasons, conditions=())


def rehearsal_facts(rehearsal: RehearsalSection | None) -> tuple[str, ...]:
    """Say which columns of the population are real and which are simulated; nothing where this is no rehearsal."""
    if rehearsal is None:
        return ()
    kept, simulated = (", ".join(names).replace("_", " ") for names in (rehearsal.kept, rehearsal.simulated))
    return (
        f"From the export, {rehearsal.people:,} people: {kept}.",
        f"Simulated: {simulated + '; ' if simulated else ''}consents, sign-ins, use of the tool, observations, "
        "preparation time, pulse, recommendations, reported issues and results.",
        *(
            ("Managers are simulated, so which pairs share a manager rests on invented teams.",)
            if "manager_id" in rehearsal.simulated
            else ()
        ),
    )
