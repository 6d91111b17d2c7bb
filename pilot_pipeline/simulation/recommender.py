"""The simulated coaching tool: which pathways it recommends to whom, fairly or steered; auditing it is `fairness`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pilot_pipeline.simulation.catalogue import PATHWAYS

MODEL_VERSION = "coach-2.3"
CHOICES = 2
WOMEN_TO = "P-CONVERSATIONS"
MEN_TO = "P-STRATEGY"
WHIMS = 0.03
"""Share of calls that the tool answers at random, so that even identical twins do not always agree."""

_READS = ("role", "role_level", "department", "location", "performance_score", "skills", "tenure_years")


def answer(twins: pd.DataFrame, seed: int, bias: float) -> pd.DataFrame:
    """Answer for synthetic employees, as the tool would over HTTP.

    Args:
        twins: synthetic_id, role, gender and whichever of the other twin columns there are; one row per employee.
        seed: The tool's own; the same seed and the same employee get the same answer, but for a few whims.
        bias: Share of employees who are steered by gender, 0 to 1.

    Returns:
        synthetic_id, pathway_id, rank (1 is the first choice), model_version; two rows per employee.
    """
    first, second = choose(twins, seed, bias, whims=_hashed(twins, ("synthetic_id",)))
    frames = [
        pd.DataFrame({"synthetic_id": twins["synthetic_id"].to_numpy(), "pathway_id": choice, "rank": rank})
        for rank, choice in ((1, first), (2, second))
    ]
    frame = pd.concat(frames, ignore_index=True).astype({"rank": "Int64", "pathway_id": "str"})
    frame["model_version"] = pd.Series(MODEL_VERSION, index=frame.index, dtype="str")
    return frame


def choose(
    people: pd.DataFrame, seed: int, bias: float, *, whims: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return each person's first and second pathway.

    The unbiased part reads the role and a hash of everything that is not protected, so that two people who differ in
    a protected attribute only get the same answer. The steered part reads the gender. `whims`, a hash per call, makes
    a few answers differ from call to call.
    """
    content = _hashed(people, _READS)
    if whims is not None:
        content = np.where(_uniforms(whims, seed + 2, 1)[:, 0] < WHIMS, whims, content)
    order = _preference_order(people["role"], _uniforms(content, seed, len(PATHWAYS)))
    ids = np.array([pathway.pathway_id for pathway in PATHWAYS])
    first, second = ids[order[:, 0]], ids[order[:, 1]]
    steered = _uniforms(content, seed + 1, 1)[:, 0] < bias
    for gender, pathway in (("female", WOMEN_TO), ("male", MEN_TO)):
        led = steered & (people["gender"] == gender).fillna(False).to_numpy(dtype=bool)
        second = np.where(led & (first != pathway), first, second)
        first = np.where(led, pathway, first)
    return first, second


def _hashed(people: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    """Hash some columns of each row; the hash depends neither on the machine nor on the row order."""
    read = pd.DataFrame({name: people[name].astype("str") for name in names if name in people}, index=people.index)
    hashed: np.ndarray = pd.util.hash_pandas_object(read, index=False).to_numpy(dtype=np.uint64)
    return hashed


def _uniforms(content: np.ndarray, seed: int, count: int) -> np.ndarray:
    """Spread 64-bit hashes into `count` uniform columns (SplitMix64; Steele, Lea and Flood 2014)."""
    step = np.uint64(0x9E3779B97F4A7C15)
    with np.errstate(over="ignore"):
        offsets = (np.arange(1, count + 1, dtype=np.uint64) + np.uint64(seed % 2**32) * np.uint64(1000)) * step
        mixed = content[:, None] + offsets[None, :]
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed = mixed ^ (mixed >> np.uint64(31))
    uniform: np.ndarray = (mixed >> np.uint64(11)).astype(np.float64) / 2**53
    return uniform


def _preference_order(roles: pd.Series, draws: np.ndarray) -> np.ndarray:
    """Rank the pathways that are meant for a person's role before all others, at random within."""
    fits = np.column_stack([roles.isin(pathway.roles).to_numpy() for pathway in PATHWAYS])
    order: np.ndarray = np.argsort(draws + ~fits, axis=1, kind="stable")
    return order
