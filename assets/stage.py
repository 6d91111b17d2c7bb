"""The one way an asset is made here: description, owner, column schema, an open warehouse, errors as sentences."""

import functools
import inspect
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import dagster as dg

from assets.personal_data import PERSONAL_DATA_TAG, personal_class
from assets.sentences import sentence_for
from assets.summaries import markdown_table, with_summary
from assets.upstream import UPSTREAM, feeds_table
from checks.instant import run_instant
from checks.turn import TURN
from pilot_pipeline.config import Pilot
from pilot_pipeline.errors import PilotError
from pilot_pipeline.operation.interrupts import interrupted
from pilot_pipeline.warehouse.connection import Warehouse, open_warehouse
from pilot_pipeline.warehouse.models import Model
from pilot_pipeline.warehouse.tables import Table

OWNER = "team:people-analytics"
LIVE_TAG = "pilot/live"
FIXED_ON_TAG = "pilot/fixed_on"
EXIT_CODE = "exit_code"
Opener = Callable[[Pilot], AbstractContextManager[Warehouse]]
Described = Table | Model


@dataclass(frozen=True)
class Stage:
    """What an asset's body works with: the pilot, the open warehouse, the run's instant and its weeks."""

    pilot: Pilot
    warehouse: Warehouse
    now: datetime
    weeks: tuple[int, ...]
    context: dg.AssetExecutionContext

    @property
    def fixed_on(self) -> date | None:
        """The day on which `pilot lock` is about to fix the cohort; None in any other run."""
        tag = self.context.run.tags.get(FIXED_ON_TAG)
        return date.fromisoformat(tag) if tag else None

    def say(self, sentence: str) -> None:
        """Write a sentence to the run's log; never with a person in it."""
        self.context.log.info(sentence)


Body = Callable[[Stage], dg.MaterializeResult[Any]]


def ordinary_warehouse(pilot: Pilot) -> AbstractContextManager[Warehouse]:
    """Open the warehouse for an asset that touches no live data."""
    return open_warehouse(pilot.home.warehouse)


def stage_asset(
    *,
    group: str,
    described: Described,
    deps: Sequence[str] = (),
    kinds: set[str] | None = None,
    tags: dict[str, str] | None = None,
    partitions: dg.PartitionsDefinition[str] | None = None,
    name: str | None = None,
    about: str | None = None,
    shown: Mapping[str, Any] | None = None,
    opener: Opener = ordinary_warehouse,
) -> Callable[[Body], dg.AssetsDefinition]:
    """Turn a body `Stage -> MaterializeResult` into an asset; its key is the table's name.

    What Dagster shows as its description is the table's own, then `about` (Markdown; default: the body's docstring).
    `shown` is further metadata of the definition.
    """

    def decorate(body: Body) -> dg.AssetsDefinition:
        key = name or described.name

        @functools.wraps(body)
        def compute(context: dg.AssetExecutionContext) -> dg.MaterializeResult[Any]:
            if interrupted():  # an earlier step took the interrupt for a failure of its own, which ends no run
                raise dg.DagsterExecutionInterruptedError
            pilot: Pilot = context.resources.pilot
            weeks = _weeks(context, pilot) if partitions else ()
            with in_sentences(pilot, key), opener(pilot) as warehouse:
                stage = Stage(pilot, warehouse, run_instant(context), weeks, context)
                return _told(stage, key, body(stage))

        # functools.wraps would show Dagster the body's own parameters.
        del compute.__wrapped__
        compute.__annotations__ = {"context": dg.AssetExecutionContext}
        return dg.asset(
            name=key,
            group_name=group,
            description=f"{described.description}\n\n{inspect.cleandoc(about or body.__doc__ or '')}".strip(),
            owners=[OWNER],
            kinds=kinds or {"python", "duckdb"},
            tags={PERSONAL_DATA_TAG: personal_class(described), **(tags or {})},
            deps=[dg.AssetKey(dep) for dep in deps],
            metadata={
                "dagster/column_schema": column_schema(described),
                "dagster/table_name": f"{described.schema}.{described.name}",
                **(shown or {}),
            },
            required_resource_keys={"pilot", TURN, UPSTREAM},
            partitions_def=partitions,
            backfill_policy=dg.BackfillPolicy.single_run() if partitions else None,
        )(compute)

    return decorate


def _told(stage: Stage, key: str, result: dg.MaterializeResult[Any]) -> dg.MaterializeResult[Any]:
    """Add what every asset shows: a summary, the feeds that it goes back to, and their rows in quarantine."""
    metadata = dict(result.metadata or {})
    sentence = sentence_for(key, stage.warehouse, stage.now, stage.weeks, metadata)
    feeds = feeds_table(stage.warehouse, getattr(stage.context.resources, UPSTREAM)[key])
    if len(feeds):
        metadata |= {"feeds": markdown_table(feeds), "rows_in_quarantine": int(feeds["in quarantine"].sum())}
    return result._replace(metadata=with_summary(metadata, sentence))


def column_schema(described: Described) -> dg.TableSchema:
    """Describe a table's columns as Dagster shows them."""
    return dg.TableSchema(
        columns=[dg.TableColumn(c.name, type=c.type, description=c.description) for c in described.columns]
    )


def _weeks(context: dg.AssetExecutionContext, pilot: Pilot) -> tuple[int, ...]:
    start = pilot.config.pilot.starts_on
    days = (date.fromisoformat(key) - start for key in context.partition_keys)
    return tuple(1 + gap.days // 7 for gap in days)


class in_sentences:
    """Let only sentences out: a refusal becomes Dagster's Failure, anything else goes to a private log.

    An unexpected exception may quote a cell; Dagster would store its message and traceback for everyone to read.
    """

    def __init__(self, pilot: Pilot, key: str) -> None:
        self._pilot = pilot
        self._key = key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, dg.Failure | dg.DagsterError) or not isinstance(error, Exception):
            return
        if interrupted():  # DuckDB, for one, makes an error of an interrupt
            raise dg.DagsterExecutionInterruptedError from None
        if isinstance(error, PilotError):
            raise dg.Failure(
                description=str(error), metadata={EXIT_CODE: error.exit_code}, allow_retries=False
            ) from None
        log = self._pilot.home.var / "errors.log"
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        log.touch(mode=0o600)
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{self._key}\n{''.join(traceback.format_exception(error))}\n")
        raise dg.Failure(
            description=f"{self._key} stopped with a {type(error).__name__}, which is a fault of this software. The "
            "details may hold personal data and are kept out of this log; they stand in var/errors.log.",
            metadata={EXIT_CODE: 2},
            allow_retries=False,
        ) from None
