"""Reads `pilot.yaml` and `.env` into a `Pilot`, and words every mistake in them; the keys themselves are `models`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values
from pydantic import BaseModel, ValidationError

from pilot_pipeline.config.home import Home, Pilot
from pilot_pipeline.config.models import PilotConfig
from pilot_pipeline.errors import BadInput, nearest

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load_pilot(path: Path, environ: Mapping[str, str] | None = None) -> Pilot:
    """Read a `pilot.yaml` with the `.env` beside it.

    Raises:
        BadInput: the file is missing or unreadable, a key is unknown or a value unusable, a secret is unset.
    """
    path = path.expanduser().absolute()
    if not path.is_file():
        raise BadInput(f"{path} does not exist; `pilot init DIR` makes a new pilot, --config names another one.")
    secrets = {k: v for k, v in dotenv_values(path.parent / ".env").items() if v is not None}
    secrets.update(os.environ if environ is None else environ)
    config = parse_config(_read_yaml(path), secrets, str(path))
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


def _read_yaml(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise BadInput(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise BadInput(f"{path}{where}: not valid YAML ({getattr(error, 'problem', None) or 'malformed'}).") from None


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
    return [_sentence(detail) for detail in error.errors(include_url=False, include_input=False)]


def _sentence(detail: Any) -> str:
    location = tuple(part for part in detail["loc"] if part != "[key]")
    key = ".".join(str(part) for part in location)
    if detail["type"] == "extra_forbidden":
        known = _keys_at(location[:-1])
        hint = nearest(str(location[-1]), known) or (f" Known here: {', '.join(known)}." if known else "")
        return f"{key} is not a key of pilot.yaml.{hint}"
    if detail["type"] == "missing":
        return f"{key} is missing."
    message = str(detail["msg"]).removeprefix("Value error, ")
    return f"{key}: {message}." if key else f"{message}."


def _keys_at(location: tuple[Any, ...]) -> list[str]:
    """Return the keys that the model at this place of the tree knows."""
    model: Any = PilotConfig
    for part in location:
        field = model.model_fields.get(part) if isinstance(model, type) and issubclass(model, BaseModel) else None
        if field is None:
            return []
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
        model = next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)
    return sorted(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []
