"""Asks the tool about synthetic employees (feed, HTTP, callable) and refuses what does not fit; it judges no answer."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPMessage
from typing import IO, Any, Protocol

import pandas as pd

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.errors import BadInput, NotReady
from pilot_pipeline.fairness.twins import for_tool

ANSWERS = ["synthetic_id", "pathway_id", "rank", "model_version"]
"""The columns of an answer."""

_LARGEST = 50_000_000  # bytes of one answer
_PIECE = 65_536
_WAITS = (429, 500, 502, 503, 504)


class Recommender(Protocol):
    """The tool, as far as the audit is concerned."""

    def answer(self, employees: pd.DataFrame) -> pd.DataFrame:
        """Recommend pathways for synthetic employees (`twins.SENT`); returns synthetic_id, pathway_id and rank."""
        ...


@dataclass(frozen=True)
class FeedRecommender:
    """Answers that somebody has put into the feed `synthetic_recommendations`."""

    frame: pd.DataFrame = field(repr=False)

    def answer(self, employees: pd.DataFrame) -> pd.DataFrame:
        """Return what the feed holds, whomever it is about."""
        return self.frame


@dataclass(frozen=True)
class FunctionRecommender:
    """A Python callable in place of a tool."""

    function: Callable[[pd.DataFrame], pd.DataFrame]

    def answer(self, employees: pd.DataFrame) -> pd.DataFrame:
        """Return what the callable says."""
        return self.function(employees)


@dataclass(frozen=True)
class HttpRecommender:
    """The tool itself: batches, a deadline per answer, retries with growing pauses, no redirects.

    Raises (from `answer`):
        BadInput: the address is no http(s) URL.
        NotReady: the tool is too slow, unreachable, refuses, or answers in another shape.
    """

    url: str = field(repr=False)
    batch_size: int = 200
    timeout_s: float = 30.0
    retries: int = 3
    pause: Callable[[float], None] = field(default=time.sleep, repr=False)

    def answer(self, employees: pd.DataFrame) -> pd.DataFrame:
        """Send the employees batch by batch and join the answers."""
        if not self.url.startswith(("http://", "https://")):
            raise BadInput("fairness.recommender.http must be an http:// or https:// address.")
        plain = employees.astype(object).where(employees.notna(), None)
        batches = [plain.iloc[start : start + self.batch_size] for start in range(0, len(plain), self.batch_size)]
        parts = [
            self._batch(batch.to_dict("records"), f"batch {number} of {len(batches)}")
            for number, batch in enumerate(batches, start=1)
        ]
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=ANSWERS)

    def _batch(self, records: list[dict[Any, Any]], place: str) -> pd.DataFrame:
        body = json.dumps({"employees": records}, default=str).encode()
        for attempt in range(self.retries + 1):
            try:
                return _parse(self._post(body, place), place)
            except _TryAgain as problem:
                if attempt == self.retries:
                    tries = "once" if attempt == 0 else f"{attempt + 1} times"
                    raise NotReady(
                        f"The recommender {problem} on {place} (asked {tries}); the audit cannot run."
                    ) from None
                self.pause(problem.wait_s or 0.5 * 2**attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _post(self, body: bytes, place: str) -> bytes:
        """Post once. The timeout of a socket starts anew with every byte, so the deadline is kept here as well."""
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        request = urllib.request.Request(self.url, data=body, headers=headers, method="POST")
        deadline = time.monotonic() + self.timeout_s
        slow = f"did not answer within {self.timeout_s:g} seconds"
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=self.timeout_s) as reply:
                return _read(reply, deadline, slow, place)
        except urllib.error.HTTPError as error:
            with error:
                if error.code in _WAITS:
                    wait = error.headers.get("Retry-After", "")
                    raise _TryAgain(f"answered with status {error.code}", _seconds(wait)) from None
                raise NotReady(
                    f"The recommender refused {place} with status {error.code}; the audit cannot run."
                ) from None
        except TimeoutError:
            raise _TryAgain(slow) from None
        except urllib.error.URLError as error:
            raise _TryAgain(slow if isinstance(error.reason, TimeoutError) else "could not be reached") from None
        except (HTTPException, OSError):
            raise _TryAgain("broke off its answer") from None


def recommender_for(config: PilotConfig, feed: pd.DataFrame | None) -> Recommender:
    """Return the configured recommender; `feed` holds the accepted rows of synthetic_recommendations, if any.

    Raises:
        NotReady: the feed is configured and there is no answer in it.
    """
    chosen = config.fairness.recommender
    if chosen.http is not None:
        return HttpRecommender(chosen.http, chosen.batch_size, chosen.timeout_s, chosen.retries)
    if feed is None or feed.empty:
        raise NotReady(
            "The feed synthetic_recommendations holds no answers: write the synthetic employees with "
            "`pilot twins --out FILE`, send them to the tool, and put its answers there."
        )
    return FeedRecommender(feed)


def ask(recommender: Recommender, twins: pd.DataFrame, pathways: pd.DataFrame | None) -> pd.DataFrame:
    """Ask about all synthetic employees, in their shuffled order, and check the answers; returns `ANSWERS`."""
    return check_answers(recommender.answer(for_tool(twins)), twins, pathways)


def check_answers(answers: pd.DataFrame, twins: pd.DataFrame, pathways: pd.DataFrame | None) -> pd.DataFrame:
    """Return the answers with `ANSWERS`, typed, or refuse them.

    Raises:
        NotReady: answers twice, drops some, are about others, name unknown pathways, or have ranks that are none.
    """
    missing = {"synthetic_id", "pathway_id"} - set(answers.columns)
    if missing:
        raise NotReady(f"The recommender's answers lack {' and '.join(sorted(missing))}.")
    frame = answers.reindex(columns=ANSWERS).reset_index(drop=True)
    rank = pd.to_numeric(frame["rank"], errors="coerce").astype("Float64")
    unreadable = frame["rank"].notna() & (rank.isna() | rank.lt(1) | rank.mod(1).ne(0)).fillna(True)
    if unreadable.any():
        raise NotReady(f"The recommender gave {int(unreadable.sum())} answers a rank that is not 1, 2, 3 and so on.")
    frame["rank"] = rank.fillna(1).astype("Int64")
    for column in ("synthetic_id", "pathway_id", "model_version"):
        frame[column] = frame[column].astype("str")
    _complete(frame, twins)
    _known(frame, pathways)
    return frame


def _complete(frame: pd.DataFrame, twins: pd.DataFrame) -> None:
    """Refuse answers about others, double ones and missing ones, the most telling sentence first."""
    wanted = pd.Index(twins["synthetic_id"])
    total = len(wanted)
    answered = wanted.isin(frame.loc[frame["rank"] == 1, "synthetic_id"])
    if total and not answered.any():
        raise NotReady(
            f"None of the {total} synthetic employees has an answer; these answers are about others. "
            "Run `pilot twins` again and send the new file to the tool."
        )
    strangers = ~frame["synthetic_id"].isin(wanted)
    if strangers.any():
        raise NotReady(f"The recommender answered {int(strangers.sum())} times about employees that were not sent.")
    twice = frame.duplicated(["synthetic_id", "rank"]) | frame.duplicated(["synthetic_id", "pathway_id"])
    if twice.any():
        who = frame.loc[twice, "synthetic_id"].nunique()
        raise NotReady(f"The recommender answered twice about {who} of {total} synthetic employees.")
    if not answered.all():
        dropped = int((~answered).sum())
        raise NotReady(f"The recommender dropped {dropped} of {total} synthetic employees: no first choice for them.")


def _known(frame: pd.DataFrame, pathways: pd.DataFrame | None) -> None:
    if frame["pathway_id"].isna().any():
        raise NotReady(f"The recommender named no pathway in {int(frame['pathway_id'].isna().sum())} answers.")
    if pathways is None or pathways.empty:
        return
    unknown = sorted(set(frame["pathway_id"]) - set(pathways["pathway_id"].astype("str")))
    if unknown:
        count = (
            f"{len(unknown)} pathways that the feed pathways does"
            if len(unknown) > 1
            else "a pathway that the feed pathways does"
        )
        raise NotReady(f"The recommender named {count} not list; the first is '{unknown[0][:40]}'.")


class _TryAgain(Exception):
    """One attempt failed in a way that may pass; `wait_s` is how long the tool asks to be left alone."""

    def __init__(self, problem: str, wait_s: float | None = None) -> None:
        super().__init__(problem)
        self.wait_s = wait_s


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Employees, even synthetic ones, go to the configured address only."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Follow nothing."""


def _read(reply: Any, deadline: float, slow: str, place: str) -> bytes:
    pieces, size = [], 0
    while piece := reply.read1(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if time.monotonic() > deadline:
            raise _TryAgain(slow)
        if size > _LARGEST:
            raise NotReady(f"The recommender's answer to {place} is larger than 50 MB; the audit cannot run.")
    return b"".join(pieces)


def _parse(body: bytes, place: str) -> pd.DataFrame:
    shape = '{"recommendations": [{"synthetic_id", "pathway_id", "rank"}]}'
    wrong = NotReady(f"The recommender's answer to {place} is not {shape}; the audit cannot run.")
    try:
        rows = json.loads(body)["recommendations"]
    except (ValueError, KeyError, TypeError):
        raise wrong from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise wrong
    values = [[row.get(column) for column in ANSWERS] for row in rows]
    if any(isinstance(value, (dict, list)) for row in values for value in row):
        raise wrong
    return pd.DataFrame(values, columns=ANSWERS, dtype=object)


def _seconds(text: str) -> float | None:
    """Return a Retry-After in seconds, a minute at most; None for a date or nothing."""
    return min(float(text), 60.0) if text.isdigit() else None
