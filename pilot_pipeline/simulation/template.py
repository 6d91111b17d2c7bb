"""Writes the files of a new pilot: configuration, key and documented samples; reading them is `config`."""

from __future__ import annotations

import secrets
from datetime import date, timedelta
from pathlib import Path

import yaml

from pilot_pipeline.config.schema import SCHEMA_NAME, packaged_schema
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.simulation.pilot_file import render_pilot_yaml, source_of, write_env
from pilot_pipeline.simulation.samples import feeds_readme, sample_csv

WEEKS_AHEAD = 8
"""A pilot needs about so long from its first file to its first week."""


def write_template(directory: Path, today: date | None = None) -> list[Path]:
    """Write pilot.yaml with its schema, .env (0600, a random key) and one documented sample per feed below feeds/.

    The samples lie where no default glob looks, so nobody measures made-up people by accident.

    Args:
        directory: Made when it does not exist.
        today: What the proposed start is counted from; default: the clock.

    Returns:
        The paths written, pilot.yaml first.

    Raises:
        BadInput: one of the files exists already, or the directory cannot be written to. Nothing is written then.
    """
    texts = {directory / "pilot.yaml": _pilot_yaml(today or date.today())}
    texts[directory / SCHEMA_NAME] = packaged_schema()
    texts[directory / "feeds" / "README.md"] = feeds_readme()
    texts |= {directory / "feeds" / f"{feed}.sample.csv": sample_csv(feed) for feed in CANON}
    env = directory / ".env"
    existing = [path for path in (env, *texts) if path.exists()]
    if existing:
        raise BadInput(f"{existing[0]} exists already; `pilot init` writes only into a directory without a pilot.")
    try:
        (directory / "feeds").mkdir(parents=True, exist_ok=True)
        write_env(env, secrets.token_hex(32))
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise BadInput(f"{error.filename or directory} cannot be written: {error.strerror}.") from None
    first, *rest = texts
    return [first, env, *rest]


def _pilot_yaml(today: date) -> str:
    starts_on = today + timedelta(weeks=WEEKS_AHEAD)
    starts_on -= timedelta(days=starts_on.weekday())
    return render_pilot_yaml(
        {
            "heading": (
                "# A pilot of an AI coaching tool. Fill in what is blank, put exports into feeds/, then: pilot check\n"
                "# A key that is left out has the value that stands here, unless a comment says otherwise."
            ),
            "name": "AI coaching pilot",
            "starts_on": starts_on.isoformat(),
            "timezone": "Europe/Berlin",
            "configured_on": "# configured_on: DATE            # when the tool is first configured; lock before that",
            "employees": "812                   # head count",
            "design": "design: matched_pair_randomised  # a coin decides; or matched_control: participants given",
            "cohort_seed": starts_on.strftime("%Y%m%d"),
            "role_families": "{}                # for example {technical: [Engineer, Scientist]}",
            "data_owner": '""                   # a named role that answers for the data',
            "data_collected": '""',
            "who_can_access": '""',
            "retention": '""',
            "influence": '""',
            "contract_end": '""',
            "privacy_brief": "# privacy_brief_published_on: DATE",
            "rollout": (
                "# rollout_employees: 800         # without these two the value of a rollout is not estimated\n"
                "  # rollout_adoption: [0.5, 0.65, 0.8]       # share of the pilot's adoption kept; there is no default"
            ),
            "feeds": _feeds(),
        }
    )


def _feeds() -> str:
    """The required feeds, and every other one as a comment: a feed that is not there switches off what needs it."""
    required = [f"  {name}: {{source: {source_of(name)}}}" for name, feed in CANON.items() if feed.required]
    optional = [f"  # {name}: {{source: {source_of(name)}}}" for name, feed in CANON.items() if not feed.required]
    note = "  # Take away the # of each feed that you have; feeds/README.md says what is in it."
    return "\n".join([*required, note, *optional])


def example_config() -> dict[str, object]:
    """Return the template's own settings, for definitions that load where there is no pilot yet."""
    settings: dict[str, object] = yaml.safe_load(_pilot_yaml(date(2025, 12, 1)))
    return settings
