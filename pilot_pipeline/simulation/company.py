"""A synthetic company as a pilot directory: its configuration and its feeds, from one scenario and one seed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd
import yaml

from pilot_pipeline.config import PilotConfig, parse_config
from pilot_pipeline.config.schema import SCHEMA_NAME, packaged_schema
from pilot_pipeline.errors import BadInput, nearest
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.simulation import faults, outcomes, participation, snapshots, usage, writing
from pilot_pipeline.simulation.catalogue import HEAD_COUNT, ROLE_FAMILIES
from pilot_pipeline.simulation.pilot_file import render_pilot_yaml, source_of, write_env
from pilot_pipeline.simulation.recommender import answer
from pilot_pipeline.simulation.scenarios import SCENARIOS, Scenario
from pilot_pipeline.simulation.world import (
    BRIEFED_ON,
    CONFIGURED_ON,
    LOCKED_ON,
    SNAPSHOTS,
    STARTS_ON,
    TIMEZONE,
    World,
    draw_world,
)

LOCK_DATE: date = LOCKED_ON
"""The day on which the synthetic company says that it locked its pilot."""

COHORT_SEED = 20260105
_DEMO_MARK = "# A synthetic company"
REHEARSAL_MARK = "# A rehearsal"

_DRAWN: dict[str, Callable[[World], pd.DataFrame]] = {
    "employees": snapshots.employee_snapshots,
    "consents": participation.consents,
    "enrolments": participation.enrolments,
    "sso_signins": usage.sso_signins,
    "tool_events": usage.tool_events,
    "module_assignments": usage.module_assignments,
    "manager_observations": outcomes.manager_observations,
    "manager_time": outcomes.manager_time,
    "pulse_responses": outcomes.pulse_responses,
    "recommendations": usage.recommendations,
    "enablement_sessions": participation.enablement_sessions,
    "competencies": participation.competencies,
    "pathways": participation.pathways,
    "business_outcomes": outcomes.business_outcomes,
    "initiatives": lambda _: participation.initiatives(),
    "issue_log": participation.issue_log,
}


@dataclass(frozen=True)
class Company:
    """A synthetic company in memory.

    Attributes:
        world: What truly happened.
        config: Its `pilot.yaml`.
        feeds: Sound rows per feed, canonical columns and types, raw identifiers; the synthetic answers are not among
            them, because they need the twins.
    """

    world: World
    config: PilotConfig
    feeds: dict[str, pd.DataFrame]


def build_company(scenario: str, seed: int) -> Company:
    """Draw a company; the same scenario and seed give the same company.

    Raises:
        BadInput: no scenario has that name, or the seed is negative.
    """
    world = draw_world(scenario_named(scenario), _seed(seed))
    secrets = {"PILOT_PSEUDONYM_KEY": pseudonym_key(seed)}
    config = parse_config(yaml.safe_load(pilot_yaml(scenario, seed)), secrets, "the synthetic pilot.yaml")
    return Company(world, config, draw_feeds(world))


def draw_feeds(world: World) -> dict[str, pd.DataFrame]:
    """Draw every feed of a world but the synthetic answers: sound rows, canonical columns and types."""
    return {feed: _canonical(feed, draw(world)) for feed, draw in _DRAWN.items()}


def _canonical(feed: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Put the columns in canonical order, instants as naive UTC: what the feed's intake makes of its file."""
    instants = {column.name for column in CANON[feed].columns if column.type == "timestamp"}
    return pd.DataFrame(
        {name: frame[name].dt.tz_convert(None) if name in instants else frame[name] for name in CANON[feed].names}
    )


def write_company(directory: Path, scenario: str, seed: int) -> Path:
    """Write a synthetic company's pilot directory: pilot.yaml, .env and feeds/; the same arguments give the same bytes.

    Returns:
        The path of its pilot.yaml.

    Raises:
        BadInput: no scenario has that name, the seed is negative, or the directory holds somebody's own pilot.
    """
    refuse_others(directory)
    return write_files(directory, build_company(scenario, seed), pilot_yaml(scenario, seed), pseudonym_key(seed))


def write_files(directory: Path, company: Company, settings: str, key: str) -> Path:
    """Write a company's feeds, `.env` and pilot.yaml, and return the path of the latter.

    A synthetic company's feeds get the flaws that every export has; an export that is real has its own.
    """
    path = directory / "pilot.yaml"
    answers = synthetic_answers(company)
    _clear_feeds(directory / "feeds")
    for feed, frame in {**company.feeds, "synthetic_recommendations": answers}.items():
        rows = writing.as_text(CANON[feed], frame)
        if not company.world.population.real:
            rows = faults.with_flaws(feed, rows, company.world)
        if feed == "employees" and company.world.scenario.broken_hierarchy:
            rows = faults.with_broken_hierarchy(rows, company.world)
        writing.write_feed(directory / "feeds", feed, rows)
    write_env(directory / ".env", key)
    path.write_text(settings, encoding="utf-8", newline="\n")
    (directory / SCHEMA_NAME).write_text(packaged_schema(), encoding="utf-8", newline="\n")
    return path


