"""Checkpoint 3: coaching pathways against the competency framework; how pathways are recommended is `fairness`."""

from __future__ import annotations

import pandas as pd

from pilot_pipeline.readiness.results import MAX_KEYS, PATHWAYS, CheckResult, Severity, counted, listed
from pilot_pipeline.readiness.sqlrun import select

OK = "ok"
WRONG_ROLE = "wrong_role"
NO_COMPETENCY = "no_competency"
NO_PATHWAY = "no_pathway"
DEAD = "dead"
UNREACHABLE = "unreachable"
ONE_GROUP = "one_group"

_ATTRIBUTES = ("gender", "ethnicity")
"""Protected attributes that stand in the HRIS feed as they are; age is not looked at here."""

_REVIEW = """
    WITH path_roles AS (
        SELECT DISTINCT pathway_id, competency_id, trim(unnest(string_split(roles, ';'))) AS role FROM pathways
    ),
    skill_roles AS (
        SELECT DISTINCT competency_id, trim(unnest(string_split(roles, ';'))) AS role FROM competencies
    ),
    cohort_roles AS (SELECT DISTINCT role FROM members WHERE role IS NOT NULL),
    without_competency AS (
        SELECT pathway_id AS subject FROM pathways ANTI JOIN competencies USING (competency_id)
    ),
    wrong AS (
        SELECT path.pathway_id AS subject, string_agg(path.role, ', ' ORDER BY path.role) AS roles
        FROM path_roles AS path
        SEMI JOIN competencies USING (competency_id)
        ANTI JOIN skill_roles AS skill ON skill.competency_id = path.competency_id AND skill.role = path.role
        WHERE path.role <> ''
        GROUP BY path.pathway_id
    ),
    dead AS (
        SELECT pathway_id AS subject FROM pathways
        ANTI JOIN (SELECT pathway_id FROM path_roles SEMI JOIN cohort_roles USING (role)) USING (pathway_id)
    ),
    unreachable AS (
        SELECT pathway_id AS subject FROM pathways
        ANTI JOIN (SELECT pathway_id FROM path_roles SEMI JOIN workforce USING (role)) USING (pathway_id)
    ),
    unserved AS (SELECT role AS subject FROM cohort_roles ANTI JOIN path_roles USING (role)),
    found AS (
        SELECT 'pathway' AS kind, subject, 'no_competency' AS finding,
            'Its competency is not in the framework.' AS detail FROM without_competency
        UNION ALL
        SELECT 'pathway', subject, 'wrong_role', 'It lists roles that its competency does not: ' || roles || '.'
        FROM wrong
        UNION ALL
        SELECT 'pathway', subject, 'unreachable', 'Nobody in the company has a role that it is for.' FROM unreachable
        UNION ALL
        SELECT 'pathway', subject, 'dead', 'It is for no role of the cohort.'
        FROM dead ANTI JOIN unreachable USING (subject)
        UNION ALL
        SELECT 'role', subject, 'no_pathway', 'No pathway is for this role of the cohort.' FROM unserved
    ),
    subjects AS (
        SELECT 'pathway' AS kind, pathway_id AS subject FROM pathways UNION ALL SELECT 'role', role FROM cohort_roles
    )
    SELECT kind, subject, coalesce(finding, 'ok') AS finding, coalesce(detail, 'Nothing is wrong with it.') AS detail
    FROM subjects LEFT JOIN found USING (kind, subject)
    ORDER BY kind, subject, finding
"""


def reachable_by(snapshot: pd.DataFrame) -> pd.DataFrame:
    """Return role, gender and ethnicity of everybody who has not left: what pathways and themes are reached by."""
    present = snapshot.loc[snapshot["employment_status"] != "terminated"]
    return present.reindex(columns=["role", *_ATTRIBUTES]).astype("str").reset_index(drop=True)


