"""Every refusal of the software as one plain sentence; nothing here decides when to refuse."""

from __future__ import annotations

from difflib import get_close_matches


class PilotError(Exception):
    """A refusal that a person can act on; `exit_code` is what the command line returns for it."""

    exit_code = 2


class BadInput(PilotError):
    """Something a person typed or fed in cannot be used as it is."""


class NotReady(PilotError):
    """Readiness blocks: the input is understood, and the answer is no."""

    exit_code = 1


def nearest(word: str, known: list[str]) -> str:
    """Return ` Did you mean 'x'?`, or nothing when no known word is near."""
    near = get_close_matches(word, known, n=1, cutoff=0.6)
    return f" Did you mean '{near[0]}'?" if near else ""
