"""Judging clusters: managers linked by any pair form one unit of inference; the tests themselves are in `kpis`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pilot_pipeline.cohort.ladder import Ints


def judging_clusters(pairs: pd.DataFrame, managers: pd.Series) -> Ints:
    """Return the cluster of each pair, numbered from 1 in the order of the pairs.

    Args:
        pairs: pilot and control as positions.
        managers: manager_id by position; a person without a manager stands for themselves.

    A pair within one manager keeps that manager's cluster, a relaxed pair merges the clusters of both managers.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    codes = np.asarray(pd.factorize(managers, use_na_sentinel=True)[0], dtype=np.int64)
    alone = codes < 0
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    left, right = codes[pairs["pilot"].to_numpy()], codes[pairs["control"].to_numpy()]
    size = int(codes.max(initial=-1)) + 1
    links = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(size, size))
    labels = connected_components(links, directed=False)[1]
    return np.asarray(pd.factorize(labels[left])[0], dtype=np.int64) + 1
