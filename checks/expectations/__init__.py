"""Dataset expectations of the four checkpoints (Great Expectations): suites as data, running them, offline pages."""

from checks.expectations.runner import run_suite

__all__ = ["run_suite"]
