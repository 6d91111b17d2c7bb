"""From a file's bytes to its text, saying which encoding was found; splitting the text into rows lies elsewhere."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from pilot_pipeline.errors import BadInput

_WIDE = ((codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(frozen=True)
class Decoded:
    """A file's text; bytes that are no text in a file that is otherwise UTF-8 stay as lone surrogates."""

    text: str
    notes: tuple[str, ...] = ()


def decode(data: bytes, place: str, encoding: str | None = None) -> Decoded:
    """Decode by the given encoding, else UTF-8 (with or without BOM), UTF-16 with BOM, or Windows-1252.

    A file that holds both valid multi-byte UTF-8 and stray bytes is UTF-8 with damaged cells: reading all of it as
    Windows-1252 would silently garble the good ones, so only the damaged cells are given up.

    Raises:
        BadInput: the file is empty or no text in any of these.
    """
    if not data.strip():
        raise BadInput(f"{place} is empty: there is not even a header. Was it only half transferred?")
    if encoding:
        return Decoded(_as_told(data, encoding, place), (f"{place} was read as {encoding}, as the mapping says.",))
    for mark, name in _WIDE:
        if data.startswith(mark):
            return Decoded(_or_refuse(data, name, place), (f"{place} was read as UTF-16.",))
    try:
        with_mark = (f"{place} begins with a byte-order mark, which was passed over.",)
        return Decoded(data.decode("utf-8-sig"), with_mark if data.startswith(codecs.BOM_UTF8) else ())
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    damaged = data.decode("utf-8-sig", errors="surrogateescape")
    if any(ord(character) > 0x7F and not 0xDC80 <= ord(character) <= 0xDCFF for character in damaged):
        return Decoded(damaged, (f"{place} is UTF-8 with damaged bytes, first in line {line}.",))
    text = _or_refuse(data, "cp1252", place)
    return Decoded(text, (f"{place} is not UTF-8 (line {line}) and was read as Windows-1252; check its accents.",))


def _as_told(data: bytes, encoding: str, place: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeError:
        raise BadInput(
            f"{place} is not text in {encoding}, as the mapping says; leave `encoding` out, or correct it."
        ) from None
    except LookupError:
        raise BadInput(f"{place}: '{encoding}' is no encoding that is known here, such as utf-8 or cp1252.") from None
    return text.removeprefix("\ufeff")


def _or_refuse(data: bytes, encoding: str, place: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput(
            f"{place}, line {line}: the bytes are text neither in UTF-8 nor in Windows-1252; save the file as UTF-8."
        ) from None
