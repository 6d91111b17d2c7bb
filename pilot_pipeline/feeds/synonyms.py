"""What companies call the canonical columns and words, as data; choosing among them is `proposing`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

COLUMN_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "as_of": ("snapshot date", "report date", "effective date", "as of date", "extract date", "stichtag"),
        "employee_id": (
            *("emp id", "employee number", "emp no", "worker id", "person number", "personnel number", "staff id"),
            *("id", "user id", "personalnummer", "participant id", "external reference", "ee id", "associate id"),
        ),
        "email": (
            "work email",
            "email address",
            "mail",
            "primary work email",
            "user principal name",
            "user name",
            "login",
        ),
        "manager_id": (
            *(
                "manager",
                "supervisor",
                "supervisor id",
                "reports to",
                "manager number",
                "manager employee id",
                "line manager",
            ),
            *("manager name", "supervisor name", "supervisor email", "manager email", "vorgesetzter", "boss"),
        ),
        "department": ("dept", "department name", "division", "team", "cost center name", "abteilung", "org unit"),
        "business_unit": ("bu", "business", "segment", "company", "legal entity", "division name"),
        "role": ("job role", "job title", "title", "position", "job profile", "job", "stelle", "position title"),
        "role_level": ("job level", "level", "grade", "job grade", "management level", "band", "pay grade"),
        "location": ("office", "site", "city", "work location", "standort", "state", "country"),
        "employment_status": (
            "status",
            "employee status",
            "active status",
            "attrition",
            "worker status",
            "active",
            "term d",
        ),
        "hired_on": (
            "hire date",
            "date of hire",
            "start date",
            "original hire date",
            "joined",
            "entry date",
            "eintrittsdatum",
        ),
        "terminated_on": (
            "termination date",
            "date of termination",
            "end date",
            "exit date",
            "leave date",
            "austrittsdatum",
        ),
        "termination_reason": (
            "term reason",
            "reason for leaving",
            "termination type",
            "exit reason",
            "termination category",
        ),
        "performance_score": (
            "performance rating",
            "rating",
            "performance",
            "last rating",
            "perf score id",
            "review score",
        ),
        "skills": ("skill", "competencies", "certifications", "faehigkeiten"),
        "gender": ("sex", "gender identity", "geschlecht", "gender code"),
        "ethnicity": ("race", "race ethnicity", "race desc", "ethnic group"),
        "birth_year": ("year of birth", "birth date", "date of birth", "dob", "birthdate", "geburtsdatum"),
        "promoted_on": ("last promotion", "promotion date", "last promotion date"),
        "event_id": ("id", "uuid", "event uuid", "request id", "log id"),
        "occurred_at": ("timestamp", "time", "event time", "created at", "datetime", "date time", "published", "date"),
        "event_type": ("type", "event", "action", "activity", "event name", "verb"),
        "module_id": ("module", "course id", "course", "content id", "object id"),
        "duration_s": ("duration", "seconds", "duration seconds", "time spent"),
        "persona": ("user type", "account type", "profile", "persona type"),
        "outcome": ("result", "status", "success", "sign in status"),
        "failure_reason": ("reason", "error", "failure", "error message", "failure details"),
        "is_test": ("test", "test account", "is test account"),
        "decision": ("consent", "answer", "opt in", "response", "choice"),
        "briefed_at": ("briefing date", "brief sent", "informed at", "brief date"),
        "decided_at": ("consent date", "answered at", "signed at", "decision date", "submitted at"),
        "arm": ("group", "cohort", "study arm"),
        "score": ("rating", "value", "answer", "points"),
        "observer_id": ("observer", "rater", "reviewer", "manager id"),
        "observed_on": ("review date", "date", "observation date"),
        "competency_id": ("competency", "skill id"),
        "pathway_id": ("pathway", "path id", "learning path", "program id"),
        "roles": ("job roles", "for roles", "audience"),
        "theme": ("topic", "category"),
        "name": ("title", "description"),
        "week_start": ("week", "week of", "week beginning"),
        "prep_minutes": ("minutes", "prep time", "preparation minutes"),
        "question_id": ("question", "item"),
        "measured_on": ("date", "day", "measurement date"),
        "metric": ("measure", "kpi", "indicator", "metric name"),
        "value": ("result", "amount", "count", "score"),
        "recommendation_id": ("id", "recommendation"),
        "issued_at": ("timestamp", "created at", "date"),
        "model_version": ("model", "version"),
        "topics": ("topic", "agenda", "content"),
        "minutes": ("duration", "length"),
        "held_on": ("date", "session date"),
    }
)
"""Canonical column to names that mean it, in the order of how surely they do; case and punctuation do not matter."""

WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "employment_status": {
            "active": ("a", "active", "employed", "current", "aktiv", "full time", "part time"),
            "leave": ("l", "leave", "on leave", "loa", "leave of absence", "parental leave", "beurlaubt"),
            "terminated": (
                *(
                    "t",
                    "terminated",
                    "term",
                    "inactive",
                    "left",
                    "former",
                    "resigned",
                    "retired",
                    "ausgeschieden",
                ),
                *("voluntarily terminated", "terminated for cause"),
            ),
        },
        "termination_reason": {
            "voluntary": (
                "voluntary",
                "resignation",
                "resigned",
                "quit",
                "another position",
                "career change",
                "unhappy",
            ),
            "involuntary": (
                "involuntary",
                "dismissal",
                "dismissed",
                "performance",
                "no call no show",
                "attendance",
                "layoff",
            ),
            "other": ("other", "retirement", "retiring", "death", "end of contract", "relocation out of area"),
        },
        "outcome": {
            "success": ("success", "succeeded", "ok", "allow", "0", "true", "passed"),
            "failure": ("failure", "failed", "fail", "deny", "error", "false", "interrupted"),
        },
        "decision": {
            "opted_in": ("opted in", "yes", "y", "agree", "agreed", "accept", "consent", "consented", "ja", "true"),
            "declined": ("declined", "no", "n", "decline", "refused", "nein", "false"),
            "withdrawn": ("withdrawn", "withdraw", "revoked", "opted out"),
        },
        "arm": {"pilot": ("pilot", "treatment", "participant"), "control": ("control", "comparison")},
        "wave": {"start": ("start", "pre", "before", "baseline", "t0"), "end": ("end", "post", "after", "t1")},
        "status": {"open": ("open", "new", "in progress"), "fixed": ("fixed", "closed", "done", "resolved")},
        "kind": {"configuration": ("configuration", "config", "technical"), "culture_fit": ("culture fit", "culture")},
    }
)
"""Canonical column to canonical word to words that mean it."""

YES, NO = ("yes", "y", "true", "1", "ja"), ("no", "n", "false", "0", "nein")
SAYS_WHO_LEFT = ("attrition", "term", "terminated", "left", "inactive", "exited")
SAYS_WHO_STAYED = ("active", "employed", "current")
"""Words in a column's name by which yes and no say who left, or who stayed."""

DATE_FORMATS = (
    *("iso", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y/%m/%d", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%Y%m%d"),
    *("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M"),
    *("%m-%d-%Y", "%d-%m-%Y"),
)
"""Formats that exports use, in the order in which they are tried."""

NAME_COLUMNS = (("first name", "last name"), ("first", "last"), ("given name", "surname"), ("vorname", "nachname"))
FULL_NAMES = ("employee name", "display name", "full name", "name", "worker", "preferred name")
"""Columns that hold a person's own name, in two parts or whole."""
