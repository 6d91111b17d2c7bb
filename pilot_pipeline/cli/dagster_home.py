"""Makes and opens Dagster's storage for a pilot, and says in a sentence what keeps it shut; what runs is `running`."""

from __future__ import annotations

import logging
import os
import pwd
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pilot_pipeline.config import Pilot
from pilot_pipeline.errors import BadInput

if TYPE_CHECKING:
    from dagster import DagsterInstance


@contextmanager
def dagster_home(pilot: Pilot) -> Iterator[DagsterInstance]:
    """Open Dagster's storage in the pilot's own directory, or where its dagster.yaml says, making it if need be.

    Raises:
        BadInput: the storage cannot be used; the sentence says why, without the address, which holds a password.
    """
    prepare_dagster_home(pilot)
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # it prints a traceback where Ctrl-C meets it
    with _opened(pilot.home.dagster_home) as instance:
        yield instance


def prepare_dagster_home(pilot: Pilot) -> None:
    """Make var/dagster with its dagster.yaml, and point Dagster at it.

    Raises:
        BadInput: dagster.yaml cannot be read, or names a variable that is not set.
    """
    refuse_root_elsewhere(pilot)
    pilot.home.var.mkdir(mode=0o700, parents=True, exist_ok=True)
    home = pilot.home.dagster_home
    home.mkdir(mode=0o700, exist_ok=True)
    path = home / "dagster.yaml"
    if not path.exists():  # an operator may have pointed it at Postgres
        path.write_text(files("pilot_pipeline.cli").joinpath("dagster.yaml").read_text("utf-8"), encoding="utf-8")
    os.environ["DAGSTER_HOME"] = str(home)
    _export_named(pilot, path)


def refuse_root_elsewhere(pilot: Pilot) -> None:
    """Refuse root where `var/` is another user's: that user could not read what root leaves there.

    Raises:
        BadInput: names the user, and how to run the command as that user.
    """
    var = pilot.home.var
    if os.geteuid() != 0 or not var.exists() or var.stat().st_uid == 0:
        return
    owner = _name(var.stat().st_uid)
    raise BadInput(
        f"{var} belongs to {owner}, who could not read what root writes there. Run this as that user: "
        f"runuser -u {owner} -- pilot ..."
    )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _export_named(pilot: Pilot, path: Path) -> None:
    """Let dagster.yaml name variables of the pilot's .env (`env: NAME`), such as the address of a database."""
    from dotenv import dotenv_values

    held = dotenv_values(pilot.home.root / ".env")
    for name in _named(_settings(path)):
        if held.get(name):
            os.environ.setdefault(name, str(held[name]))
        if not os.environ.get(name):
            raise BadInput(f"{path} names the variable {name}, which is set neither in .env nor in the environment.")


def _settings(path: Path) -> Any:
    import yaml

    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"{path}, line {line}, is not YAML: {error.problem}.") from None
    except (UnicodeDecodeError, yaml.YAMLError):
        raise BadInput(f"{path} is not YAML.") from None


def _named(settings: Any) -> Iterator[str]:
    """Find every `env: NAME` at any depth."""
    if isinstance(settings, Mapping):
        if set(settings) == {"env"} and isinstance(settings["env"], str):
            yield settings["env"]
        for value in settings.values():
            yield from _named(value)
    elif isinstance(settings, Sequence) and not isinstance(settings, str):
        for value in settings:
            yield from _named(value)


def _opened(home: Path) -> DagsterInstance:
    from dagster import DagsterInstance
    from dagster._core.errors import DagsterInvalidConfigError
    from dagster_shared.check import CheckError

    path = home / "dagster.yaml"
    with _without_each_attempt():
        try:
            instance = DagsterInstance.from_config(str(home))
            instance.get_runs_count()  # only now does a database have to answer
        except DagsterInvalidConfigError as error:
            told = error.errors[0].message if error.errors else str(error)
            raise BadInput(f"{path} is not what Dagster accepts. {_first_line(told)}") from None
        except CheckError as error:
            told = str(error).removeprefix("Failure condition: ")
            raise BadInput(f"{path} is not what Dagster accepts. {_first_line(told)}") from None
        except ModuleNotFoundError as error:
            raise BadInput(f"{path} needs the Python module {error.name}, which is not installed here.") from None
        except Exception as error:
            said = _database_said(error)
            if said is None:
                raise
            raise BadInput(f"The database that {path} names cannot be used: {said}") from None
    return instance


@contextmanager
def _without_each_attempt() -> Iterator[None]:
    """Keep Dagster from printing each failed attempt to reach a database."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _database_said(error: BaseException) -> str | None:
    """Return the first line of what a database or its driver said, None where neither did; it names no password."""
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    while error.__cause__ is not None and not isinstance(error, SQLAlchemyError):
        error = error.__cause__
    if isinstance(error, ArgumentError):
        return "its address is not one."  # the driver's sentence would quote it
    return _first_line(str(getattr(error, "orig", None) or error)) if isinstance(error, SQLAlchemyError) else None


def _first_line(text: str) -> str:
    line = text.strip().split("\n")[0].rstrip(".")
    return f"{line}."
