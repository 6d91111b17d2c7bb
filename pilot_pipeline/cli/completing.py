"""What a shell offers after an option; nothing heavy is imported, for it runs at every press of Tab."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def scenarios(incomplete: str) -> list[tuple[str, str]]:
    """Offer the scenarios that begin so, each with what is true in it."""
    from pilot_pipeline.simulation.scenarios import SCENARIOS

    return [(name, told.description) for name, told in SCENARIOS.items() if name.startswith(incomplete)]


def yaml_files(incomplete: str) -> list[str]:
    """Offer YAML files, and directories on the way to one."""
    return sorted(_below(incomplete))


def _below(incomplete: str) -> Iterator[str]:
    typed, _, begun = incomplete.rpartition("/")
    lead = f"{typed}/" if "/" in incomplete else ""
    directory = Path(lead).expanduser() if lead else Path()
    try:
        entries = list(directory.iterdir())
    except OSError:
        return
    for entry in entries:
        if not entry.name.startswith(begun) or (entry.name.startswith(".") and not begun):
            continue
        if entry.is_dir():
            yield f"{lead}{entry.name}/"
        elif entry.suffix in (".yaml", ".yml"):
            yield f"{lead}{entry.name}"
