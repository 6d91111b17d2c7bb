"""Whether the tool treats live people as it treated synthetic ones of their role and group; it decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pilot_pipeline.config import PilotConfig
from pilot_pipeline.fairness.answers import SyntheticEmployees
from pilot_pipeline.fairness.family import ALPHA, one_look
from pilot_pipeline.fairness.groups import OTHER, Grouping
from pilot_pipeline.fairness.permutation import Floats, permutations, residuals, statistics, z_scores
from pilot_pipeline.fairness.rates import first_choices, rate_table, shares
from pilot_pipeline.fairness.study import Study, study_people
from pilot_pipeline.fairness.twins import group_values

DRIFT = ["attribute", "group_value", "pathway_id", "n", "live", "expected", "gap", "suppressed"]
_PERMUTATIONS = 999
_LEAST = 20  # answers about a role's group below which the role as a whole is the better guess


@dataclass(frozen=True)
class Drift:
    """Live rates beside those that the synthetic audit leads one to expect.

    Attributes:
        table: `DRIFT`; `expected` is the rate of synthetic employees of the same roles and group, `gap` is live less
            expected, in shares; a suppressed group keeps its keys only.
        tests: attribute, p_value, q_value (over attributes), and where the largest standardised gap lies.
        findings: sentences.
    """

    table: pd.DataFrame
    tests: pd.DataFrame
    findings: tuple[str, ...]


def audit_drift(
    recommendations: pd.DataFrame,
    people: pd.DataFrame,
    synthetic: SyntheticEmployees,
    answers: pd.DataFrame,
    config: PilotConfig,
    pathways: pd.DataFrame | None = None,
) -> Drift:
    """Compare live recommendations with the synthetic audit's answers, with the live audit's metric.

    From every person's share of first choices the mean of the synthetic employees of the same role and group is taken.
    What is left must not go with the attribute within roles: the same omnibus, the same permutations, min-p over
    attributes. A tool that is as fair, or as unfair, as it was before launch leaves nothing.

    Args:
        recommendations: employee_id, pathway_id, rank; everything so far; perhaps model_version.
        people: as for `audit_live`.
        synthetic: whom the tool was asked about; the correlated population is what expectations rest on.
        answers: its checked answers.
        config: attributes, minimum group size, seed.
        pathways: pathway_id and theme.
    """
    study = study_people(recommendations, people, config, pathways)
    outcome = shares(first_choices(recommendations, "employee_id", study.ids, study.pathways))
    seen = np.asarray(~np.isnan(outcome).any(axis=1))
    groups = [group for group in study.groups if group.attribute in config.fairness.attributes]
    expected = [_expected(group, study, synthetic.population, answers, config) for group in groups]
    tables = [
        _table(group, study, outcome, np.where(seen[:, None], mean, np.nan))
        for group, mean in zip(groups, expected, strict=True)
    ]
    tests = _tests(study, outcome, dict(zip([g.attribute for g in groups], expected, strict=True)), config)
    table = pd.concat(tables, ignore_index=True)
    said = _findings(tests, table, int(seen.sum()))
    return Drift(table, tests, (*said, *version_sentences(recommendations, answers)))


def version_sentences(recommendations: pd.DataFrame, answers: pd.DataFrame) -> tuple[str, ...]:
    """Say so where live recommendations come from a model version that was not audited before launch."""
    if "model_version" not in recommendations:
        return ()
    live, asked = (set(frame["model_version"].dropna().astype(str)) for frame in (recommendations, answers))
    new = sorted(live - asked)
    if not new or not asked:
        return ()
    names = ", ".join(name[:40] for name in new[:3])
    known = ", ".join(name[:40] for name in sorted(asked))
    return (
        f"Live recommendations come from model version {names}, which was not audited before launch ({known} was): ask "
        "the new version about the synthetic employees.",
    )


def _expected(
    group: Grouping, study: Study, population: pd.DataFrame, answers: pd.DataFrame, config: PilotConfig
) -> Floats:
    """Return each person's expected shares (N, P): those of synthetic employees of the role and group, or the role."""
    rows = population[population["attribute"] == group.attribute].reset_index(drop=True)
    chosen = first_choices(answers, "synthetic_id", tuple(rows["synthetic_id"]), study.pathways)
    values = group_values(rows, group.attribute, config.pilot.starts_on) if len(rows) else rows["role"]
    frame = pd.DataFrame(chosen).assign(role=rows["role"].to_numpy(), value=values.to_numpy())
    by_role = frame.drop(columns="value").groupby("role").mean()
    both = frame.groupby(["role", "value"])
    fine = both.mean()[both.size() >= _LEAST]
    overall = chosen.mean(axis=0) if len(chosen) else np.full(len(study.pathways), 1 / len(study.pathways))
    mean = np.empty((len(study.ids), len(study.pathways)))
    for person, (role, label) in enumerate(zip(study.roles, group.labels, strict=True)):
        if label != OTHER and (role, label) in fine.index:
            mean[person] = fine.loc[(role, label)]
        else:
            mean[person] = by_role.loc[role] if role in by_role.index else overall
    return mean


