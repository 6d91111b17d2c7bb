"""Asks the tool about synthetic employees: feed, HTTP or callable; what an answer must look like is `answering`."""

from __future__ import annotations

import importlib
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
from pilot_pipeline.fairness.answer_checks import ANSWERS, check_answers
from pilot_pipeline.fairness.twins import for_tool

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
    """A Python callable in place of a tool.

    Raises (from `answer`):
        NotReady: the callable raises, or returns something else than a frame.
    """

    function: Callable[[pd.DataFrame], Any]

    def answer(self, employees: pd.DataFrame) -> pd.DataFrame:
        """Return what the callable says; it may do with its copy of the employees what it likes."""
        try:
            answers = self.function(employees.copy())
        except Exception as error:
            raise NotReady(f"The recommender raised {_an(type(error).__name__)}; the audit cannot run.") from None
        if not isinstance(answers, pd.DataFrame):
            kind = _an(type(answers).__name__)
            raise NotReady(f"The recommender returned {kind} instead of a pandas frame; the audit cannot run.")
        return answers


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
        BadInput: the configured Python callable cannot be imported.
        NotReady: the feed is configured and there is no answer in it.
    """
    chosen = config.fairness.recommender
    if chosen.http is not None:
        return HttpRecommender(chosen.http, chosen.batch_size, chosen.timeout_s, chosen.retries)
    if chosen.python is not None:
        return FunctionRecommender(_imported(chosen.python))
    if feed is None or feed.empty:
        raise NotReady(
            "The feed synthetic_recommendations holds no answers: write the synthetic employees with "
            "`pilot twins --out FILE`, send them to the tool, and put its answers there."
        )
    return FeedRecommender(feed)


def ask(
    recommender: Recommender, twins: pd.DataFrame, pathways: pd.DataFrame | None, version: str | None = None
) -> pd.DataFrame:
    """Ask about all synthetic employees, in their shuffled order, and check the answers; see `check_answers`."""
    return check_answers(recommender.answer(for_tool(twins)), twins, pathways, version)


def _imported(path: str) -> Callable[[pd.DataFrame], Any]:
    module, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name, None)
    except Exception as error:
        raise BadInput(
            f"fairness.recommender.python: {module} cannot be imported ({type(error).__name__}); "
            "install it beside this software."
        ) from None
    if not callable(found):
        raise BadInput(f"fairness.recommender.python: {module} has no function {name}.")
    return found  # type: ignore[no-any-return]


def _an(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


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
        answer = json.loads(body)
        rows, version = answer["recommendations"], answer.get("model_version")
    except (ValueError, KeyError, TypeError, RecursionError):
        raise wrong from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise wrong
    values = [[row.get(column, version if column == "model_version" else None) for column in ANSWERS] for row in rows]
    if any(isinstance(value, (dict, list)) for row in values for value in row):
        raise wrong
    return pd.DataFrame(values, columns=ANSWERS, dtype=object)


def _seconds(text: str) -> float | None:
    """Return a Retry-After in seconds, a minute at most; None for a date or nothing."""
    return min(float(text), 60.0) if text.isdigit() else None