def review_pathways(
    pathways: pd.DataFrame | None,
    competencies: pd.DataFrame | None,
    members: pd.DataFrame,
    workforce: pd.DataFrame,
    min_group_size: int,
) -> pd.DataFrame:
    """Return one row per finding, and one per pathway, cohort role and theme without any.

    Columns are kind, subject, finding, detail.

    Wrong is a pathway that lists a role which its competency does not. Every pathway needs a competency of the
    framework and somebody who can take it, every role of the cohort a pathway. A pathway for no role of the cohort
    is dead weight in the pilot, not wrong. A theme is reached by everybody with a role of its pathways; one that only
    one group reaches, where chance would let `min_group_size` others in, shuts the others out. Roles are compared as
    written, less surrounding spaces.

    Args:
        pathways: feeds.pathways; None where the feed is missing.
        competencies: feeds.competencies; None where the feed is missing.
        members: cohort_members with `role`, both arms.
        workforce: see `reachable_by`.
        min_group_size: `privacy.min_group_size`.
    """
    paths = _or_empty(pathways, ["pathway_id", "competency_id", "roles", "theme"])
    frames = {
        "pathways": paths,
        "competencies": _or_empty(competencies, ["competency_id", "roles"]),
        "members": members[["role"]].astype("str"),
        "workforce": workforce,
    }
    found = select(_REVIEW, frames).astype("str")
    themes = [_theme(str(theme), rows, workforce, min_group_size) for theme, rows in paths.groupby("theme")]
    return pd.concat([found, pd.DataFrame(themes, columns=found.columns).astype("str")], ignore_index=True)


def _theme(theme: str, pathways: pd.DataFrame, workforce: pd.DataFrame, least: int) -> tuple[str, str, str, str]:
    """Judge one theme by the groups that its pathways' roles let in."""
    roles = {role.strip() for listed in pathways["roles"].dropna() for role in listed.split(";")}
    inside = workforce["role"].str.strip().isin(roles)
    for attribute in _ATTRIBUTES:
        known = workforce[attribute].dropna()
        reached = known[inside.reindex(known.index)]
        groups = reached.unique()
        if len(groups) == 1 and len(reached) * (known != groups[0]).mean() >= least:
            only = f"{attribute} {groups[0]}"
            return ("theme", theme, ONE_GROUP, f"Only people recorded as {only} have a role of its pathways.")
    return ("theme", theme, OK, "Nothing is wrong with it.")


def check_pathways(
    review: pd.DataFrame, pathways: pd.DataFrame | None, competencies: pd.DataFrame | None
) -> list[CheckResult]:
    """Return every check of the review from `review_pathways`."""
    missing = [
        name for name, feed in (("pathways", pathways), ("competencies", competencies)) if feed is None or feed.empty
    ]
    detail = (
        f"No row of {' and '.join(missing)}, so pathways cannot be held against competencies."
        if missing
        else "Pathways and competencies are there."
    )
    return [
        CheckResult(PATHWAYS, "tables_present", "sql", not missing, "error", 2, len(missing), detail),
        _finding(review, "roles_served", NO_PATHWAY, "without a pathway"),
        _finding(review, "competencies_known", NO_COMPETENCY, "without a competency"),
        _finding(review, "roles_mapped", WRONG_ROLE, "for roles that the competency does not list"),
        _finding(review, "pathways_reachable", UNREACHABLE, "for roles that nobody in the company has"),
        _finding(review, "themes_open", ONE_GROUP, "within reach of one group only"),
        _finding(review, "pathways_in_use", DEAD, "for no role of the cohort", severity="warn"),
    ]


def _finding(review: pd.DataFrame, name: str, finding: str, words: str, *, severity: Severity = "error") -> CheckResult:
    kind, noun = {NO_PATHWAY: ("role", "cohort role"), ONE_GROUP: ("theme", "theme")}.get(
        finding, ("pathway", "pathway")
    )
    subjects = review.loc[review["kind"] == kind]
    bad = sorted(subjects.loc[subjects["finding"] == finding, "subject"])
    total = subjects["subject"].nunique()
    detail = (
        f"{counted(len(bad), noun)} of {total} {words}: {listed(bad)}.{_why(subjects, finding)}"
        if bad
        else f"None of {counted(total, noun)} is {words}."
    )
    return CheckResult(PATHWAYS, name, "sql", not bad, severity, total, len(bad), detail, tuple(bad[:MAX_KEYS]))


def _why(subjects: pd.DataFrame, finding: str) -> str:
    """Return what the first of the wrong roles or shut-out groups is; the other findings say it in their words."""
    if finding not in (WRONG_ROLE, ONE_GROUP):
        return ""
    return f" {subjects.loc[subjects['finding'] == finding, 'detail'].iloc[0]}"


def _or_empty(frame: pd.DataFrame | None, columns: list[str]) -> pd.DataFrame:
    source = pd.DataFrame(columns=columns) if frame is None else frame
    return source[columns].astype("str")
