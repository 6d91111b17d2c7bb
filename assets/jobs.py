"""The jobs; what launches them is `schedules` and `sensors`, what they run is in the other files."""

from collections.abc import Sequence

import dagster as dg

# Dagster hands this type out and does not export it.
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from assets.requests import PILOT_WEEK

DESIGN = "design"
READINESS = "readiness"
PUBLISH_BLOCK = "publish_block"
# The asset that the job runs; Dagster refuses a job and an asset of the same name.
BLOCKED_RELEASE = "blocked_release"
DESIGN_ASSETS = (
    "competencies",
    "employees",
    "consents",
    "enrolments",
    "cohort_members",
    "covariate_balance",
    "cohort_profile",
    "detectable_effects",
)


def jobs(every: Sequence[str], calm: Sequence[str]) -> list[UnresolvedAssetJobDefinition]:
    """Return the jobs, from `every` asset and the `calm` ones, which touch no live data."""
    return [
        dg.define_asset_job(
            DESIGN,
            selection=list(DESIGN_ASSETS),
            description="Reads the HRIS feed and the volunteers, and forms the cohort: what `pilot lock` freezes.",
        ),
        dg.define_asset_job(
            READINESS,
            selection=[name for name in calm if name != BLOCKED_RELEASE],
            description="Everything that may run before go-live, up to the go-live record: what `pilot check` shows.",
        ),
        dg.define_asset_job(
            PILOT_WEEK,
            selection=[name for name in every if name != BLOCKED_RELEASE],
            description="Everything from feeds to release for one week or a range of weeks, gate included.",
        ),
        dg.define_asset_job(
            PUBLISH_BLOCK,
            selection=[BLOCKED_RELEASE],
            description="Publishes the checkpoints and the data quality of a run that readiness stopped.",
        ),
    ]
