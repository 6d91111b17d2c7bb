"""Within what people are compared: their role, and what was declared a fair reason; comparing them is `study`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from pilot_pipeline.fairness.permutation import Ints

HALVED = ("performance_score", "tenure_years")
"""Numbers: people are compared with those of their role on the same side of the role's median."""


def strata_of(people: pd.DataFrame, legitimate: Sequence[str]) -> Ints:
    """Return a stratum code per person: the role, within it the declared features that can be held constant.

    A number is halved at its role's median, a missing value is a stratum of its own, and a place is taken as it is.
    Skills are not held constant among the few people of a pilot: hardly two have the same ones. Strata rest on what
    was known before anything was recommended, so that permuting within them stays exact.

    Args:
        people: role and, where there are any, the features; rows are people.
        legitimate: `fairness.legitimate`.
    """
    role = people["role"]
    parts: dict[str, pd.Series[Any]] = {"role": role.astype("str").fillna("")}
    for name in legitimate:
        if name not in people or name == "skills":
            continue
        values = people[name]
        if name in HALVED:
            number = pd.to_numeric(values).astype("float64")
            upper = number.gt(number.groupby(role, dropna=False).transform("median"))
            parts[name] = upper.astype("str").where(number.notna(), "")
        else:
            parts[name] = values.astype("str").fillna("")
    return np.asarray(pd.DataFrame(parts).groupby([*parts], sort=True, dropna=False).ngroup(), dtype=np.intp)
