"""Renders a commented `pilot.yaml` and writes `.env`; what the keys mean and how they are read is `config`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from string import Template

from pilot_pipeline.config.schema import MODELINE

DEFAULT_SOURCES: Mapping[str, str] = {
    "employees": "feeds/employees/*.csv",
    "sso_signins": "feeds/sso_signins/*.jsonl",
    "tool_events": "feeds/tool_events/*.parquet",
}
"""Where feeds of several files are; every other feed is `feeds/<feed>.csv`."""


def source_of(feed: str) -> str:
    """Return the path or glob at which a feed is expected when nobody says otherwise."""
    return DEFAULT_SOURCES.get(feed, f"feeds/{feed}.csv")


def render_pilot_yaml(values: Mapping[str, str]) -> str:
    """Fill `pilot.template.yaml`; a value without a place, or a place without a value, is a programming error."""
    template = Template(files("pilot_pipeline.simulation").joinpath("pilot.template.yaml").read_text(encoding="utf-8"))
    unknown = set(values) - set(template.get_identifiers())
    if unknown:
        raise KeyError(f"pilot.template.yaml has no place for {sorted(unknown)}")
    return template.substitute(values, modeline=MODELINE)


def write_env(path: Path, key: str) -> None:
    """Write the pseudonym key to a `.env` that only its owner can read, from its first byte on."""
    text = (
        "# Secrets of this pilot. Whoever has the pseudonym key can tell who is who: never commit or mail this file.\n"
        f"PILOT_PSEUDONYM_KEY={key}\n"
        "# Where a failed run is told; leave it out and nobody is.\n"
        "# PILOT_ALERT_WEBHOOK=https://chat.example/hooks/...\n"
    )
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
