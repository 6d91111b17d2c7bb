"""Checkpoint 2: whether every persona can sign in from every division of the cohort; live sign-ins stay outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.readiness.evidence import prelaunch_tests
from pilot_pipeline.readiness.results import MAX_KEYS, SSO_MATRIX, CheckResult, Severity, counted, listed
from pilot_pipeline.readiness.signin_reasons import in_words, last_attempts, locked
from pilot_pipeline.readiness.sqlrun import select

NO_DIVISION = "(not recorded)"
"""Stands for the division of cohort members whose HRIS row names none."""

_MATRIX = """
    WITH divisions AS (
        SELECT DISTINCT coalesce(person.{division}, $none) AS division
        FROM people AS person SEMI JOIN members USING (employee_id)
    ),
    cells AS (SELECT persona, division FROM personas, divisions),
    attempts AS (
        SELECT test.persona, coalesce(person.{division}, $none) AS division, test.email, test.outcome,
            test.occurred_at, test.event_id
        FROM tests AS test JOIN people AS person USING (email)
    ),
    accounts AS (
        SELECT persona, division, email, count(*) AS attempts,
            count(*) FILTER (outcome = 'success') AS successes,
            arg_max(outcome, (occurred_at, event_id)) = 'success' AS works
        FROM attempts GROUP BY persona, division, email
    )
    SELECT cell.persona, cell.division,
        CAST(coalesce(sum(account.attempts), 0) AS BIGINT) AS attempts,
        CAST(coalesce(sum(account.successes), 0) AS BIGINT) AS successes,
        CAST(coalesce(sum(account.attempts - account.successes), 0) AS BIGINT) AS failures,
        CASE
            WHEN count(account.email) = 0 THEN 'untested' WHEN bool_and(account.works) THEN 'passed' ELSE 'failed'
        END AS state
    FROM cells AS cell
    LEFT JOIN accounts AS account ON account.persona = cell.persona AND account.division = cell.division
    GROUP BY cell.persona, cell.division
    ORDER BY cell.persona, cell.division
