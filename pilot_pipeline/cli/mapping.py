"""`pilot map`: shows a proposed mapping and what it would let in; finding it is `feeds.proposing`."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml
from rich.markup import escape

from pilot_pipeline.cli.progress import console
from pilot_pipeline.config import load_pilot
from pilot_pipeline.errors import BadInput, nearest
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.feeds.intake import Intake
from pilot_pipeline.feeds.proposing import Proposal, propose_mapping

_REASONS = 12


def propose(feed: str, file: Path, config: Path, constants: list[str]) -> None:
    """Print the mapping of a file as YAML for pilot.yaml, and a preview; nothing is stored.

    Raises:
        BadInput: there is no such feed, or the file cannot be read at all.
    """
    if feed not in CANON:
        raise BadInput(f"'{feed}' is not a feed.{nearest(feed, list(CANON))} There are {', '.join(CANON)}.")
    if not file.is_file():
        raise BadInput(f"{file} is not a file.")
    zone = load_pilot(config).config.pilot.zone if config.is_file() else ZoneInfo("UTC")
    proposal = propose_mapping(CANON[feed], file, zone, dict(_constant(text) for text in constants))
    _show(feed, proposal, os.path.relpath(file, config.parent) if config.is_file() else str(file))
    if proposal.missing:
        console.print("For a preview of what would be accepted, give them for now: --constant NAME=VALUE.")
        return
    _preview(_taken(feed, proposal, zone))


def _constant(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise BadInput(f"--constant {text} is not of the form NAME=VALUE, for example as_of=2025-12-15.")
    return name, value


def _show(feed: str, proposal: Proposal, source: str) -> None:
    keys = {**proposal.keys, "source": source}
    lines = [f"    {line}" for key, value in keys.items() for line in f"{key}: {_inline(value)}".splitlines()]
    lines += [
        f"    # nothing found for {name}: map it in columns, or give it in constants" for name in proposal.missing
    ]
    console.print("\n".join(["feeds:", f"  {feed}:", *lines]), markup=False, highlight=False, soft_wrap=True)
    for question in proposal.questions:
        console.print(f"? {escape(question)}", highlight=False)


def _inline(value: object) -> str:
    """Return a value as one flow of YAML, folded where it is long."""
    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100, default_flow_style=True)
    return text.removesuffix("...\n").rstrip("\n")


def _taken(feed: str, proposal: Proposal, zone: ZoneInfo) -> Intake:
    """Take the file in by the proposal, under a key that is forgotten; whatever refers to other feeds is left out."""
    from checks.contracts import contract_for
    from pilot_pipeline.feeds.hierarchy import Hierarchy
    from pilot_pipeline.feeds.intake import take_in
    from pilot_pipeline.feeds.quarantine import Contract
    from pilot_pipeline.privacy.pseudonyms import Pseudonyms

    contracts: list[Contract] = [contract_for(feed), *([Hierarchy()] if feed == "employees" else [])]
    source = proposal.source
    if feed != "employees":
        source = source.model_copy(update={"by_email": ()})
    return take_in(CANON[feed], source, Path.cwd(), contracts, Pseudonyms(secrets.token_hex(16)), zone)


def _preview(intake: Intake) -> None:
    read = intake.read
    accepted, set_aside = f"{read.rows_accepted:,} would be accepted", f"{read.rows_quarantined:,} quarantined"
    console.print(f"{read.rows_read:,} rows read: {accepted}, {set_aside}.", soft_wrap=True)
    for reason in read.reasons.splitlines()[:_REASONS]:
        console.print(f"  {escape(reason)}", highlight=False)
    for note in intake.notes:
        console.print(f"• {escape(note)}", highlight=False)
