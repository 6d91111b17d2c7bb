"""Finds e-mail addresses by their form, known or not, and takes them out of text; known people are found by `scan`."""

from __future__ import annotations

import re

ADDRESS = r"[^\s<>()\[\],;:\"']+@[^\s<>()\[\],;:\"'@]+\.[^\s<>()\[\],;:\"'@.]+"
"""A regular expression for an e-mail address within text."""

ADDRESS_REMOVED = "[e-mail removed]"

_PATTERN = re.compile(ADDRESS)


def has_address(text: str) -> bool:
    """Say whether a text holds an e-mail address."""
    return _PATTERN.search(text) is not None


def without_addresses(text: str) -> str:
    """Return the text with every e-mail address replaced by `ADDRESS_REMOVED`."""
    return _PATTERN.sub(ADDRESS_REMOVED, text)
