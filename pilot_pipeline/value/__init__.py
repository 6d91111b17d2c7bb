"""What a rollout would be worth, with its uncertainty: three levers, costs, tornado, break-even."""

from pilot_pipeline.value.assumptions import assumptions
from pilot_pipeline.value.inputs import AttritionCount, OutcomeLink, ValueInputs, pair_differences
from pilot_pipeline.value.levers import Lever, cost_ledger, estimate_value, levers_frame
from pilot_pipeline.value.sensitivity import break_even, tornado

__all__ = [
    "AttritionCount",
    "Lever",
    "OutcomeLink",
    "ValueInputs",
    "assumptions",
    "break_even",
    "cost_ledger",
    "estimate_value",
    "levers_frame",
    "pair_differences",
    "tornado",
]
