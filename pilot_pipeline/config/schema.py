"""The JSON Schema of `pilot.yaml`, for editors; what is refused when a pilot is loaded is decided by `models`."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from pilot_pipeline.config.models import PilotConfig

SCHEMA_NAME = "pilot.schema.json"
MODELINE = f"# yaml-language-server: $schema={SCHEMA_NAME}"
"""What makes an editor use the schema that lies beside a pilot.yaml; a relative path, so it works offline."""

# A scalar that the loader turns into text: `constants: {as_of: 2025-12-15}` needs no quotes.
_SCALAR = {"type": ["string", "number", "boolean"]}


def build_schema() -> dict[str, Any]:
    """Return the schema as the models say it now, in a form that older editors (draft 7) understand too."""
    schema: dict[str, Any] = _plain(PilotConfig.model_json_schema(mode="validation"))
    schema["required"].remove("privacy")  # its only required value comes from .env
    source = schema["$defs"]["FeedSource"]["properties"]
    source["constants"]["additionalProperties"] = _SCALAR
    source["values"]["additionalProperties"]["additionalProperties"] = _SCALAR
    source["nulls"]["additionalProperties"]["items"] = _SCALAR
    return {"$schema": "http://json-schema.org/draft-07/schema#", **schema, "title": "pilot.yaml"}


def render_schema() -> str:
    """Return the text of the schema's file."""
    return json.dumps(build_schema(), indent=2, ensure_ascii=False) + "\n"


def packaged_schema() -> str:
    """Return the schema's file as it was shipped; a test holds it to `render_schema`."""
    return files("pilot_pipeline.config").joinpath(SCHEMA_NAME).read_text(encoding="utf-8")


def _plain(node: Any) -> Any:
    """Drop generated titles, and write tuples and references as draft 7 knows them."""
    if isinstance(node, list):
        return [_plain(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _plain(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    if "prefixItems" in plain:
        plain["items"] = plain.pop("prefixItems")[0]  # every tuple here is of one type; its length stands beside it
    # Draft 7 ignores what stands beside a reference; a section's default is that of its keys anyway.
    return {"$ref": plain["$ref"]} if "$ref" in plain else plain
