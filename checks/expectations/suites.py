"""The suites as data: volume, completeness, vocabulary, freshness and uniqueness; running them is `runner`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

import pandas as pd

from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.fairness.answer_checks import among
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.readiness.evidence import prelaunch_tests, start_instant
from pilot_pipeline.readiness.results import HRIS_FEED, PATHWAYS, SSO_MATRIX, SYNTHETIC_AUDIT, Severity

FRESH_DAYS = 31
"""Age in days at the pilot's start up to which an HRIS snapshot counts as fresh."""

Frames = Mapping[str, pd.DataFrame | None]


@dataclass(frozen=True)
class Expectation:
    """One expectation: Great Expectations' own type and arguments, and what they mean in a sentence."""

    name: str
    sentence: str
    type: str
    severity: Severity = "error"
    arguments: Mapping[str, Any] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that it looks at; none for the table as a whole."""
        single = [self.arguments[key] for key in ("column", "column_A", "column_B") if key in self.arguments]
        return (*single, *self.arguments.get("column_list", ()))


@dataclass(frozen=True)
class Suite:
    """What is expected of one frame's `rows` (None where the feed is missing).

    `key` names failing rows and holds pseudonyms, technical ids or organisational names only.
    """

    frame: str
    key: tuple[str, ...]
    expectations: tuple[Expectation, ...]
    rows: pd.DataFrame | None


def suites_for(checkpoint: str, frames: Frames, config: PilotConfig) -> tuple[Suite, ...]:
    """Return the suites of a checkpoint over its frames.

    Args:
        checkpoint: hris_feed takes `employees` (one snapshot); sso_matrix `sso_signins` and `sso_matrix`; pathways
            `pathways` and `competencies`; synthetic_audit `synthetic_recommendations`, and, where given, `twins` and
            `pathways` to hold it against.
        frames: name to rows; None or absent where a feed is missing.
        config: the pilot's.

    Raises:
        ValueError: no such checkpoint.
    """
    builders = {HRIS_FEED: _hris, SSO_MATRIX: _sso, PATHWAYS: _pathways, SYNTHETIC_AUDIT: _synthetic}
    if checkpoint not in builders:
        raise ValueError(f"no suite for {checkpoint}; there are {', '.join(builders)}")
    return builders[checkpoint](frames, config)


def _hris(frames: Frames, config: PilotConfig) -> tuple[Suite, ...]:
    headcount, starts = config.organisation.employees, config.pilot.starts_on
    expected = (
        _rows("volume_for_cohort", "There are at least twice as many rows as pairs", least=2 * config.cohort.size),
        _rows(
            "volume_for_organisation",
            f"There are about as many rows as organisation.employees says ({headcount:,}, half to one and a half)",
            least=headcount // 2,
            most=headcount + headcount // 2,
            severity="warn",
        ),
        _unique("employee_id", "Everybody occurs once"),
        Expectation(
            "one_snapshot",
            "All rows are of one snapshot",
            "expect_column_unique_value_count_to_be_between",
            arguments={"column": "as_of", "max_value": 1},
        ),
        *(_filled(column.name) for column in CANON["employees"].columns if not column.nullable),
        _vocabulary("employees", "employment_status"),
        _between("role_level", "Role levels lie between 1 and 10", 1, 10),
        _between(
            "as_of",
            f"The snapshot is at most {FRESH_DAYS} days old when the pilot starts",
            _midnight(starts - timedelta(days=FRESH_DAYS)),
            _midnight(starts),
            severity="warn",
        ),
        Expectation(
            "hired_before_snapshot",
            "Everybody was hired by the day of the snapshot",
            "expect_column_pair_values_a_to_be_greater_than_b",
            "warn",
            {"column_A": "as_of", "column_B": "hired_on", "or_equal": True},
        ),
        *(_filled(name, mostly=share) for name, share in _mostly_filled(config).items()),
    )
    return (Suite("employees", ("employee_id",), expected, frames.get("employees")),)


def _mostly_filled(config: PilotConfig) -> dict[str, float]:
    """Return nullable columns that the pilot uses, with the share of rows that should have a value."""
    protected = ["birth_year" if name == "age_band" else name for name in config.fairness.attributes]
    shares = {"email": 0.95, "manager_id": 0.95, "performance_score": 0.8, "skills": 0.8}
    return {**shares, **dict.fromkeys(protected, 0.8)}


def _sso(frames: Frames, config: PilotConfig) -> tuple[Suite, ...]:
    personas = sorted(config.readiness.sso_personas)
    signins = frames.get("sso_signins")
    tests = None if signins is None else prelaunch_tests(signins, config.pilot)
    configured = config.pilot.configured_on
    judged = (
        _rows("volume_of_tests", "There is at least one test per persona", least=len(personas)),
        _unique("event_id", "Every sign-in occurs once"),
        _filled("email"),
        _vocabulary("sso_signins", "outcome"),
        Expectation(
            "persona_vocabulary",
            "Every test names a persona of readiness.sso_personas",
            "expect_column_values_to_be_in_set",
            "warn",
            {"column": "persona", "value_set": personas},
        ),
        _filled("persona", mostly=1.0),
        *(
            [
                _between(
                    "occurred_at",
                    "Tests were made after the tool was configured",
                    _midnight(configured),
                    start_instant(config.pilot).to_pydatetime(),
                    severity="warn",
                )
            ]
            if configured
            else []
        ),
    )
    cells = (
        _rows("volume_of_cells", "There is a cell for every persona", least=len(personas)),
        Expectation(
            "cells_tested",
            "Every persona was tested in every division",
            "expect_column_values_to_be_between",
            arguments={"column": "attempts", "min_value": 1},
        ),
        Expectation(
            "cells_passed",
            "Sign-in works for every persona in every division",
            "expect_column_values_to_be_in_set",
            arguments={"column": "state", "value_set": ["passed"]},
        ),
    )
    return (
        Suite("sso_signins", ("event_id",), judged, tests),
        Suite("sso_matrix", ("persona", "division"), cells, frames.get("sso_matrix")),
    )


def _pathways(frames: Frames, config: PilotConfig) -> tuple[Suite, ...]:
    pathways = (
        _rows("volume_of_pathways", "There are at least two pathways to choose from", least=2),
        _unique("pathway_id", "Every pathway occurs once"),
        *(_filled(name) for name in ("competency_id", "roles", "theme")),
        Expectation(
            "themes_vary",
            "Pathways have at least two themes",
            "expect_column_unique_value_count_to_be_between",
            "warn",
            {"column": "theme", "min_value": 2},
        ),
    )
    competencies = (
        _rows("volume_of_competencies", "There is at least one competency", least=1),
        _unique("competency_id", "Every competency occurs once"),
        _filled("roles"),
    )
    return (
        Suite("pathways", ("pathway_id",), pathways, frames.get("pathways")),
        Suite("competencies", ("competency_id",), competencies, frames.get("competencies")),
    )


def _synthetic(frames: Frames, config: PilotConfig) -> tuple[Suite, ...]:
    answers, twins, pathways = (frames.get(name) for name in ("synthetic_recommendations", "twins", "pathways"))
    expected = [
        Expectation(
            "answers_unique",
            "A pathway is recommended to a synthetic employee once",
            "expect_compound_columns_to_be_unique",
            arguments={"column_list": ["synthetic_id", "pathway_id"]},
        ),
        _filled("synthetic_id"),
        _filled("pathway_id"),
        _filled("model_version", mostly=0.95),
        Expectation(
            "one_model",
            "All answers come from one version of the model",
            "expect_column_unique_value_count_to_be_between",
            "warn",
            {"column": "model_version", "max_value": 1},
        ),
        _between("rank", "Ranks start at 1", 1, None),
    ]
    if twins is not None:
        expected.append(
            Expectation(
                "volume_of_answers",
                f"Every one of {len(twins):,} synthetic employees was answered",
                "expect_column_unique_value_count_to_be_between",
                arguments={"column": "synthetic_id", "min_value": len(twins)},
            )
        )
        expected.append(_known("employee_known", "Answers are about employees that were sent"))
    if pathways is not None:
        expected.append(_known("pathway_known", "Answers name pathways that exist"))
    if answers is not None:
        answers = answers.assign(
            employee_known=True if twins is None else among(answers["synthetic_id"], twins["synthetic_id"]),
            pathway_known=True if pathways is None else among(answers["pathway_id"], pathways["pathway_id"]),
        )
    return (Suite("synthetic_recommendations", ("synthetic_id",), tuple(expected), answers),)


def _rows(
    name: str, sentence: str, *, least: int, most: int | None = None, severity: Severity = "error"
) -> Expectation:
    arguments = {"min_value": least, "max_value": most}
    return Expectation(name, sentence, "expect_table_row_count_to_be_between", severity, arguments)


def _unique(column: str, sentence: str) -> Expectation:
    name = f"{column}_unique"
    return Expectation(name, sentence, "expect_column_values_to_be_unique", arguments={"column": column})


def _filled(column: str, *, mostly: float | None = None) -> Expectation:
    """Expect values: all of them, as an error, or a share of them, as a warning."""
    words = (
        f"{column} is filled in" if mostly in {None, 1.0} else f"{column} is filled in at least {mostly:.0%} of rows"
    )
    return Expectation(
        f"{column}_complete",
        words,
        "expect_column_values_to_not_be_null",
        "error" if mostly is None else "warn",
        {"column": column, "mostly": 1.0 if mostly is None else mostly},
    )


def _vocabulary(feed: str, column: str) -> Expectation:
    words = sorted(CANON[feed].column(column).vocabulary)
    sentence = f"{column} is one of {', '.join(words)}"
    arguments = {"column": column, "value_set": words}
    return Expectation(f"{column}_vocabulary", sentence, "expect_column_values_to_be_in_set", "error", arguments)


def _between(column: str, sentence: str, least: Any, most: Any, *, severity: Severity = "error") -> Expectation:
    arguments = {"column": column, "min_value": least, "max_value": most}
    return Expectation(f"{column}_range", sentence, "expect_column_values_to_be_between", severity, arguments)


def _known(column: str, sentence: str) -> Expectation:
    """Expect a column of true and false, derived here so that pages need not list the whole vocabulary."""
    arguments = {"column": column, "value_set": [True]}
    return Expectation(column, sentence, "expect_column_values_to_be_in_set", "error", arguments)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())
