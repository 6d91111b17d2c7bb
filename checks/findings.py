"""How findings are shown on a check's page: a table, what failed first; judging is `checkpoints` and `operational`."""

from collections.abc import Sequence

from pilot_pipeline.readiness.results import CheckResult, percent


def findings_table(results: Sequence[CheckResult]) -> str:
    """Return every finding as a markdown table, what failed first."""
    heads = ("check", "tool", "state", "rows", "failed", "share", "finding", "sample keys")
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for r in sorted(results, key=lambda result: (result.passed, not result.blocks)):
        state = "holds" if r.passed else r.severity
        keys = "" if r.passed else ", ".join(r.keys[:5])
        cells = (
            r.check_name,
            r.tool,
            state,
            f"{r.rows_checked:,}",
            f"{r.rows_failed:,}",
            percent(r.share).replace(" ", "\u00a0"),  # the column is narrow, and the sign stays with its number
            r.detail,
            keys,
        )
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(lines)