"""


def sso_matrix(
    signins: pd.DataFrame | None, employees: pd.DataFrame, members: pd.DataFrame, config: PilotConfig
) -> pd.DataFrame:
    """Return one row per persona and division of the cohort: persona, division, attempts, successes, failures, state.

    Judged are test sign-ins before `starts_on`, joined to people by the pseudonym of their e-mail. A cell has passed
    when the last attempt of every account tried in it succeeded, failed when one account's did not, and is untested
    without any attempt. The division of a test is that of the account's owner.

    Args:
        signins: feeds.sso_signins, or None where the feed is missing: every cell is then untested.
        employees: feeds.employees, the rows of one snapshot.
        members: cohort_members, both arms.
        config: the pilot's.
    """
    frames = {
        "tests": _tests(signins, config),
        "people": employees,
        "members": members[["employee_id"]],
        "personas": pd.DataFrame({"persona": list(config.readiness.sso_personas)}, dtype="str"),
    }
    sql = _MATRIX.format(division=config.readiness.sso_division)
    matrix = select(sql, frames, {"none": NO_DIVISION})
    return matrix.astype({"persona": "str", "division": "str", "state": "str"})


def check_sso(
    matrix: pd.DataFrame, signins: pd.DataFrame | None, employees: pd.DataFrame, config: PilotConfig
) -> list[CheckResult]:
    """Return every check of the matrix from `sso_matrix`; an untested cell blocks as a failed one does."""
    return [
        _feed(signins, employees),
        _divisions(matrix, config),
        _cells(matrix, "untested", "cells_tested", "was not tested", "were not tested"),
        _failed_cells(matrix, signins, employees, config),
        _locked(signins, config),
        _joined(signins, employees, config),
        _personas(signins, config),
    ]


def matrix_complete_at(
    signins: pd.DataFrame | None, employees: pd.DataFrame, members: pd.DataFrame, config: PilotConfig
) -> pd.Timestamp | None:
    """Return the instant (naive UTC) from which every cell had seen a success, or None where one never did."""
    if signins is None:
        return None
    tests = prelaunch_tests(signins, config.pilot)
    successes = tests.loc[tests["outcome"] == "success"]
    matrix = sso_matrix(successes, employees, members, config)
    if matrix.empty or (matrix["state"] != "passed").any():
        return None
    people = employees[["email", config.readiness.sso_division]].rename(
        columns={config.readiness.sso_division: "division"}
    )
    people = people.assign(division=people["division"].fillna(NO_DIVISION))
    joined = successes.merge(people.dropna(subset="email"), on="email")
    joined = joined.merge(matrix[["persona", "division"]], on=["persona", "division"])
    return pd.Timestamp(joined.groupby(["persona", "division"])["occurred_at"].min().max())


def _tests(signins: pd.DataFrame | None, config: PilotConfig) -> pd.DataFrame:
    columns = ["event_id", "occurred_at", "email", "persona", "outcome", "failure_reason"]
    if signins is not None:
        return prelaunch_tests(signins, config.pilot)[columns]
    types = {name: "datetime64[us]" if name == "occurred_at" else "str" for name in columns}
    return pd.DataFrame(columns=columns).astype(types)


def _feed(signins: pd.DataFrame | None, employees: pd.DataFrame) -> CheckResult:
    """Check that there is something to join: a feed of sign-ins and e-mails to join it by."""
    if signins is None:
        detail = "The feed sso_signins is not configured, so no sign-in was tested."
        return _result("sign_ins_readable", False, "error", (0, 0), detail)
    joinable = int(employees["email"].notna().sum())
    detail = (
        "Sign-ins can be joined to people by e-mail."
        if joinable
        else "The employees feed has no e-mails, so the SSO checkpoint cannot join sign-ins to people."
    )
    return _result("sign_ins_readable", joinable > 0, "error", (len(employees), len(employees) - joinable), detail)


def _divisions(matrix: pd.DataFrame, config: PilotConfig) -> CheckResult:
    column, divisions = config.readiness.sso_division.replace("_", " "), set(matrix["division"])
    if not divisions:
        return _result("divisions_known", False, "error", (0, 0), "The cohort has nobody, so there is nothing to test.")
    unknown = NO_DIVISION in divisions
    detail = (
        f"Some cohort members have no {column}; give one, or set readiness.sso_division to another column."
        if unknown
        else f"The cohort's {counted(len(divisions), 'division')} are known."
    )
    return _result("divisions_known", not unknown, "error", (len(divisions), int(unknown)), detail)


def _cells(matrix: pd.DataFrame, state: str, name: str, one: str, many: str) -> CheckResult:
    bad = matrix.loc[matrix["state"] == state]
    cells = [f"{row.persona} in {row.division}" for row in bad.itertuples()]
    detail = (
        f"{counted(len(bad), 'cell')} of {len(matrix)} {one if len(bad) == 1 else many}: {listed(cells)}."
        if cells
        else f"None of the {counted(len(matrix), 'cell')} {one}."
    )
    return _result(name, bad.empty and len(matrix) > 0, "error", (len(matrix), len(bad)), detail, keys=cells)


def _failed_cells(
    matrix: pd.DataFrame, signins: pd.DataFrame | None, employees: pd.DataFrame, config: PilotConfig
) -> CheckResult:
    """Name the cells that failed, and why: the reasons of the accounts whose last attempt failed."""
    result = _cells(matrix, "failed", "cells_passed", "ends in a failed sign-in", "end in a failed sign-in")
    if result.passed:
        return result
    last = last_attempts(_tests(signins, config), ["persona", "email"])
    failed = last.loc[(last["outcome"] == "failure") & last["email"].isin(employees["email"].dropna())]
    return replace(result, detail=f"{result.detail} Reasons: {in_words(failed['failure_reason'])}.")


def _locked(signins: pd.DataFrame | None, config: PilotConfig) -> CheckResult:
    """Check that no account was left locked by its last test, in a cell of the matrix or outside."""
    last = last_attempts(_tests(signins, config), ["email"])
    shut = last.loc[(last["outcome"] == "failure") & locked(last["failure_reason"])]
    detail = (
        f"{counted(len(shut), 'account')} of {len(last)} that were tested {'is' if len(shut) == 1 else 'are'} locked; "
        "unlock and test again."
        if len(shut)
        else "No account that was tested is locked."
    )
    keys = sorted(shut["email"].dropna())
    return _result("accounts_unlocked", shut.empty, "error", (len(last), len(shut)), detail, keys=keys)


def _joined(signins: pd.DataFrame | None, employees: pd.DataFrame, config: PilotConfig) -> CheckResult:
    sql = "SELECT count(*) AS strange FROM tests ANTI JOIN people USING (email)"
    tests = _tests(signins, config)
    strange = int(select(sql, {"tests": tests, "people": employees})["strange"].iloc[0])
    detail = (
        f"{counted(strange, 'test sign-in')} of {len(tests)} by accounts that the snapshot does not know."
        if strange
        else "Every test sign-in belongs to somebody in the snapshot."
    )
    return _result("accounts_known", not strange, "warn", (len(tests), strange), detail)


def _personas(signins: pd.DataFrame | None, config: PilotConfig) -> CheckResult:
    sql = "SELECT count(*) AS strange FROM tests WHERE persona IS NULL OR NOT list_contains($personas, persona)"
    tests = _tests(signins, config)
    found = select(sql, {"tests": tests}, {"personas": list(config.readiness.sso_personas)})
    strange = int(found["strange"].iloc[0])
    detail = (
        f"{counted(strange, 'test sign-in')} of {len(tests)} without a persona of readiness.sso_personas; they count "
        "for no cell."
        if strange
        else "Every test sign-in names a known persona."
    )
    return _result("personas_known", not strange, "warn", (len(tests), strange), detail)


def _result(
    name: str, passed: bool, severity: Severity, rows: tuple[int, int], detail: str, *, keys: Sequence[str] = ()
) -> CheckResult:
    """Return a result; `rows` are those checked and those failed."""
    return CheckResult(SSO_MATRIX, name, "sql", passed, severity, *rows, detail, tuple(keys[:MAX_KEYS]))
