"""Simulated pilots analysed per CPU second: through our estimators and gate, beside a loop over SciPy, in one run.

    python benchmarks/simulated_pilots.py

Both get the same drawn pilots. Ours estimates two effects with intervals and futility bounds and asks the gate. The
loop gets less to do: per effect SciPy's exact sign-flip test of cluster sums in both directions, per pilot SciPy's
exact interval of adoption; no ANCOVA, no bounds, no gate. Both must give the same p-values of prep time.
"""

from __future__ import annotations

import time

import numpy as np
from error_rates import DESIGNS, SEED, rule
from recording import record
from scipy import stats

from pilot_pipeline.error_rates.design import Design, even_clusters, planned_design
from pilot_pipeline.error_rates.drawing import Draw, draw
from pilot_pipeline.error_rates.trial import chunks, estimate, judge
from pilot_pipeline.error_rates.truths import GOOD

PILOTS, LOOPED = 4000, 40


def ours(pilots: int, design: Design) -> tuple[float, float, np.ndarray]:
    """Return the CPU seconds of drawing and of analysing, and the p-values of prep time."""
    rng, config = np.random.default_rng(SEED), rule()
    drawing = analysing = 0.0
    p_values = []
    for size in chunks(pilots, design.managers):
        began = time.process_time()
        drawn = draw(design, GOOD, size, rng)
        drawing += time.process_time() - began
        began = time.process_time()
        found = {effect.design.kpi: estimate(effect, design) for effect in drawn.effects}
        assert len([verdict.decision for verdict in judge(drawn, found, design, config)]) == size
        analysing += time.process_time() - began
        p_values.append(found["prep_time_reduction"].p_manager)
    return drawing, analysing, np.concatenate(p_values)


def scipy_loop(drawn: Draw, design: Design) -> np.ndarray:
    """Analyse the first pilots of a draw one by one; returns the p-values of prep time."""
    onehot = design.clusters[:, None] == np.arange(design.managers)
    p_values = np.zeros(len(drawn.active))
    for pilot in range(len(drawn.active)):
        for effect in drawn.effects:
            sums = (effect.end[pilot] * effect.present[pilot]) @ onehot
            for alternative in ("less", "greater"):
                p = stats.permutation_test(
                    (sums,),
                    np.sum,
                    permutation_type="samples",
                    alternative=alternative,
                    n_resamples=np.inf,
                    vectorized=True,
                ).pvalue
            p_values[pilot] = p
        stats.binomtest(int(drawn.active[pilot]), design.people.size).proportion_ci(0.9, method="exact")
    return p_values


def main() -> None:
    """Print and record pilots per CPU second for three designs."""
    rows = []
    for pairs, managers in DESIGNS:
        design = planned_design(rule(), even_clusters(pairs, managers))
        ours(200, design)
        drawing, analysing, p_values = ours(PILOTS, design)
        first = next(chunks(PILOTS, managers))
        few = draw(design, GOOD, first, np.random.default_rng(SEED))
        looped = min(LOOPED, first)
        small = Draw(
            tuple(
                type(e)(e.design, e.truth, e.end[:looped], e.start[:looped], e.present[:looped]) for e in few.effects
            ),
            *(column[:looped] for column in (few.active, few.completion, few.pulse, few.exposed)),
        )
        began = time.process_time()
        theirs = scipy_loop(small, design)
        loop = looped / (time.process_time() - began)
        assert np.allclose(theirs, p_values[:looped], atol=1e-12)
        row = {
            "design": f"{pairs} × {managers}",
            "drawn per CPU second": round(PILOTS / drawing),
            "analysed per CPU second": round(PILOTS / analysing),
            "SciPy loop per CPU second": round(loop, 1),
            "times the SciPy loop": round(PILOTS / analysing / loop, 1),
        }
        rows.append(row)
        print(row)
    record("simulated_pilots", rows)


if __name__ == "__main__":
    main()
