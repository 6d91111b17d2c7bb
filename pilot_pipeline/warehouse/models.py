"""SQL models: a SELECT and its `.yml` twin read into a `Model`, and run into its table; publishing is `publish`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

import duckdb
import yaml

from pilot_pipeline.errors import BadInput, nearest
from pilot_pipeline.warehouse.connection import Warehouse
from pilot_pipeline.warehouse.selects import Select, parse_select
from pilot_pipeline.warehouse.storing import Target, check_table_name, first_row, quoted, relation_types

Layer = Literal["staging", "intermediate", "marts"]
LAYERS: tuple[Layer, ...] = get_args(Layer)
_RESULT = "model_rows"
_KEYS = ("description", "grain", "schema", "group", "owner", "columns")
_COLUMN_KEYS = ("name", "type", "description", "nullable", "measure")
_NOT_MEASURES = frozenset({"suppressed", "target", "week_no"})
_MEASURE_TYPES = ("BIGINT", "INTEGER", "DOUBLE", "DECIMAL", "BOOLEAN", "HUGEINT", "FLOAT")


@dataclass(frozen=True)
class ModelColumn:
    """A column as the `.yml` twin promises it. A `measure` is what suppression must empty."""

    name: str
    type: str
    description: str
    nullable: bool = False
    measure: bool = False


@dataclass(frozen=True)
class Model:
    """One SELECT and what is promised of its rows; an empty grain promises at most one row."""

    name: str
    layer: Layer
    schema: str
    sql: str
    description: str
    grain: tuple[str, ...]
    columns: tuple[ModelColumn, ...]
    group: str
    depends_on: tuple[str, ...]
    parameters: tuple[str, ...]
    owner: str | None = None

    @property
    def table(self) -> str:
        """Where the rows go: schema.name."""
        return f"{self.schema}.{self.name}"

    @property
    def partitioned(self) -> bool:
        """Whether the model is run week by week: its SQL mentions $week."""
        return "week" in self.parameters

    @property
    def restates(self) -> bool:
        """Whether its rows carry the instant when a later run changed them."""
        return self.partitioned and "restated_at" in self.types

    @property
    def types(self) -> dict[str, str]:
        """Column to SQL type, in order."""
        return {column.name: column.type for column in self.columns}


def load_models(root: Traversable | Path | None = None) -> Mapping[str, Model]:
    """Read every model under `root`/staging, /intermediate and /marts (default: the package dbt_like_sql).

    Returns:
        name to Model, in layer order and sorted by name within a layer.

    Raises:
        BadInput: a file without its twin, two models of one name or one table, a twin or a SELECT that cannot be used.
    """
    root = files("dbt_like_sql") if root is None else root
    models: dict[str, Model] = {}
    for layer in LAYERS:
        texts = _texts(root / layer)
        for stem in sorted({name.rpartition(".")[0] for name in texts}):
            model = _model(layer, stem, texts.get(f"{stem}.sql"), texts.get(f"{stem}.yml"))
            if stem in models:
                raise BadInput(f"Two models are called {stem}, in {models[stem].layer} and in {layer}; rename one.")
            models[stem] = model
    return MappingProxyType(models)


def _texts(folder: Traversable | Path) -> dict[str, str]:
    if not folder.is_dir():
        return {}
    found = [file for file in folder.iterdir() if file.name.endswith((".sql", ".yml"))]
    return {file.name: file.read_text(encoding="utf-8") for file in found}


def _model(layer: Layer, stem: str, sql: str | None, twin: str | None) -> Model:
    place = f"{layer}/{stem}"
    if sql is None or twin is None:
        there, missing = (".yml", ".sql") if sql is None else (".sql", ".yml")
        raise BadInput(f"{place}{there} has no {stem}{missing} beside it.")
    select = parse_select(sql, f"{place}.sql")
    return _described(layer, stem, sql, select, _read_twin(twin, f"{place}.yml"))


def _described(layer: Layer, stem: str, sql: str, select: Select, twin: dict[str, Any]) -> Model:
    place = f"{layer}/{stem}.yml"
    grain = tuple(str(column) for column in twin["grain"])
    columns = tuple(_column(entry, grain, place) for entry in twin["columns"])
    names = [column.name for column in columns]
    faults = [f"column {name} stands there twice" for name in sorted({n for n in names if names.count(n) > 1})]
    faults += [f"grain names {name}, which is not a column" for name in grain if name not in names]
    faults += [f"grain column {c.name} cannot be nullable" for c in columns if c.name in grain and c.nullable]
    if "week" in select.parameters and "week_no" not in names:
        faults.append("the SELECT uses $week, so it needs a column week_no")
    if faults:
        raise BadInput(f"{place}: {faults[0]}.")
    check_table_name(f"{twin['schema']}.{stem}")
    return Model(
        name=stem,
        layer=layer,
        schema=str(twin["schema"]),
        sql=sql,
        description=str(twin["description"]).strip(),
        grain=grain,
        columns=columns,
        group=str(twin["group"]),
        depends_on=select.tables,
        parameters=select.parameters,
        owner=None if twin.get("owner") is None else str(twin["owner"]),
    )


def _read_twin(text: str, place: str) -> dict[str, Any]:
    try:
        twin = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}," if mark else ""
        raise BadInput(f"{place}{where} is not valid YAML: {getattr(error, 'problem', None) or 'malformed'}.") from None
    if not isinstance(twin, dict):
        raise BadInput(f"{place} holds no keys; it needs {', '.join(_KEYS)} (owner may be left out).")
    _check_keys(twin, _KEYS, ("owner",), place)
    if not isinstance(twin["columns"], list) or not twin["columns"] or not isinstance(twin["grain"], list):
        raise BadInput(f"{place}: grain and columns are lists, and columns is not empty.")
    return twin


def _check_keys(entry: dict[str, Any], known: Sequence[str], optional: Sequence[str], place: str) -> None:
    unknown = [str(key) for key in entry if key not in known]
    if unknown:
        raise BadInput(f"{place}: {unknown[0]} is not a key of it.{nearest(unknown[0], list(known))}")
    blank = [key for key in known if key not in optional and entry.get(key) in (None, "")]
    if blank:
        raise BadInput(f"{place}: {blank[0]} is missing.")


def _column(entry: Any, grain: tuple[str, ...], place: str) -> ModelColumn:
    if not isinstance(entry, dict):
        raise BadInput(f"{place}: each column has a name, a type and a description.")
    _check_keys(entry, _COLUMN_KEYS, ("nullable", "measure"), f"{place}, column {entry.get('name', '?')}")
    name, kind = str(entry["name"]), str(entry["type"]).upper()
    counted = kind.startswith(_MEASURE_TYPES) and name not in grain and name not in _NOT_MEASURES
    return ModelColumn(
        name=name,
        type=kind,
        description=str(entry["description"]).strip(),
        nullable=bool(entry.get("nullable", False)),
        measure=bool(entry.get("measure", counted)),
    )


def run_model(
    warehouse: Warehouse,
    model: Model,
    week: int | None = None,
    params: Mapping[str, Any] | None = None,
    *,
    now: datetime | None = None,
) -> int:
    """Run a model into its table, ordered by its grain; a weekly model replaces one week. Returns the rows written.

    `params` are DuckDB's named parameters ($name); those that the SQL does not mention are not bound. A weekly model
    with a column `restated_at` needs `now`, the instant of the run (see `Warehouse.write_restating`).

    Raises:
        BadInput: a parameter is missing, the query fails, its columns differ from the twin, a value does not fit its
            type, a promised value is NULL, or the grain is not unique. The old rows stay.
    """
    if model.partitioned != (week is not None):
        raise BadInput(
            f"{model.table} is {'weekly; name a week' if model.partitioned else 'not weekly; name no week'}."
        )
    if model.restates and now is None:
        raise BadInput(f"{model.table} says when a row was restated, so it needs the instant of the run.")
    connection = warehouse.connection
    try:
        _materialise(connection, model, _values(model, week, params or {}))
        check_model_columns(model, tuple(relation_types(connection, _RESULT)))
        check_promises(connection, model, _RESULT)
        target = Target(model.table, model.types, week, model.grain)
        if model.restates and now is not None:
            return warehouse.store_restating(_RESULT, target, now, model.grain)
        return warehouse.store(_RESULT, target)
    finally:
        connection.execute(f"DROP TABLE IF EXISTS temp.{_RESULT}")


def _values(model: Model, week: int | None, params: Mapping[str, Any]) -> dict[str, Any]:
    given = {**params, "week": week}
    missing = [name for name in model.parameters if name not in given]
    if missing:
        raise BadInput(f"{model.table} needs the parameter ${missing[0]}, which was not given.")
    return {name: given[name] for name in model.parameters}


def _materialise(connection: duckdb.DuckDBPyConnection, model: Model, values: Mapping[str, Any]) -> None:
    body = model.sql.strip().rstrip(";")
    try:
        # The line break keeps a closing comment of the file from swallowing the bracket.
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {_RESULT} AS (\n{body}\n)", dict(values))
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
        reason = str(error).partition("\n")[0]
        raise BadInput(f"{model.table} cannot be built: {reason}") from None
    except duckdb.Error as error:
        # Conversion and arithmetic errors quote the value at fault, which may be personal.
        raise BadInput(f"{model.table} cannot be built: {type(error).__name__} while its rows were computed.") from None


def check_model_columns(model: Model, actual: Sequence[str]) -> None:
    """Refuse a query whose columns are not those of the twin, whatever their order.

    Raises:
        BadInput: a sentence naming the missing and the extra columns.
    """
    missing = [column.name for column in model.columns if column.name not in actual]
    extra = [name for name in actual if name not in model.types]
    faults = [f"{', '.join(missing)} stand in the .yml but not in the query"] * bool(missing)
    faults += [f"{', '.join(extra)} stand in the query but not in the .yml"] * bool(extra)
    if faults:
        raise BadInput(f"{model.layer}/{model.name}: {'; '.join(faults)}.")


def check_promises(connection: duckdb.DuckDBPyConnection, model: Model, relation: str) -> None:
    """Refuse a NULL where the twin promises a value, and rows that the grain does not tell apart.

    Raises:
        BadInput: a sentence with column and count, without any value.
    """
    for sentence in broken_promises(connection, model, relation):
        raise BadInput(f"{model.table}: {sentence}.")


def broken_promises(connection: duckdb.DuckDBPyConnection, model: Model, relation: str) -> tuple[str, ...]:
    """Return what a relation breaks of the model's promises (values, finite numbers, grain), as clauses with counts."""
    nulls = {c.name: f"count(*) - count({quoted(c.name)})" for c in model.columns if not c.nullable}
    # Division by zero gives infinity or NaN in DuckDB, and either would spoil every sum over the column.
    odd = {
        c.name: f"count(*) FILTER (WHERE NOT isfinite(TRY_CAST({quoted(c.name)} AS DOUBLE)))"
        for c in model.columns
        if c.type.startswith(("DOUBLE", "FLOAT"))
    }
    counts = first_row(connection, f"SELECT {', '.join([*nulls.values(), *odd.values(), '0'])} FROM {relation}")
    clauses = [*(f"values of {name} are NULL" for name in nulls), *(f"values of {name} are not finite" for name in odd)]
    broken = [f"{count} {clause}" for clause, count in zip(clauses, counts, strict=False) if count]
    grain = ", ".join(map(quoted, model.grain))
    groups = f"SELECT count(*) AS rows FROM {relation}{f' GROUP BY {grain}' if grain else ''} HAVING count(*) > 1"
    (twice,) = first_row(connection, f"SELECT count(*) FROM ({groups})")
    if twice:
        per = ", ".join(model.grain) or "table"
        broken.append(f"its grain is one row per {per}, and {twice} of them have more")
    return tuple(broken)
