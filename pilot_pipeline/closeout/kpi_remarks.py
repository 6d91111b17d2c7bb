"""What stands beside a KPI's headline figure (counts, bounds, sensitivity runs) as sentences; the gate is `gate`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pilot_pipeline.closeout import formats
from pilot_pipeline.closeout.sentences import amount
from pilot_pipeline.kpis.results import KpiResult


def kpi_remarks(results: Sequence[KpiResult]) -> tuple[str, ...]:
    """Return one sentence per remark, in the order of the KPIs; a KPI without a figure only says why."""
    return tuple(f"{result.told.label}: {remark}" for result in results for remark in _remarks(result))


def _remarks(result: KpiResult) -> Iterator[str]:
    if result.measured:
        yield from _adoption(result)
        yield from _effect(result)
        yield from _pulse(result)
    yield from (_continued(note) for note in result.notes)


def _adoption(result: KpiResult) -> Iterator[str]:
    if result.active is not None and result.needed is not None:
        yield f"{result.active} of {result.n} people were active in the deadline week; a go needs {result.needed}."
    if result.clustered_low is not None and result.clustered_high is not None:
        ends = formats.interval(formats.percent(result.clustered_low), formats.percent(result.clustered_high))
        yield f"allowing for managers, the 90 % interval is {ends} (Korn–Graubard)."
    if result.sustained is not None:
        yield f"{formats.percent(result.sustained)} a week after the deadline week, on average (novelty)."


def _effect(result: KpiResult) -> Iterator[str]:
    if result.kind != "effect":
        return
    if result.kpi == "behaviour_change" and result.unadjusted is not None:
        yield f"{_signed(result.unadjusted)} points without adjustment for the start score."
    if result.told.estimator == "ancova" and result.unadjusted is not None:
        yield f"{amount(result, result.unadjusted)} without adjustment for the value before."
    if result.same_observer_effect is not None:
        yield f"{_signed(result.same_observer_effect)} points where the same manager observed both waves."
    if result.kpi == "prep_time_reduction" and result.unit_effect is not None:
        yield f"{_signed(result.unit_effect, 1)} minutes saved per report and week, against the controls."
    if result.missing:
        yield f"{formats.percent(result.missing)} of the locked pairs have no difference, and count as missing."


def _pulse(result: KpiResult) -> Iterator[str]:
    if result.response:
        waves = ", ".join(f"{formats.percent(share)} in week {week}" for week, share in result.response)
        yield f"answered by {waves}."
    if result.worst is None or result.best is None:
        return
    if result.declared:
        low, high = amount(result, result.worst), amount(result, result.best)
        yield f"between {low} and {high}, whatever those without a value would have shown."
    else:
        low, high = formats.number(result.worst), formats.number(result.best)
        yield f"between {low} and {high}, had those who were silent answered at their worst or best."


def _continued(sentence: str) -> str:
    """Return a sentence as it reads after a colon; an abbreviation keeps its capitals."""
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence


def _signed(value: float, digits: int = 2) -> str:
    text = formats.number(value, digits)
    return f"+{text}" if value > 0 else text