def synthetic_answers(company: Company) -> pd.DataFrame:
    """Send the synthetic employees of the first snapshot to the simulated tool.

    Both populations are sent: the counterfactual twins, and the one whose features go with the attribute.

    Returns:
        The columns of `synthetic_recommendations`.
    """
    from pilot_pipeline.cohort.workforce import build_workforce
    from pilot_pipeline.fairness.twins import make_population, make_twins

    employees = company.feeds["employees"]
    workforce = build_workforce(employees, company.config, SNAPSHOTS[0])
    sent = [make(workforce, company.config) for make in (make_twins, make_population)]
    return answer(pd.concat(sent, ignore_index=True), company.world.seed, company.world.scenario.steering)


def pseudonym_key(seed: int) -> str:
    """Return a demonstration's key: derived from the seed, so that a demonstration can be repeated, and no secret."""
    return hashlib.sha256(f"pilot demonstration {seed}".encode()).hexdigest()


def pilot_yaml(scenario: str, seed: int) -> str:
    """Return the text of the synthetic company's `pilot.yaml`."""
    families = ", ".join(f"{name}: [{', '.join(roles)}]" for name, roles in ROLE_FAMILIES.items())
    told = f"{_DEMO_MARK}: scenario {scenario}, seed {seed}. {scenario_named(scenario).description}"
    return demonstration_yaml(told, HEAD_COUNT, f"{{{families}}}", rollout=800)


def demonstration_yaml(
    heading: str, employees: int, role_families: str, rollout: int, name: str = "AI coaching pilot"
) -> str:
    """Return the text of a `pilot.yaml` whose pilot is simulated in the dates of `world`."""
    simulated = {*_DRAWN, "synthetic_recommendations"}
    feeds = [f"  {feed}: {{source: {source_of(feed)}}}" for feed in CANON if feed in simulated]
    return render_pilot_yaml(
        {
            "heading": heading,
            "name": name,
            "starts_on": STARTS_ON.isoformat(),
            "timezone": TIMEZONE,
            "configured_on": f"configured_on: {CONFIGURED_ON}        # when the tool was first configured",
            "employees": str(employees),
            "design": "design: matched_control          # participants are given; the pipeline finds their controls",
            "cohort_seed": str(COHORT_SEED),
            "role_families": role_families,
            "data_owner": "Head of People Analytics",
            "data_collected": "Session times, module progress, pathway choices, pulse answers. No reflection text.",
            "who_can_access": "The analytics team (two named people). Managers see groups of five or more.",
            "retention": "180 days after close-out, then deleted with a receipt.",
            "influence": "None. Coaching data never enters rating, pay or termination decisions.",
            "contract_end": "The vendor returns an export and certifies deletion within 30 days.",
            "privacy_brief": f"privacy_brief_published_on: {BRIEFED_ON}",
            "rollout": (
                f"rollout_employees: {rollout}\n"
                "  rollout_adoption: [0.5, 0.65, 0.8]       # share of the pilot's adoption that a rollout keeps"
            ),
            "feeds": "\n".join(feeds),
        }
    )


def scenario_named(name: str) -> Scenario:
    """Return a scenario; BadInput, with the nearest name, where there is none."""
    if name not in SCENARIOS:
        known = list(SCENARIOS)
        raise BadInput(f"No scenario is called '{name}'.{nearest(name, known)} Scenarios: {', '.join(known)}.")
    return SCENARIOS[name]


def _seed(seed: int) -> int:
    if seed < 0:
        raise BadInput(f"A seed is a whole number from 0 up; {seed} is not.")
    return seed


def refuse_others(directory: Path) -> None:
    """Only a directory without a pilot, or with an earlier demonstration, may be written to."""
    path = directory / "pilot.yaml"
    if path.is_file():
        if not path.read_text(encoding="utf-8", errors="replace").startswith((_DEMO_MARK, REHEARSAL_MARK)):
            raise BadInput(f"{directory} holds a pilot that is no demonstration; name another directory.")
    elif (directory / "feeds").exists() or (directory / ".env").exists():
        raise BadInput(
            f"{directory} already holds feeds or a .env that no demonstration wrote; name another directory."
        )


def _clear_feeds(feeds: Path) -> None:
    """Remove an earlier demonstration's feed files, so that none of its snapshots or weeks is read again."""
    for feed in CANON:
        for old in (*feeds.glob(f"{feed}.csv"), *(feeds / feed).glob(f"{feed}_*")):
            old.unlink()
