"""A simulated pilot among an organisation's own people: who takes part, what the structure allows, the pilot's files.

The people come from `export` and `orgchart`, what then happens to them from `world`; nothing is drawn twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import yaml

from pilot_pipeline.cohort.cohort import SMALLEST, Cohort, form_cohort
from pilot_pipeline.cohort.workforce import build_workforce
from pilot_pipeline.config import PilotConfig, parse_config
from pilot_pipeline.errors import BadInput
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.simulation.company import (
    REHEARSAL_MARK,
    Company,
    demonstration_yaml,
    draw_feeds,
    refuse_others,
    scenario_named,
    write_files,
)
from pilot_pipeline.simulation.export import Export, read_export
from pilot_pipeline.simulation.feasibility import Feasibility, feasible_pairs
from pilot_pipeline.simulation.orgchart import complete
from pilot_pipeline.simulation.population import Population
from pilot_pipeline.simulation.randomness import stream
from pilot_pipeline.simulation.scenarios import Scenario
from pilot_pipeline.simulation.world import BRIEFED_ON, LOCKED_ON, SNAPSHOTS, TIMEZONE, unfold

VOLUNTEERS = 0.2
"""Share of those who could take part that opts in, where that is enough for two cohorts."""


@dataclass(frozen=True)
class Rehearsal:
    """An organisation's people before anybody takes part.

    Attributes:
        scenario: What is true about the simulated tool.
        seed: Of everything that is simulated.
        export: What the file holds.
        population: Its people, gaps filled.
        workforce: They as the pipeline sees them.
        settings: The text of the rehearsal's pilot.yaml, and `config` what it says.
    """

    scenario: Scenario
    seed: int
    export: Export
    population: Population
    workforce: pd.DataFrame
    settings: str
    config: PilotConfig

    @property
    def eligible(self) -> pd.Series:
        """Mask over the workforce: active people who have a manager and lead nobody."""
        people = self.population.people
        return self.workforce["employee_id"].isin(people.loc[people["in_team"], "employee_id"])

    @property
    def key(self) -> str:
        """The pseudonym key: repeatable by whoever has the file, and by nobody else."""
        return hashlib.sha256(f"pilot rehearsal {self.seed} {self.export.sha256}".encode()).hexdigest()

    def feasibility(self) -> Feasibility:
        """Return how many pairs the organisation could give, and what is in the way."""
        return feasible_pairs(self.workforce, self.eligible, self.config)


def prepare_rehearsal(population: Path, mapping: Path, scenario: str, seed: int) -> Rehearsal:
    """Read an HRIS export and fill its gaps.

    Raises:
        BadInput: the export or its mapping cannot be used, there are too few people or only one department.
    """
    told = scenario_named(scenario)
    if told.broken_hierarchy:
        raise BadInput(f"The scenario {scenario} breaks a synthetic HRIS; a rehearsal takes yours as it is.")
    export = read_export(population, mapping, SNAPSHOTS[0], ZoneInfo(TIMEZONE))
    people = complete(export, seed, SNAPSHOTS[0])
    _refuse_unfit(people, population.name)
    present = int((people.people["employment_status"] != "terminated").sum())
    settings = _settings(told, seed, export, present)
    secrets = {"PILOT_PSEUDONYM_KEY": "not yet known, never used"}
    config = parse_config(yaml.safe_load(settings), secrets, "the rehearsal's pilot.yaml")
    snapshot = people.people.assign(as_of=pd.Timestamp(SNAPSHOTS[0]))[list(CANON["employees"].names)]
    workforce = build_workforce(snapshot, config, SNAPSHOTS[0])
    return Rehearsal(told, seed, export, people, workforce, settings, config)


def enrol(rehearsal: Rehearsal) -> tuple[Company, Cohort]:
    """Let a random part of the people volunteer, form a cohort among them, and simulate the pilot.

    Returns:
        The company with all its feeds, and the cohort, which the pipeline has to find again.

    Raises:
        BadInput: the volunteers do not allow twenty pairs.
    """
    cohort, volunteers = _form(rehearsal)
    pairs = _pairs(cohort.members)
    population = Population(
        rehearsal.population.people, pairs, rehearsal.population.framework, failing_department="", real=True
    )
    others = tuple(sorted({*volunteers} - {*pairs["participant_id"]}))
    observed = _observed(population.people, cohort.members)
    world = unfold(rehearsal.scenario, rehearsal.seed, population, observed, others)
    return Company(world, rehearsal.config, _named_simulated(draw_feeds(world), population)), cohort


def write_rehearsal(directory: Path, rehearsal: Rehearsal, company: Company) -> Path:
    """Write the rehearsal's pilot directory; `feeds/` holds the people's own ids and is its owner's alone (0700).

    Returns:
        The path of its pilot.yaml.

    Raises:
        BadInput: the directory holds somebody's own pilot.
    """
    refuse_others(directory)
    feeds = directory / "feeds"
    feeds.mkdir(parents=True, exist_ok=True)
    feeds.chmod(0o700)
    write_files(directory, company, rehearsal.settings, rehearsal.key)
    return directory / "pilot.yaml"


def _refuse_unfit(population: Population, name: str) -> None:
    people = population.people
    eligible = people[people["in_team"]]
    if len(eligible) < 2 * SMALLEST:
        raise BadInput(
            f"{name}: {len(eligible)} active people lead nobody and have a manager; a pilot needs {SMALLEST} "
            f"participants and as many controls, so at least {2 * SMALLEST}."
        )
    if eligible["department"].nunique() < 2:
        raise BadInput(f"{name}: everybody who could take part is in one department; a pilot needs at least 2.")
    if people["role"].str.contains(";").any():
        raise BadInput(f"{name}: a role's name holds a semicolon, which separates roles in other feeds; rename it.")


def _form(rehearsal: Rehearsal) -> tuple[Cohort, tuple[str, ...]]:
    config = rehearsal.config
    ids = np.sort(rehearsal.workforce.loc[rehearsal.eligible, "employee_id"].to_numpy(dtype=str))
    count = min(len(ids) // 2, max(2 * config.cohort.size, round(VOLUNTEERS * len(ids))))
    volunteers = stream(rehearsal.seed, "rehearsal volunteers").choice(ids, count, replace=False)
    consents = pd.DataFrame(
        {"employee_id": volunteers.astype(object), "decision": "opted_in", "decided_at": pd.Timestamp(BRIEFED_ON)}
    )
    cohort = form_cohort(rehearsal.workforce, None, consents, config, fixed_on=LOCKED_ON)
    return cohort, tuple(volunteers.tolist())


def _pairs(members: pd.DataFrame) -> pd.DataFrame:
    paired = members[members["pair_id"].notna()].sort_values("pair_id")
    pilot, control = (paired[paired["arm"] == arm] for arm in ("pilot", "control"))
    return pd.DataFrame(
        {
            "participant_id": pilot["employee_id"].to_numpy(),
            "colleague_id": control["employee_id"].to_numpy(),
            "manager_id": pilot["manager_id"].to_numpy(),
        }
    )


def _observed(people: pd.DataFrame, members: pd.DataFrame) -> pd.DataFrame:
    """Rows of the cohort and of its teams: whom a manager observes and prepares for."""
    teams = people["manager_id"].isin(members["manager_id"].dropna()) & people["in_team"]
    cohort = people["employee_id"].isin(members["employee_id"])
    return people[(teams | cohort) & people["manager_id"].isin(people["employee_id"])]


def _named_simulated(feeds: Mapping[str, pd.DataFrame], population: Population) -> dict[str, pd.DataFrame]:
    """Say in made-up titles that they are made up, and place made-up initiatives in departments that exist."""
    named = dict(feeds)
    named["issue_log"] = feeds["issue_log"].assign(title="Simulated: " + feeds["issue_log"]["title"])
    places = [population.departments[number % 2] for number in range(len(feeds["initiatives"]))]
    named["initiatives"] = feeds["initiatives"].assign(
        name="Simulated: " + feeds["initiatives"]["name"], scope=pd.Series(places, dtype="str")
    )
    return named


def _settings(scenario: Scenario, seed: int, export: Export, present: int) -> str:
    heading = (
        f"{REHEARSAL_MARK} on a real population: its pilot is simulated (scenario {scenario.name}, seed {seed}).\n"
        f"# {scenario.description} Nothing here says anything about a real tool."
    )
    text = demonstration_yaml(heading, present, "{}", rollout=present, name="AI coaching pilot, a rehearsal")
    return text + (
        "\nrehearsal:                         # its presence makes every result directional: nothing is decided here\n"
        f"  people: {len(export.people)}\n"
        f"  kept: [{', '.join(export.kept)}]\n"
        f"  simulated: [{', '.join(export.simulated)}]\n"
    )
