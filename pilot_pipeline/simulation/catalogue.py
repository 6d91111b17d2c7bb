"""The synthetic company on paper: departments, roles, competencies, pathways, modules; its people are `population`."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Role:
    """A job role with its level, its share of a team and what its holders can do."""

    name: str
    level: int
    share: float
    skills: tuple[str, ...]


@dataclass(frozen=True)
class Department:
    """A department: its business unit, how many directors and team leads it has, and the roles in its teams."""

    name: str
    business_unit: str
    directors: int
    leads: int
    roles: tuple[Role, ...]
    specialist: Role | None = None


@dataclass(frozen=True)
class Competency:
    """A competency of the framework and the roles it is for."""

    competency_id: str
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Pathway:
    """A coaching pathway, the competency it builds, and its theme."""

    pathway_id: str
    name: str
    competency_id: str
    theme: str
    roles: tuple[str, ...]


_BUILD = ("python", "testing", "code review", "architecture", "incident response", "statistics")
_SELL = ("negotiation", "forecasting", "account planning", "presenting", "pricing")
_HELP = ("troubleshooting", "ticketing", "writing", "de-escalation", "product knowledge")
_RUN = ("scheduling", "process design", "reporting", "supplier management")
_COUNT = ("closing", "controlling", "modelling", "audit")
_HIRE = ("interviewing", "mediation", "labour law", "onboarding")
_LEAD = ("leadership", "budgeting", "hiring", "planning")

DATA_SCIENTIST = Role("Data Scientist", 3, 0.0, _BUILD)
"""One per engineering team: a role that can only be matched across teams."""

DEPARTMENTS = (
    Department(
        "Engineering",
        "Products",
        3,
        14,
        (Role("Engineer", 3, 0.58, _BUILD), Role("Senior Engineer", 4, 0.42, _BUILD)),
        DATA_SCIENTIST,
    ),
    Department(
        "Sales",
        "Commercial",
        2,
        10,
        (Role("Account Executive", 3, 0.6, _SELL), Role("Senior Account Executive", 4, 0.4, _SELL)),
    ),
    Department(
        "Customer Support",
        "Commercial",
        2,
        10,
        (Role("Support Specialist", 2, 0.6, _HELP), Role("Senior Support Specialist", 3, 0.4, _HELP)),
    ),
    Department(
        "Operations",
        "Corporate",
        2,
        8,
        (Role("Operations Analyst", 2, 0.6, _RUN), Role("Operations Planner", 3, 0.4, _RUN)),
    ),
    Department(
        "Finance", "Corporate", 1, 4, (Role("Accountant", 3, 0.6, _COUNT), Role("Financial Analyst", 4, 0.4, _COUNT))
    ),
    Department("People", "Corporate", 1, 3, (Role("Recruiter", 3, 0.5, _HIRE), Role("People Partner", 4, 0.5, _HIRE))),
)

TEAM_LEAD = Role("Team Lead", 5, 0.0, _LEAD)
DIRECTOR = Role("Director", 7, 0.0, _LEAD)
VICE_PRESIDENT = Role("Vice President", 8, 0.0, _LEAD)
CHIEF_EXECUTIVE = Role("Chief Executive", 10, 0.0, _LEAD)

HEAD_COUNT = 812
PILOT_TEAMS = {
    "Engineering": ((4, 3, 3), (3, 2)),
    "Sales": ((3, 3, 2),),
    "Customer Support": ((3, 2, 2),),
}
"""Per department and director: how many participants each pilot team has. Thirty participants in eleven teams."""

SPECIALIST_DIRECTORS = 2
"""Under so many engineering directors one of the participants is the team's only data scientist."""

LOCATIONS = ("Berlin", "Hamburg", "Vienna", "Remote")
ROLE_FAMILIES = {
    "technical": ("Engineer", DATA_SCIENTIST.name),
    "customer": ("Account Executive", "Senior Support Specialist"),
}

LEADER_ROLES = tuple(role.name for role in (TEAM_LEAD, DIRECTOR, VICE_PRESIDENT, CHIEF_EXECUTIVE))
_TEAM_ROLES = tuple(role.name for department in DEPARTMENTS for role in department.roles)
ROLES = (*_TEAM_ROLES, DATA_SCIENTIST.name, *LEADER_ROLES)
"""Every role of the company."""

_FACING = tuple(role.name for d in DEPARTMENTS if d.name in {"Sales", "Customer Support", "People"} for role in d.roles)
_ANALYTIC = tuple(role for role in ROLES if role not in {*_FACING, *LEADER_ROLES})

COMPETENCIES = (
    Competency("C-LISTEN", "Listening and asking", ROLES),
    Competency("C-FEEDBACK", "Giving and taking feedback", ROLES),
    Competency("C-STRATEGY", "Thinking ahead", ROLES),
    Competency("C-PLANNING", "Planning and prioritising", ROLES),
    Competency("C-PROBLEM", "Solving problems", _ANALYTIC),
    Competency("C-INFLUENCE", "Winning support", (*_FACING, *LEADER_ROLES)),
)

PATHWAYS = (
    Pathway("P-CONVERSATIONS", "Clear conversations", "C-LISTEN", "communication", ROLES),
    Pathway("P-FEEDBACK", "Feedback that lands", "C-FEEDBACK", "communication", ROLES),
    Pathway("P-STRATEGY", "The bigger picture", "C-STRATEGY", "strategy", ROLES),
    Pathway("P-PLANNING", "Planning the week", "C-PLANNING", "execution", ROLES),
    Pathway("P-PROBLEMS", "Hard problems, step by step", "C-PROBLEM", "execution", _ANALYTIC),
    Pathway("P-SUPPORT", "Winning support", "C-INFLUENCE", "leadership", (*_FACING, *LEADER_ROLES)),
)

MODULES = ("M-01", "M-02", "M-03", "M-04", "M-05", "M-06")
PULSE_QUESTIONS = ("Q-useful", "Q-easy", "Q-recommend")


@dataclass(frozen=True)
class Framework:
    """A company's competencies and pathways."""

    competencies: tuple[Competency, ...]
    pathways: tuple[Pathway, ...]

    def competencies_of(self, role: str) -> tuple[str, ...]:
        """Return the ids of the competencies that a role is judged on."""
        return tuple(competency.competency_id for competency in self.competencies if role in competency.roles)


FRAMEWORK = Framework(COMPETENCIES, PATHWAYS)
"""The synthetic company's own."""


def framework_for(roles: tuple[str, ...]) -> Framework:
    """Return the same competencies and pathways for the roles of another company, each for all of them."""
    return Framework(
        tuple(replace(competency, roles=roles) for competency in COMPETENCIES),
        tuple(replace(pathway, roles=roles) for pathway in PATHWAYS),
    )
