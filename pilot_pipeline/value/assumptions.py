"""What the value rests on besides measurements, as sentences; the estimate itself is `levers`."""

from __future__ import annotations

from pilot_pipeline.config.measuring import RoiSection
from pilot_pipeline.value.inputs import ValueInputs
from pilot_pipeline.value.levers import reclaimed_weights


def assumptions(inputs: ValueInputs, roi: RoiSection) -> tuple[str, ...]:
    """Return what was assumed or declared rather than measured, as far as a value was estimated at all."""
    if roi.rollout_adoption is None or roi.rollout_employees is None:
        return ()
    low, likely, high = (f"{100 * share:.0f}" for share in roi.rollout_adoption)
    years = "1 year" if roi.horizon_years == 1 else f"{roi.horizon_years:g} years"
    found = [
        f"A year counts {inputs.working_weeks:g} working weeks. That is an assumption of this software, neither "
        "measured nor declared; the time saved scales with it.",
        f"Costs are what pilot.yaml declares: licences for all {roi.rollout_employees:,} people over {years}, used or "
        "not, and what is paid once. What is not in that list is not in these figures.",
        f"A rollout keeps {low} to {high} % of the pilot's effect, most likely {likely} %: declared, not measured.",
    ]
    control = inputs.pairs["control_minutes"].dropna()
    if len(control):
        taken = (
            "what controls saved too is taken off, because the tool did not save it"
            if reclaimed_weights(float(control.mean()))[1] < 0
            else "what controls lost is taken off, because time moved from one report to another is not reclaimed"
        )
        found.append(f"Managers' time is net over both arms: {taken}.")
    return tuple(found)
