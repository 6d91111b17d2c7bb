"""What answers about synthetic employees must look like, and a sentence for each way in which they do not."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from pilot_pipeline.errors import NotReady

ANSWERS = ["synthetic_id", "pathway_id", "rank", "model_version"]
"""The columns of an answer."""


def check_answers(
    answers: pd.DataFrame, twins: pd.DataFrame, pathways: pd.DataFrame | None, version: str | None = None
) -> pd.DataFrame:
    """Return the answers with `ANSWERS`, typed, or refuse them.

    Args:
        answers: synthetic_id and pathway_id, perhaps rank and model_version.
        twins: everyone who was sent.
        pathways: pathway_id; None skips the check for unknown ones.
        version: the model version that is piloted; answers of others are left out. None: there may be one only.

    Raises:
        NotReady: answers twice, drops some, are about others, name unknown pathways, have ranks that are none, or are
            of another model version or of several.
    """
    missing = {"synthetic_id", "pathway_id"} - set(answers.columns)
    if missing:
        raise NotReady(f"The recommender's answers lack {' and '.join(sorted(missing))}.")
    frame = answers.reindex(columns=ANSWERS).reset_index(drop=True)
    rank = pd.to_numeric(frame["rank"], errors="coerce").astype("Float64")
    unreadable = frame["rank"].notna() & (rank.isna() | rank.lt(1) | rank.mod(1).ne(0)).fillna(True)
    if unreadable.any():
        raise NotReady(f"The recommender gave {int(unreadable.sum())} answers a rank that is not 1, 2, 3 and so on.")
    frame["rank"] = rank.fillna(1).astype("Int64")
    for column in ("synthetic_id", "pathway_id", "model_version"):
        frame[column] = frame[column].astype("str")
    frame = _of_version(frame, version)
    _complete(frame, twins)
    _known(frame, pathways)
    return frame


def among(ids: pd.Series, known: pd.Series) -> npt.NDArray[np.bool_]:
    """Return which ids are known, shape (ids,); pandas' own `isin` on text takes thirty times as long."""
    listed = set(known.tolist())
    return np.fromiter((one in listed for one in ids.tolist()), dtype=np.bool_, count=len(ids))


def _complete(frame: pd.DataFrame, twins: pd.DataFrame) -> None:
    """Refuse answers about others, double ones and missing ones, the most telling sentence first."""
    wanted = twins["synthetic_id"]
    total = len(wanted)
    answered = among(wanted, frame.loc[frame["rank"] == 1, "synthetic_id"])
    if total and not answered.any():
        raise NotReady(
            f"None of the {total} synthetic employees has an answer; these answers are about others. "
            "Run `pilot twins` again and send the new file to the tool."
        )
    strangers = ~among(frame["synthetic_id"], wanted)
    if strangers.any():
        raise NotReady(f"The recommender answered {int(strangers.sum())} times about employees that were not sent.")
    twice = frame.duplicated(["synthetic_id", "rank"]) | frame.duplicated(["synthetic_id", "pathway_id"])
    if twice.any():
        who = frame.loc[twice, "synthetic_id"].nunique()
        raise NotReady(f"The recommender answered twice about {who} of {total} synthetic employees.")
    if not answered.all():
        dropped = int((~answered).sum())
        raise NotReady(f"The recommender dropped {dropped} of {total} synthetic employees: no first choice for them.")


def _known(frame: pd.DataFrame, pathways: pd.DataFrame | None) -> None:
    if frame["pathway_id"].isna().any():
        raise NotReady(f"The recommender named no pathway in {int(frame['pathway_id'].isna().sum())} answers.")
    if pathways is None or pathways.empty:
        return
    unknown = sorted(set(frame["pathway_id"]) - set(pathways["pathway_id"].astype("str")))
    if unknown:
        count = (
            f"{len(unknown)} pathways that the feed pathways does"
            if len(unknown) > 1
            else "a pathway that the feed pathways does"
        )
        raise NotReady(f"The recommender named {count} not list; the first is '{unknown[0][:40]}'.")


def _of_version(frame: pd.DataFrame, version: str | None) -> pd.DataFrame:
    """Return the answers of one model: an audit of a mixture says nothing about any of its parts."""
    found = sorted(frame["model_version"].dropna().unique())
    named = ", ".join(f"'{name[:40]}'" for name in found[:3]) + (" and others" if len(found) > 3 else "")
    if version is None:
        if len(found) > 1:
            raise NotReady(
                f"The answers are of {len(found)} model versions ({named}), and a mixture is no tool. Name the one "
                "that is piloted in fairness.recommender.model_version."
            )
        return frame
    own = frame[frame["model_version"].eq(version).fillna(False)]
    if own.empty and len(frame):
        said = f"they are of {named}" if found else "they name no version"
        raise NotReady(
            f"No answer is of the model version '{version[:40]}' that fairness.recommender.model_version names; {said}."
        )
    return own.reset_index(drop=True)
