"""Why accounts cannot sign in, in the identity provider's words, cleaned of people; the matrix itself is `sso`."""

from __future__ import annotations

import re

import pandas as pd

from pilot_pipeline.privacy.addresses import without_addresses
from pilot_pipeline.readiness.results import listed

UNSTATED = "no reason given"
_LOCKED = re.compile(r"(?<![a-z])lock(?:ed|out)?(?![a-z])|accountlocked|\b50053\b", re.IGNORECASE)
_LONGEST = 60


def last_attempts(attempts: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return each account's last attempt, one row per value of `by` (columns occurred_at, event_id are needed)."""
    return attempts.sort_values(["occurred_at", "event_id"]).drop_duplicates(by, keep="last")


def locked(reasons: pd.Series) -> pd.Series:
    """Say for each reason whether it means a locked account: LOCKED_OUT, `account locked`, Entra's 50053."""
    text = reasons.fillna("").astype("str").str.replace("_", " ", regex=False)
    return text.str.contains(_LOCKED)


def in_words(reasons: pd.Series) -> str:
    """Count reasons, the most frequent first, without addresses and cut to a readable length: `LOCKED_OUT (2)`."""
    counts = (
        reasons.fillna(UNSTATED).value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    )
    return listed([f"{_clean(str(reason))} ({count})" for reason, count in counts.items()], most=3)


def _clean(reason: str) -> str:
    text = " ".join(without_addresses(reason).split())
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
