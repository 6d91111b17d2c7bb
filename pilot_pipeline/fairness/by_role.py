"""Where within one role a group is sent elsewhere, as description: roles can differ in opposite ways and cancel out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pilot_pipeline.fairness.permutation import Panel, residuals, z_scores
from pilot_pipeline.fairness.study import Level, Study

BY_ROLE = ["attribute", "role", "group_value", "pathway_id", "z", "cells"]
"""One row per role, group and pathway that may be shown; `cells` of the attribute were looked at."""

_ALPHA = 0.01


def roles_table(study: Study, level: Level, rates: pd.DataFrame) -> pd.DataFrame:
    """Return `BY_ROLE` of the single attributes.

    A group is described in a role only where at least the minimum of its people, and at least the minimum of others,
    have a recommendation there, and only if it is shown at all.

    Args:
        study: the people.
        level: their outcome per pathway.
        rates: `RATES`, which says what is suppressed.
    """
    seen = ~np.isnan(level.outcome).any(axis=1)
    residual = residuals(level.outcome, study.panel.strata)
    hidden = set(zip(rates["attribute"], rates["group_value"], rates["suppressed"], strict=True))
    tables = [pd.DataFrame(columns=BY_ROLE).astype({"z": "float64", "cells": "int64"})]
    for grouping in study.groups:
        if not grouping.testable or grouping.parts is not None:
            continue
        rows: list[dict[str, Any]] = []
        for role in sorted(set(study.roles)):
            there = (study.roles == role) & seen
            onehot = grouping.onehot[there]
            z = z_scores(Panel(study.panel.strata[there], onehot, ()), residual[there])
            size, others = onehot.sum(axis=0), there.sum() - onehot.sum(axis=0)
            for column, group in enumerate(grouping.tested):
                told = min(size[column], others[column]) >= study.minimum
                if told and (grouping.attribute, group, True) not in hidden:
                    names = {"attribute": grouping.attribute, "role": role, "group_value": group}
                    rows += [{**names, "pathway_id": p, "z": v} for p, v in zip(level.names, z[column], strict=True)]
        if rows:
            tables.append(pd.DataFrame(rows).assign(cells=len(rows))[BY_ROLE])
    return pd.concat(tables, ignore_index=True)


def role_sentences(table: pd.DataFrame) -> tuple[str, ...]:
    """Name, per attribute, the role that stands out furthest, if it does so beyond the number of cells looked at."""
    from scipy.special import ndtri

    said = []
    for attribute, cells in table.groupby("attribute", sort=False):
        at = int(cells["z"].abs().to_numpy().argmax())
        row: Any = cells.iloc[at]
        if abs(row["z"]) < -ndtri(_ALPHA / 2 / row["cells"]):
            continue
        direction = "more" if row["z"] > 0 else "less"
        said.append(
            f"{str(attribute).replace('_', ' ')}: one role stands out. In {row['role']}, {row['group_value']} is sent "
            f"to '{row['pathway_id']}' {direction} often than others (z {row['z']:.1f}, the largest of {row['cells']} "
            "cells); this describes and does not decide."
        )
    return tuple(said)
