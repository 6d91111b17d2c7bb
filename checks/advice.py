"""What each check protects and what to do when it fails, as the UI shows it; judging is `checkpoints`."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pilot_pipeline.readiness.results import HRIS_FEED, PATHWAYS, SSO_MATRIX, SYNTHETIC_AUDIT

GOLIVE_HOLDS = "golive_holds"
LATE_ROWS = "late_rows_taken_up"
LIVE_SIGN_INS = "live_sign_ins"
LATEST_SNAPSHOT = "latest_snapshot"


@dataclass(frozen=True)
class Advice:
    """What a check protects, and the remedy when it fails; both are sentences."""

    protects: str
    remedy: str

    @property
    def description(self) -> str:
        """Both, as Markdown."""
        return f"**Protects:** {self.protects}\n\n**When it fails:** {self.remedy}"


ADVICE: Mapping[str, Advice] = MappingProxyType(
    {
        HRIS_FEED: Advice(
            "The comparison itself. People are matched, and units reported, by what the HRIS says of role, level and "
            "manager; a wrong hierarchy makes wrong pairs. Live data stay unread while it fails.",
            "Read the findings below; `var/quarantine/employees.csv` names file, row and column of every row that was "
            "set aside. Have the HRIS export mended at its source, put it into the feed, and run `pilot check`.",
        ),
        SSO_MATRIX: Advice(
            "Participants from a first day on which they cannot sign in, which would read as low adoption. Every "
            "persona must have signed in from every division of the cohort; an untested cell blocks as a failed one.",
            "Look up the red cells in the plot of `sso_matrix`, repeat the test sign-in for that persona and division "
            "with the identity team, and add the new export to the feed.",
        ),
        PATHWAYS: Advice(
            "Participants from being coached on what their role does not need. Every role of the cohort has a pathway, "
            "and every pathway a competency that covers the same roles.",
            "Correct the roles in the tool's pathway list or in the competency framework, whichever is wrong, and "
            "export both again.",
        ),
        SYNTHETIC_AUDIT: Advice(
            "People from a tool that treats twins differently who differ in one protected attribute only. It is "
            "judged on synthetic employees, before any real person is; there is no waiver.",
            "Send the findings to the vendor. After its mend, write new twins with `pilot twins`, have them answered, "
            "and put the answers into the feed.",
        ),
        GOLIVE_HOLDS: Advice(
            "Live data from being processed before the four checkpoints, governance, consent and enablement hold, on "
            "the evidence as it is now. Every live asset asks for the same again, in every later run.",
            "Work through the open conditions below; `pilot check` shows the same list.",
        ),
        LATE_ROWS: Advice(
            "Published weeks from standing beside feeds that say something else. A run computes the last weeks again, "
            "as many as `operation.look_back_weeks` says; rows for an older week wait for the close-out.",
            "Launch the weeks below as partitions of `pilot_week`, or run `pilot run`, which computes all of them; "
            "changed figures are marked by `restated_at`.",
        ),
        LATEST_SNAPSHOT: Advice(
            "Attrition, reporting lines and observers' management lines from being read off a broken later export. The "
            "newest snapshot is judged as the checkpoint judged its own; go-live does not expire by it.",
            "Have the newest export mended at its source and put it into the feed; `var/quarantine/employees.csv` "
            "names file, row and column of every row that was set aside.",
        ),
        LIVE_SIGN_INS: Advice(
            "Adoption from being read as unwillingness where people cannot get in. It counts the live sign-ins of each "
            "division and week that failed, above `readiness.max_signin_failure_share`.",
            "Ask the identity team about the division and its most frequent reasons. The week's adoption in that "
            "division is a lower bound until it is mended.",
        ),
    }
)
"""By the check's name."""
