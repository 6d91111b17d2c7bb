"""The canonical columns of every feed, as data; reading, mapping and judging rows live beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

ColumnType = Literal["text", "integer", "number", "date", "timestamp", "boolean"]
PersonalData = Literal["none", "person_id", "email", "protected", "personal", "behavioural", "free_text"]

SQL_TYPES: Mapping[ColumnType, str] = MappingProxyType(
    {
        "text": "VARCHAR",
        "integer": "BIGINT",
        "number": "DOUBLE",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
        "boolean": "BOOLEAN",
    }
)


@dataclass(frozen=True)
class Column:
    """One canonical column.

    `personal` decides what happens at the door: `person_id` and `email` become keyed pseudonyms, `free_text` is
    cleaned of people and e-mail addresses, the rest is kept as it is.
    """

    name: str
    type: ColumnType
    description: str
    nullable: bool = False
    vocabulary: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    items: bool = False
    personal: PersonalData = "none"


@dataclass(frozen=True)
class Feed:
    """One canonical feed.

    `key` identifies a row; `live` feeds may be read only once go-live holds; of a feed with `live_from` (the name of
    a date column) only the rows dated before the pilot's start may be read before that.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    required: bool = False
    live: bool = False
    live_from: str | None = None

    def column(self, name: str) -> Column:
        """Return the column of that name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def names(self) -> tuple[str, ...]:
        """The column names, in canonical order."""
        return tuple(column.name for column in self.columns)


def _id(name: str, description: str, nullable: bool = False) -> Column:
    return Column(name, "text", description, nullable=nullable, personal="person_id")


def _text(name: str, description: str, nullable: bool = False, **more: object) -> Column:
    return Column(name, "text", description, nullable=nullable, **more)  # type: ignore[arg-type]


_EMPLOYEE = _id("employee_id", "The person, pseudonymised at the door.")
_MANAGER = _id("manager_id", "The manager, pseudonymised at the door.")
_PATHWAY = _text("pathway_id", "The coaching pathway.")
_RANK = Column("rank", "integer", "1 is the first choice; absent means 1.", nullable=True, minimum=1)
_MODEL = _text("model_version", "Version of the tool's model.", nullable=True)
_SCORE = Column("score", "number", "Score on the 1 to 5 scale.", minimum=1, maximum=5, personal="behavioural")
_WEEK_START = Column("week_start", "date", "Monday of the local week.")
_ROLES = _text("roles", "Roles it is for, separated by semicolons.", items=True)

_FEEDS = (
    Feed(
        "employees",
        "an employee in a snapshot",
        ("as_of", "employee_id"),
        (
            Column("as_of", "date", "Date of the HRIS snapshot."),
            _EMPLOYEE,
            Column("email", "text", "Work e-mail; joins sign-ins to people.", nullable=True, personal="email"),
            _id("manager_id", "The direct manager, pseudonymised at the door.", nullable=True),
            _text("department", "Department."),
            _text("business_unit", "Business unit.", nullable=True),
            _text("role", "Job role."),
            Column("role_level", "integer", "Level of the role, 1 to 10.", minimum=1, maximum=10),
            _text("location", "Place of work.", nullable=True),
            _text("employment_status", "Status at the snapshot.", vocabulary=("active", "leave", "terminated")),
            Column("hired_on", "date", "First day of the current spell.", personal="personal"),
            Column("terminated_on", "date", "Last day.", nullable=True, personal="personal"),
            _text(
                "termination_reason",
                "Why the person left.",
                nullable=True,
                vocabulary=("voluntary", "involuntary", "other"),
                personal="personal",
            ),
            Column(
                "performance_score", "number", "Latest rating before the snapshot.", nullable=True, personal="personal"
            ),
            _text("skills", "Skills, separated by semicolons.", nullable=True, items=True, personal="personal"),
            _text("gender", "Gender as recorded.", nullable=True, personal="protected"),
            _text("ethnicity", "Ethnicity as recorded.", nullable=True, personal="protected"),
            Column(
                "birth_year",
                "integer",
                "Year of birth.",
                nullable=True,
                minimum=1900,
                maximum=2100,
                personal="protected",
            ),
            Column("promoted_on", "date", "Latest promotion.", nullable=True, personal="personal"),
        ),
        required=True,
    ),
    Feed(
        "consents",
        "a decision about taking part",
        ("employee_id", "decided_at"),
        (
            _EMPLOYEE,
            Column("briefed_at", "timestamp", "When the person got the privacy brief."),
            _text("decision", "What the person decided.", vocabulary=("opted_in", "declined", "withdrawn")),
            Column("decided_at", "timestamp", "When the person decided."),
        ),
        required=True,
    ),
    Feed(
        "enrolments",
        "a person's place in the pilot",
        ("employee_id",),
        (
            _EMPLOYEE,
            _text("arm", "Pilot or control.", vocabulary=("pilot", "control")),
            Column("provisioned_at", "timestamp", "When the account was made.", nullable=True),
            Column("withdrawn_at", "timestamp", "When the person left the pilot.", nullable=True),
        ),
    ),
    Feed(
        "sso_signins",
        "a sign-in attempt",
        ("event_id",),
        (
            _text("event_id", "Identifier of the attempt."),
            Column("occurred_at", "timestamp", "When it happened, UTC."),
            Column("email", "text", "Who tried, joins to employees.email.", personal="email"),
            _text("persona", "Kind of account that was tried.", nullable=True),
            _text("outcome", "How it ended.", vocabulary=("success", "failure")),
            _text("failure_reason", "Why it failed.", nullable=True),
            Column("is_test", "boolean", "A test before launch."),
        ),
    ),
    Feed(
        "tool_events",
        "a thing done in the tool",
        ("event_id",),
        (
            _text("event_id", "Identifier of the event."),
            Column("occurred_at", "timestamp", "When it happened, UTC."),
            _EMPLOYEE,
            _text(
                "event_type",
                "What was done.",
                vocabulary=(
                    "session",
                    "module_started",
                    "module_completed",
                    "reflection",
                    "recommendation_viewed",
                    "feedback",
                ),
                personal="behavioural",
            ),
            _text("module_id", "The module, where there is one.", nullable=True),
            Column("duration_s", "number", "How long, in seconds.", nullable=True, minimum=0, personal="behavioural"),
        ),
        required=True,
        live=True,
    ),
    Feed(
        "module_assignments",
        "an assignment",
        ("employee_id", "module_id"),
        (
            _EMPLOYEE,
            _text("module_id", "The module."),
            Column("assigned_on", "date", "When it was assigned."),
            Column("due_on", "date", "When it is due.", nullable=True),
        ),
    ),
    Feed(
        "manager_observations",
        "a score given by a manager",
        ("observation_id",),
        (
            _text("observation_id", "Identifier of the observation."),
            _EMPLOYEE,
            _id("observer_id", "Who observed; must be in the person's management line."),
            Column("observed_on", "date", "When it was observed."),
            _text("wave", "Before or after the pilot.", vocabulary=("start", "end")),
            _text("competency_id", "The competency that was scored."),
            _SCORE,
        ),
        live_from="observed_on",
    ),
    Feed(
        "manager_time",
        "preparation time logged",
        ("manager_id", "employee_id", "week_start"),
        (
            _MANAGER,
            _id("employee_id", "The direct report, pseudonymised at the door."),
            _WEEK_START,
            Column(
                "prep_minutes",
                "number",
                "Minutes of preparation in the week; 0 is none, blank is missing.",
                nullable=True,
                minimum=0,
                maximum=10080,
                personal="behavioural",
            ),
        ),
        live_from="week_start",
    ),
    Feed(
        "pulse_responses",
        "an answer to a pulse question",
        ("employee_id", "week_no", "question_id"),
        (
            _EMPLOYEE,
            Column("week_no", "integer", "Week of the pilot.", minimum=1),
            _text("question_id", "The question."),
            _SCORE,
        ),
        live=True,
    ),
    Feed(
        "measurements",
        "a person's value of a metric on a day, for a KPI that kpis.further declares",
        ("employee_id", "measured_on", "metric"),
        (
            _EMPLOYEE,
            Column("measured_on", "date", "The local day that the value is of."),
            _text("metric", "What was measured: a metric that a further KPI names."),
            Column(
                "value",
                "number",
                "The value, in the KPI's unit; 0 is none, blank is missing.",
                nullable=True,
                minimum=-1e9,
                maximum=1e9,
                personal="behavioural",
            ),
        ),
        live_from="measured_on",
    ),
    Feed(
        "recommendations",
        "a recommendation issued",
        ("recommendation_id",),
        (
            _text("recommendation_id", "Identifier of the recommendation."),
            Column("issued_at", "timestamp", "When it was issued, UTC."),
            _EMPLOYEE,
            _PATHWAY,
            _RANK,
            _MODEL,
        ),
        live=True,
    ),
    Feed(
        "synthetic_recommendations",
        "the tool's answer about a synthetic employee",
        ("synthetic_id", "pathway_id"),
        (_text("synthetic_id", "The synthetic employee."), _PATHWAY, _RANK, _MODEL),
    ),
    Feed(
        "enablement_sessions",
        "a manager's attendance",
        ("manager_id", "held_on", "topics"),
        (
            _MANAGER,
            Column("held_on", "date", "When it was held."),
            Column("minutes", "number", "How long the manager attended.", minimum=0),
            _text("topics", "Topics covered, separated by semicolons.", items=True),
        ),
    ),
    Feed(
        "competencies",
        "a competency",
        ("competency_id",),
        (_text("competency_id", "The competency."), _text("name", "Its name."), _ROLES),
    ),
    Feed(
        "pathways",
        "a coaching pathway",
        ("pathway_id",),
        (
            _PATHWAY,
            _text("name", "Its name."),
            _text("competency_id", "The competency that it builds."),
            _ROLES,
            _text("theme", "What it is about, for example communication."),
        ),
    ),
    Feed(
        "business_outcomes",
        "a unit's result in a week",
        ("manager_id", "week_start", "metric"),
        (_MANAGER, _WEEK_START, _text("metric", "What was measured."), Column("value", "number", "The result.")),
    ),
    Feed(
        "initiatives",
        "something else that was going on",
        ("name", "starts_on"),
        (
            _text("name", "What it was.", personal="free_text"),
            Column("starts_on", "date", "First day."),
            Column("ends_on", "date", "Last day."),
            _text("scope", "Whom it touched.", personal="free_text"),
        ),
    ),
    Feed(
        "issue_log",
        "an issue that people reported",
        ("issue_id",),
        (
            _text("issue_id", "Identifier of the issue."),
            Column("opened_on", "date", "When it was reported."),
            _text("kind", "Configuration or culture fit.", vocabulary=("configuration", "culture_fit")),
            Column("severity", "integer", "1 (slight) to 5 (grave).", minimum=1, maximum=5),
            _text("title", "What it is.", personal="free_text"),
            Column("affected", "integer", "How many people it touches.", nullable=True, minimum=0),
            _text("fix", "What would mend it.", nullable=True, personal="free_text"),
            _text("status", "Open or fixed.", vocabulary=("open", "fixed")),
        ),
    ),
)

CANON: Mapping[str, Feed] = MappingProxyType({feed.name: feed for feed in _FEEDS})
"""Every feed of the contract by name, in the contract's order."""
