"""Replaces identifiers by keyed pseudonyms and keeps the table that leads back; finding them in text is `scan`."""

from __future__ import annotations

import hmac
import io
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from pilot_pipeline.errors import BadInput
from pilot_pipeline.privacy.private_files import write_private
from pilot_pipeline.privacy.scan import IdentifierScan, build_scan

__all__ = ["IDENTITY_COLUMNS", "IdentifierScan", "Pseudonyms", "build_scan", "read_identities", "update_identities"]

IDENTITY_COLUMNS = ("pseudonym", "kind", "identifier")
"""The identity table: kind is `person` or `email`."""

_MINIMUM_KEY = 16


class Pseudonyms:
    """HMAC-SHA256 under the pilot's key: the same person has the same pseudonym in every feed, and no other way back.

    Raises:
        BadInput: the key is too short to protect anybody.
    """

    def __init__(self, key: str) -> None:
        if len(key) < _MINIMUM_KEY:
            raise BadInput(
                f"The pseudonym key is shorter than {_MINIMUM_KEY} characters; `pilot init` writes a good one."
            )
        self._key = key.encode()

    def person(self, ids: pd.Series) -> pd.Series:
        """Return `p_` and 16 hexadecimal digits per id (padding ignored); null stays null."""
        return self._apply(ids, "p_", lambda text: text.strip())

    def email(self, addresses: pd.Series) -> pd.Series:
        """Return `e_` and 16 hexadecimal digits per address (case and padding ignored); null stays null."""
        return self._apply(addresses, "e_", lambda text: text.strip().casefold())

    def digest(self, text: str) -> str:
        """Return a keyed digest of any text: equal for equal text, and useless to someone who guesses contents."""
        return hmac.digest(self._key, b"row\0" + text.encode("utf-8", "surrogatepass"), "sha256").hex()[:32]

    def _apply(self, values: pd.Series, prefix: str, normalise: Callable[[str], str]) -> pd.Series:
        codes, distinct = pd.factorize(values)
        hashed = [self._one(prefix, normalise(unicodedata.normalize("NFC", str(value)))) for value in distinct]
        table = pd.Series(hashed, dtype="str")
        return pd.Series(table.reindex(codes).to_numpy(), index=values.index, name=values.name, dtype="str")

    def _one(self, prefix: str, text: str) -> str:
        return prefix + hmac.digest(self._key, f"{prefix}\0{text}".encode(), "sha256").hex()[:16]

    def __repr__(self) -> str:
        return "Pseudonyms(key=…)"


def read_identities(path: Path) -> pd.DataFrame:
    """Return the identity table, empty where there is none yet.

    Raises:
        BadInput: the file cannot be read.
    """
    if not path.exists():
        return pd.DataFrame({name: pd.Series(dtype="str") for name in IDENTITY_COLUMNS})
    try:
        return pd.read_parquet(path, columns=list(IDENTITY_COLUMNS))
    except PermissionError:
        raise BadInput(f"{path} cannot be read: it belongs to another user.") from None
    except (OSError, ValueError, KeyError):
        raise BadInput(f"{path.name} is damaged; remove it and run again, it is rebuilt from the feeds.") from None


def update_identities(path: Path, frame: pd.DataFrame) -> None:
    """Add identities to the table at `path`: 0600 in a 0700 directory, replaced atomically, sorted, each once.

    Args:
        path: the Parquet file.
        frame: columns pseudonym, kind, identifier.
    """
    known = pd.concat([read_identities(path), frame[list(IDENTITY_COLUMNS)]], ignore_index=True)
    table = known.drop_duplicates().sort_values(list(IDENTITY_COLUMNS), ignore_index=True)
    buffer = io.BytesIO()
    table.to_parquet(buffer, index=False)
    write_private(path, buffer.getvalue())