def _table(group: Grouping, study: Study, outcome: Floats, expected: Floats) -> pd.DataFrame:
    live = rate_table(outcome, group, study.pathways, study.minimum).drop(columns="impact_ratio")
    told = rate_table(expected, group, study.pathways, study.minimum)["rate"]
    table = live.rename(columns={"rate": "live"}).assign(expected=told)
    return table.assign(gap=table["live"] - table["expected"])[DRIFT]


def _tests(study: Study, outcome: Floats, expected: dict[str, Floats], config: PilotConfig) -> pd.DataFrame:
    """Return attribute, p_value, q_value, group_value, pathway_id, z of the testable single attributes."""
    single = [(at, group) for at, group in enumerate(study.testable) if group.attribute in expected]
    columns = ["attribute", "p_value", "q_value", "group_value", "pathway_id", "z"]
    if not single or len(study.pathways) < 2 or not np.isfinite(outcome).any():
        return pd.DataFrame(columns=columns)
    left = [residuals(outcome - expected[group.attribute], study.panel.strata) for _, group in single]
    moved = permutations(study.panel.strata, _PERMUTATIONS + 1, np.random.default_rng([config.cohort.seed, 7]))
    stats = statistics(study.panel, np.stack(left, axis=1), moved)
    found = one_look(np.column_stack([stats[:, number, at] for number, (at, _) in enumerate(single)]))
    rows: list[dict[str, Any]] = []
    for number, (at, group) in enumerate(single):
        z = z_scores(study.panel, left[number])[study.panel.attributes[at]]
        place = np.unravel_index(int(np.abs(z).argmax()), z.shape)
        where = {"group_value": group.tested[place[0]], "pathway_id": study.pathways[place[1]], "z": z[place]}
        rows.append({"attribute": group.attribute, "p_value": found.p[number], "q_value": found.q[number], **where})
    return pd.DataFrame(rows, columns=columns)


def _findings(tests: pd.DataFrame, table: pd.DataFrame, n: int) -> tuple[str, ...]:
    drifted = tests[tests["q_value"] <= ALPHA]
    if tests.empty:
        return ()
    if drifted.empty:
        return (
            "By group, live recommendations are what the audit before launch leads one to expect, as far as "
            f"{n} people show (smallest drift p {tests['q_value'].min():.2f}).",
        )
    told = table.set_index(["attribute", "group_value", "pathway_id"])
    said = []
    for row in drifted.to_dict("records"):
        cell: Any = told.loc[tuple(row[key] for key in told.index.names)]
        where = (
            "The group concerned is too small to be shown."
            if cell["suppressed"]
            else f"{row['group_value']}: {cell['live']:.0%} were sent to '{row['pathway_id']}', {cell['expected']:.0%} "
            "were expected."
        )
        said.append(
            f"{str(row['attribute']).replace('_', ' ')}: live recommendations have drifted from the audit before "
            f"launch (drift p {row['q_value']:.3f}). {where}"
        )
    return tuple(said)
