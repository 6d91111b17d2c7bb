"""Tools on 127.0.0.1 that whole pilots ask; nothing is asserted about their answers here."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from fairness_tool import Reply, Tool, rows_of
from whole_pilots import Site

from pilot_pipeline.simulation import recommender


def answering(bias: float, lost: int = 0) -> Reply:
    """A tool that steers a share of its answers by gender and loses the first of each batch."""

    def reply(sent: list[dict[str, Any]], count: int) -> tuple[int, dict[str, str], bytes]:
        return rows_of(recommender.answer(pd.DataFrame(sent), 4, bias).iloc[lost:])

    return reply


def asked_over_http(site: Site, to: Path, tool: Tool) -> Path:
    """Copy a pilot and let it ask a tool instead of reading its answers from a file; return its directory."""
    shutil.copytree(site.root, to)
    path = to / "pilot.yaml"
    text = path.read_text(encoding="utf-8")
    by_file = "recommender: {feed: synthetic_recommendations}"
    assert by_file in text
    text = text.replace(by_file, f'recommender: {{http: "{tool.url}", batch_size: 5000, retries: 0}}')
    path.write_text(text, encoding="utf-8")
    return to
