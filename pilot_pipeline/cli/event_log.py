"""Dagster's SQLite event log with its files kept open between events; no data of ours are here, only Dagster's.

Dagster makes a database engine, opens, checkpoints and closes the file for every single event, which costs a headless
run a third of its time. The files and their schema stay Dagster's: without this class they are read as before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster._config import StringSource
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._core.storage.sql import create_engine
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from sqlalchemy import event
from sqlalchemy.pool import QueuePool

if TYPE_CHECKING:
    from dagster._serdes import ConfigurableClassData
    from sqlalchemy.engine import Connection, Engine

MOST_OPEN = 8
"""Files kept open at once: the index, and the runs that were looked at last."""


class KeptOpenEventLog(SqliteEventLogStorage):
    """`SqliteEventLogStorage` that keeps one connection per file."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> KeptOpenEventLog:
        """Make the storage of the Dagster home that `dagster.yaml` names, where Dagster itself would keep it."""
        return cls(str(Path(config_value["home"], "history", "runs")), inst_data)

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Say what `dagster.yaml` gives: the Dagster home, so that a pilot's directory can be moved."""
        return {"home": StringSource}

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        if shard in self._engines:
            self._engines.move_to_end(shard)
            return self._engines[shard]
        while len(self._engines) >= MOST_OPEN:
            self._engines.popitem(last=False)[1].dispose()
        engine: Engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=QueuePool,
            pool_size=1,
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _without_waiting_for_the_disk)
        self._engines[shard] = engine
        return engine

    def dispose(self) -> None:
        """Close every file."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def _without_waiting_for_the_disk(connection: Any, _record: object) -> None:
    """In WAL mode a power cut may cost a log its last events, never the file; rows and releases are not kept here."""
    connection.execute("PRAGMA synchronous=NORMAL")
