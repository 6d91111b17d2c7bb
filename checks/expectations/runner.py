"""Runs a checkpoint's suites through Great Expectations and returns check results; the suites are `suites`."""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from checks.expectations.docs import make_offline
from checks.expectations.suites import Expectation, Frames, Suite, suites_for
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.readiness.results import MAX_KEYS, CheckResult, counted

_SITE = "pages"
_VIEWS = "checks.expectations.views"


def run_suite(checkpoint: str, frames: Frames, config: PilotConfig, docs_dir: Path) -> list[CheckResult]:
    """Judge a checkpoint's frames and write its Data Docs to `docs_dir/<checkpoint>/`, replacing earlier pages.

    The pages open without any request to another host, and hold counts and failing keys, never other cell values.

    Args:
        checkpoint: hris_feed, sso_matrix, pathways or synthetic_audit.
        frames: see `suites.suites_for`; a missing one gives a failed result instead of its expectations.
        config: the pilot's.
        docs_dir: where pages are kept, one folder a checkpoint; made (0700) where it is not there.

    Raises:
        ValueError: no such checkpoint.
    """
    suites = suites_for(checkpoint, frames, config)
    results = [_absent(checkpoint, suite) for suite in suites if suite.rows is None]
    judged = [suite for suite in suites if suite.rows is not None]
    docs_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with TemporaryDirectory(dir=docs_dir, prefix=".new-") as new:
        pages = Path(new) / checkpoint
        pages.mkdir()
        if judged:
            results.extend(_judge(checkpoint, judged, pages))
        make_offline(pages, checkpoint, results)
        shutil.rmtree(docs_dir / checkpoint, ignore_errors=True)
        pages.replace(docs_dir / checkpoint)
    return results


def _judge(checkpoint: str, suites: list[Suite], pages: Path) -> list[CheckResult]:
    with _quiet():
        import great_expectations as gx
        from great_expectations.checkpoint.actions import UpdateDataDocsAction

        context = _context(gx, pages)
        source = context.data_sources.add_pandas(checkpoint)
        found: list[CheckResult] = []
        for suite in suites:
            columns = _needed(suite)
            asset = source.add_dataframe_asset(suite.frame)
            batch = asset.add_batch_definition_whole_dataframe("rows")
            items = [_configured(gx, item) for item in suite.expectations]
            expected = context.suites.add(gx.ExpectationSuite(suite.frame, expectations=items))
            validation = gx.ValidationDefinition(name=suite.frame, data=batch, suite=expected)
            run = context.checkpoints.add(
                gx.Checkpoint(
                    name=suite.frame,
                    validation_definitions=[context.validation_definitions.add(validation)],
                    actions=[UpdateDataDocsAction(name="pages", site_names=[_SITE])],
                    result_format=_result_format(suite),
                )
            )
            assert suite.rows is not None
            rows = suite.rows[columns].reset_index(drop=True)
            outcome = run.run(batch_parameters={"dataframe": rows})
            found.extend(_results(checkpoint, suite, outcome, len(rows)))
        return found


def _context(gx: Any, pages: Path) -> Any:
    """Return a context that lives in memory, draws no progress bar, reports to nobody and has our site alone."""
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.enable_analytics(False)
    for name in list(context.list_data_docs_sites()):
        context.delete_data_docs_site(name)
    store = {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(pages)}
    page, index = ({"module_name": _VIEWS, "class_name": name} for name in ("PageView", "IndexView"))
    context.add_data_docs_site(
        _SITE,
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": store,
            "site_section_builders": {
                "expectations": {"view": page},
                "validations": {"view": page},
                "profiling": "none",
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder", "view": index},
        },
    )
    return context


def _configured(gx: Any, item: Expectation) -> Any:
    kind = "".join(part.capitalize() for part in item.type.split("_"))
    severity = "critical" if item.severity == "error" else "warning"
    expectation = getattr(gx.expectations, kind)
    return expectation(**item.arguments, severity=severity, notes=f"{item.sentence}.", meta={"check_name": item.name})


def _result_format(suite: Suite) -> dict[str, Any]:
    """Ask for counts and keys of failing rows; values stay out, for pages are read by many."""
    return {
        "result_format": "SUMMARY",
        "unexpected_index_column_names": list(suite.key),
        "partial_unexpected_count": MAX_KEYS,
        "exclude_unexpected_values": True,
        "include_unexpected_rows": False,
    }


def _needed(suite: Suite) -> list[str]:
    """Return the key and the columns that are looked at; nothing else reaches Great Expectations."""
    names = [*suite.key, *(name for item in suite.expectations for name in item.columns)]
    return list(dict.fromkeys(names))


def _results(checkpoint: str, suite: Suite, outcome: Any, rows: int) -> Iterator[CheckResult]:
    """Yield one result per expectation, in the suite's order."""
    (validation,) = outcome.run_results.values()
    by_name = {result.expectation_config.meta["check_name"]: result for result in validation.results}
    for item in suite.expectations:
        yield _result(checkpoint, suite, item, by_name[item.name], rows)


def _result(checkpoint: str, suite: Suite, item: Expectation, result: Any, rows: int) -> CheckResult:
    found: Mapping[str, Any] = result.result or {}
    passed = bool(result.success)
    failed = int(found.get("unexpected_count", 0 if passed else 1))
    checked = int(found.get("element_count", rows))
    detail = f"{suite.frame}: {_sentence(item, passed, failed, checked, found)}"
    name = f"{suite.frame}_{item.name}"
    return CheckResult(
        checkpoint, name, "great_expectations", passed, item.severity, checked, failed, detail, _keys(suite, found)
    )


def _sentence(item: Expectation, passed: bool, failed: int, checked: int, found: Mapping[str, Any]) -> str:
    if passed:
        return f"{item.sentence} ({failed:,} of {checked:,} not)." if failed else f"{item.sentence}."
    if "element_count" in found:
        return f"expected: {item.sentence}; not so in {counted(failed, 'row')} of {checked:,}."
    if "observed_value" in found:
        return f"expected: {item.sentence}; counted {found['observed_value']}."
    return f"expected: {item.sentence}; this could not be evaluated."


def _keys(suite: Suite, found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the keys of failing rows; Great Expectations lists them per column, or per row."""
    keys: list[str] = []
    for entry in found.get("partial_unexpected_index_list") or ():
        parts = [entry[name] if isinstance(entry[name], list) else [entry[name]] for name in suite.key]
        keys.extend(" / ".join(str(part) for part in row) for row in zip(*parts, strict=True))
    return tuple(dict.fromkeys(keys))[:MAX_KEYS]


def _absent(checkpoint: str, suite: Suite) -> CheckResult:
    detail = f"{suite.frame} is missing, so nothing can be said about its volume, completeness and freshness."
    return CheckResult(checkpoint, f"{suite.frame}_present", "great_expectations", False, "error", 0, 0, detail)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep a third party's warnings and log lines to itself, and forbid it to phone home."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)
