"""From locked cohort members and person-level figures to one row per matched pair; no statistic is computed here."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd


def locked_pairs(members: pd.DataFrame) -> pd.DataFrame:
    """Return the pairs fixed at the lock.

    Args:
        members: `cohort_members`; the columns employee_id, arm, pair_id and cluster are used.

    Returns:
        pair_id, cluster, pilot, control (employee ids), one row per pair with both people, ordered by pair_id.
    """
    paired = members.loc[members["pair_id"].notna(), ["pair_id", "arm", "employee_id", "cluster"]]
    pilot = paired.loc[paired["arm"] == "pilot", ["pair_id", "cluster", "employee_id"]]
    control = paired.loc[paired["arm"] == "control", ["pair_id", "employee_id"]]
    joined = pilot.rename(columns={"employee_id": "pilot"}).merge(
        control.rename(columns={"employee_id": "control"}), on="pair_id", validate="one_to_one"
    )
    return joined.sort_values("pair_id").reset_index(drop=True)


def by_pair(pairs: pd.DataFrame, people: pd.DataFrame, column: str) -> tuple[npt.NDArray[np.float64], ...]:
    """Return a person-level column for the pilots and for the controls, shape (pairs,) each; NaN is missing.

    Args:
        pairs: `locked_pairs`.
        people: employee_id (unique) and the column, numeric.
        column: its name.
    """
    values = people.set_index("employee_id")[column]
    return tuple(pairs[arm].map(values).to_numpy(dtype=np.float64, na_value=np.nan) for arm in ("pilot", "control"))
