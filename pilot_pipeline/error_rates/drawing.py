"""Draws the raw figures of simulated pilots from a truth and a design; estimating and judging are `trial`'s work."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from pilot_pipeline.error_rates.design import Design, EffectDesign
from pilot_pipeline.error_rates.truths import Truth
from pilot_pipeline.kpis.intervals import FloatArray

Rng = np.random.Generator


@dataclass(frozen=True)
class EffectDraw:
    """One effect KPI of many pilots: pair differences at end and start, and which are there, shape (pilots, pairs)."""

    design: EffectDesign
    truth: float
    end: FloatArray
    start: FloatArray
    present: FloatArray


@dataclass(frozen=True)
class Draw:
    """Many pilots: effects, then one number per pilot: active people, completion, pulse, controls seen in the tool."""

    effects: tuple[EffectDraw, ...]
    active: npt.NDArray[np.int64]
    completion: FloatArray
    pulse: FloatArray
    exposed: npt.NDArray[np.int64]


def draw(design: Design, truth: Truth, pilots: int, rng: Rng) -> Draw:
    """Return the raw figures of `pilots` pilots of this design in which `truth` is true.

    A pair difference is its cluster's effect, plus what its start difference explains, plus noise; its SD within a
    cluster is `EffectDesign.sd`. Differences of two KPIs are independent of each other, given that neither is lost.
    """
    shape = (pilots, design.pairs)
    exposed = rng.random(shape) < truth.exposure if truth.exposure else np.zeros(shape, dtype=bool)
    noises = [rng.standard_normal(shape) for _ in design.effects]
    stays = _stays(noises, truth.dropout, rng)
    effects = tuple(
        _effect(effect, truth, design, noise, exposed, stays, rng)
        for effect, noise in zip(design.effects, noises, strict=True)
    )
    seen = exposed.sum(axis=1) if truth.exposure_seen else np.zeros(pilots)
    people = design.people.size
    return Draw(
        effects=effects,
        active=_active(design, truth, pilots, rng),
        completion=np.clip(rng.normal(truth.completion, truth.completion_sd / np.sqrt(people), pilots), 0, 1),
        pulse=np.clip(rng.normal(truth.pulse, truth.pulse_sd / np.sqrt(people), pilots), 1, 5),
        exposed=seen.astype(np.int64),
    )


def _effect(
    effect: EffectDesign,
    truth: Truth,
    design: Design,
    noise: FloatArray,
    exposed: npt.NDArray[np.bool_],
    stays: npt.NDArray[np.bool_],
    rng: Rng,
) -> EffectDraw:
    pilots, sd = noise.shape[0], effect.sd
    size = truth.size(effect.kpi)
    mean = size.sd * sd + size.of_target * effect.unit_target
    gain = mean + truth.manager_sd * sd * rng.standard_normal((pilots, design.managers))[:, design.clusters]
    start = sd * rng.standard_normal(noise.shape) if effect.adjusted else np.zeros(noise.shape)
    end = gain * ~exposed + sd * np.sqrt(1 - effect.correlation**2) * noise + effect.correlation * start
    if effect.rated:
        end += truth.favouritism * sd
    present = np.broadcast_to(effect.present, noise.shape) * stays
    if truth.missing:
        present = present * (rng.random(noise.shape) >= truth.missing)
    true = mean if effect.baseline is None else mean / float(effect.baseline.mean())
    return EffectDraw(effect, true, end, start, present)


def _stays(noises: list[FloatArray], dropout: float, rng: Rng) -> npt.NDArray[np.bool_]:
    """Return which pairs are kept: those leave whose gains, as far as they knew them, were smallest."""
    if not dropout:
        return np.ones(noises[0].shape, dtype=bool)
    felt = (sum(noises) + rng.standard_normal(noises[0].shape)) / np.sqrt(len(noises) + 1)
    return np.asarray(felt > special.ndtri(dropout))


def _active(design: Design, truth: Truth, pilots: int, rng: Rng) -> npt.NDArray[np.int64]:
    """Return active people per pilot; with an ICC above 0, people of one cluster share a beta-distributed chance."""
    share, icc = truth.adoption, truth.adoption_icc
    if not icc or share in (0.0, 1.0):
        return rng.binomial(design.people.size, share, pilots).astype(np.int64)
    spread = (1 - icc) / icc
    sizes = np.unique(design.people, return_counts=True)[1]
    chances = rng.beta(share * spread, (1 - share) * spread, (pilots, sizes.size))
    return np.asarray(rng.binomial(sizes, chances).sum(axis=1), dtype=np.int64)
