"""Finds known people in any text before it is stored or published; making and keeping pseudonyms is `pseudonyms`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

_PIECE = re.compile(r"[^\W_]+")
_LOCAL_PART = re.compile(r"([^\W\d_]{2,})[._-]([^\W\d_]{2,})\d*")
REMOVED = "[person removed]"
"""What stands in a text where a known person stood."""
_SHORTEST_ID = 4
_SHORTEST_NUMBER = 6
# Mailboxes of functions look like first.last too; their "names" are ordinary words of every report.
_FUNCTIONS = frozenset(
    {"account", "accounts", "admin", "app", "bot", "data", "desk", "finance", "global", "help", "hr", "info", "it"}
    | {"legal", "mail", "no", "office", "ops", "people", "reply", "sales", "security", "service", "shared", "support"}
    | {"system", "team", "tech", "test", "tool", "user"}
)


@dataclass(frozen=True)
class IdentifierScan:
    """Known identifiers as one set, and how many words each can have; a text is read once, whatever their number."""

    known: frozenset[str]
    lengths: tuple[int, ...]

    def hits(self, text: str) -> int:
        """Count places in `text` where a known e-mail, id or name stands as whole words, in any case."""
        return sum(1 for _ in self._places(_normal(text)))

    def without(self, text: str) -> str:
        """Return `text` with `REMOVED` in each place that `hits` counts."""
        text = unicodedata.normalize("NFC", text)
        folded = [character.casefold() for character in text]
        # A folded letter can be longer than the letter: ß becomes ss.
        origin = [position for position, letters in enumerate(folded) for _ in letters]
        kept, position = [], 0
        for start, end in self._places("".join(folded)):
            kept += [text[position : origin[start]], REMOVED]
            position = origin[end - 1] + 1
        return "".join((*kept, text[position:]))

    def _places(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where in a normalised text a known identifier starts and ends, the longest first at each place."""
        spans = [match.span() for match in _PIECE.finditer(text)]
        position = 0
        while position < len(spans):
            step = self._match(text, spans, position)
            if step:
                yield spans[position][0], spans[position + step - 1][1]
            position += step or 1

    def _match(self, text: str, spans: list[tuple[int, int]], position: int) -> int:
        """Return how many words the longest identifier that starts here has, or 0."""
        start = spans[position][0]
        for length in self.lengths:
            last = position + length - 1
            if last < len(spans) and text[start : spans[last][1]] in self.known:
                return length
        return 0


def build_scan(identities: pd.DataFrame) -> IdentifierScan:
    """Build the scan for an identity table (pseudonym, kind, identifier).

    Looked for are e-mail addresses, ids, and the names in addresses of the form first.last (`Jane Doe`, `jane.doe`,
    `Doe, Jane`). Left out, because they would find themselves in ordinary figures and words: ids under 4 characters,
    ids of digits only under 6, and names of function mailboxes such as hr.admin. Not found: identifiers written with
    other separators, encoded (`%40`), or misspelt.
    """
    known: set[str] = set()
    for kind, identifier in zip(identities["kind"], identities["identifier"], strict=True):
        if not isinstance(identifier, str):
            continue
        text = _core(_normal(identifier))
        if kind == "email":
            known.update({text} if "@" in text else ())
            known.update(_names(text.partition("@")[0]))
        elif len(text) >= (_SHORTEST_NUMBER if text.isdigit() else _SHORTEST_ID):
            known.add(text)
    lengths = {len(_PIECE.findall(text)) for text in known}
    return IdentifierScan(frozenset(known), tuple(sorted(lengths - {0}, reverse=True)))


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text).casefold()


def _core(text: str) -> str:
    """Return the text from its first to its last word character, as the scan cuts words."""
    spans = [match.span() for match in _PIECE.finditer(text)]
    return text[spans[0][0] : spans[-1][1]] if spans else ""


def _names(local_part: str) -> Iterator[str]:
    match = _LOCAL_PART.fullmatch(local_part)
    if match is None or _FUNCTIONS.intersection(match.groups()):
        return
    first, last = match.groups()
    yield from (f"{first}{mark}{last}" for mark in (" ", ".", "_", "-"))
    yield from (f"{last}{mark}{first}" for mark in (", ", ",", " "))
