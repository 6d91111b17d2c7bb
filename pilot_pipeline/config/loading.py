"""Reads `pilot.yaml` and `.env` into a `Pilot`, and words every mistake in them; the keys themselves are `models`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError

from pilot_pipeline.config.home import Home, Pilot
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.config.yaml_text import read_yaml
from pilot_pipeline.errors import BadInput, nearest

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load_pilot(path: Path, environ: Mapping[str, str] | None = None) -> Pilot:
    """Read a `pilot.yaml` with the `.env` beside it.

    Raises:
        BadInput: the file is missing or unreadable, a key is unknown or a value unusable, a secret is unset.
    """
    path = path.expanduser().absolute()
    _refuse_no_file(path)
    secrets = _dotenv(path.parent / ".env")
    secrets.update(os.environ if environ is None else environ)
    config = parse_config(read_yaml(path), secrets, str(path))
    return Pilot(config=config, home=Home(path.parent))


def parse_config(data: Any, secrets: Mapping[str, str], place: str) -> PilotConfig:
    """Validate a configuration that was read from `place` (used in messages only)."""
    if not isinstance(data, dict):
        raise BadInput(f"{place} holds no sections; `pilot init DIR` writes one to start from.")
    resolved = _resolve(data, secrets, (), place)
    try:
        return PilotConfig.model_validate(resolved)
    except ValidationError as error:
        raise BadInput("\n".join(f"{place}: {sentence}" for sentence in _sentences(error))) from None


def _refuse_no_file(path: Path) -> None:
    try:
        if path.is_dir():
            raise BadInput(f"{path} is a directory; --config names the file, for example {path / 'pilot.yaml'}.")
        if not path.exists():
            raise BadInput(f"{path} does not exist; `pilot init DIR` makes a new pilot, --config names another one.")
        if not path.is_file():
            raise BadInput(f"{path} is not a file.")
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None


def _dotenv(path: Path) -> dict[str, str]:
    """Read the `.env` beside pilot.yaml, where there is one."""
    try:
        return {name: value for name, value in dotenv_values(path).items() if value is not None}
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None


def _resolve(node: Any, secrets: Mapping[str, str], keys: tuple[str, ...], place: str) -> Any:
    """Replace `${VAR}`; an unset variable disables an alert and is an error elsewhere."""
    if isinstance(node, dict):
        resolved = {key: _resolve(value, secrets, (*keys, str(key)), place) for key, value in node.items()}
        if keys == () and "privacy" not in resolved:
            resolved["privacy"] = _resolve({"pseudonym_key": "${PILOT_PSEUDONYM_KEY}"}, secrets, ("privacy",), place)
        elif keys == ("privacy",) and "pseudonym_key" not in resolved:
            resolved["pseudonym_key"] = _resolve("${PILOT_PSEUDONYM_KEY}", secrets, (*keys, "pseudonym_key"), place)
        return resolved
    if isinstance(node, list):
        return [_resolve(value, secrets, (*keys, str(index)), place) for index, value in enumerate(node)]
    if not isinstance(node, str):
        return node
    missing = [name for name in _VARIABLE.findall(node) if not secrets.get(name)]
    if missing and keys[:1] == ("alerts",):
        return None
    if missing:
        raise BadInput(
            f"{place}: {'.'.join(keys)} needs the environment variable {missing[0]}, which is not set; "
            "put it into the .env file beside pilot.yaml (`pilot init` makes one)."
        )
    return _VARIABLE.sub(lambda match: secrets[match.group(1)], node)


def _sentences(error: ValidationError) -> list[str]:
    """Word every mistake, misspelt keys first: they often are the ones that are missed elsewhere."""
    details = error.errors(include_url=False, include_input=False)
    details.sort(key=lambda detail: detail["type"] != "extra_forbidden")
    return list(dict.fromkeys(_sentence(detail) for detail in details))


_PHRASES: Mapping[str, str] = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text",
    "tuple_type": "must be a list, such as [a, b]",
    "dict_type": "must be keys with values, such as {key: value}",
    "model_type": "must be a section of keys with values",
    "invalid_key": "cannot be read as a key; put it into quotes",
    "string_too_short": "is too short",
    "string_too_long": "is too long",
    "too_long": "has too many values",
    "too_short": "has too few values",
}


def _sentence(detail: Any) -> str:
    # Pydantic names a branch of a union (`tuple[str, ...]`, `literal['*']`) in the place; people never typed it.
    location = tuple(part for part in detail["loc"] if not re.search(r"[\[\]]", str(part)))
    key, kind = ".".join(str(part) for part in location), detail["type"]
    if kind == "extra_forbidden":
        known = _keys_at(location[:-1])
        hint = nearest(str(location[-1]), known) or (f" Known here: {', '.join(known)}." if known else "")
        return f"{key} is not a key of pilot.yaml.{hint}"
    if kind == "missing" and isinstance(location[-1], int):
        return f"{'.'.join(str(part) for part in location[:-1])} has too few values."
    if kind == "missing":
        return f"{key} is missing."
    if phrase := _phrase(kind, detail["msg"]):
        return f"{key} {phrase}."
    message = str(detail["msg"]).removeprefix("Value error, ")
    return f"{key}: {message}." if key else f"{message}."


def _phrase(kind: str, message: str) -> str | None:
    """Return what a value must be in plain words, or None where the models word it themselves."""
    if kind.startswith(("date_", "datetime_")):
        return "must be a date such as 2026-01-05"
    if message.startswith("Input should be ") and kind not in _PHRASES:
        return f"must be {message.removeprefix('Input should be ')}"
    return _PHRASES.get(kind)


def _keys_at(location: tuple[Any, ...]) -> list[str]:
    """Return the keys that the model at this place of the tree knows."""
    model: Any = PilotConfig
    for part in location:
        if isinstance(part, int):  # a place in a list of sections, whose model was found one step before
            continue
        field = model.model_fields.get(part) if isinstance(model, type) and issubclass(model, BaseModel) else None
        if field is None:
            return []
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
    return sorted(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []
