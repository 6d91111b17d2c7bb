"""Great Expectations' page views with templates compiled once per process; what the pages show is unchanged."""

from __future__ import annotations

from typing import Any

from great_expectations.render.view.view import DefaultJinjaIndexPageView, DefaultJinjaPageView
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket


class _InMemory(BytecodeCache):
    """Keeps compiled templates: each site that is built makes environments of its own and would compile them again."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket where its template was compiled before."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _InMemory()


class PageView(DefaultJinjaPageView):  # type: ignore[misc, unused-ignore]
    """The page of a suite or of its results."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.env.bytecode_cache = _COMPILED


class IndexView(DefaultJinjaIndexPageView):  # type: ignore[misc, unused-ignore]
    """The index of a site."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.env.bytecode_cache = _COMPILED
