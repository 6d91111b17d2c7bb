"""The schema that editors use says what the loader accepts, lies beside every new pilot, and needs no network."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from pilot_pipeline.config import PilotConfig, load_pilot
from pilot_pipeline.config.schema import MODELINE, SCHEMA_NAME, build_schema, packaged_schema, render_schema
from pilot_pipeline.feeds.canon import CANON
from pilot_pipeline.simulation.company import pilot_yaml
from pilot_pipeline.simulation.template import write_template

SCHEMA = build_schema()


def as_editors_read(text: str) -> Any:
    """A date is text to an editor."""

    def plain(node: Any) -> Any:
        if isinstance(node, dict):
            return {str(key): plain(value) for key, value in node.items()}
        if isinstance(node, list):
            return [plain(item) for item in node]
        return node.isoformat() if isinstance(node, date) else node

    return plain(yaml.safe_load(text))


def complaints(text: str) -> list[str]:
    checker = jsonschema.FormatChecker(formats=("date",))
    found = jsonschema.Draft7Validator(SCHEMA, format_checker=checker).iter_errors(as_editors_read(text))
    return [error.message for error in found]


def test_the_packaged_schema_is_what_the_models_say_today() -> None:
    assert packaged_schema() == render_schema(), "run: pilot schema --out pilot_pipeline/config/pilot.schema.json"


def test_it_is_a_sound_schema_of_either_draft() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator.check_schema({**SCHEMA, "$schema": "https://json-schema.org/draft/2020-12/schema"})


def test_a_new_pilot_and_the_demonstration_are_valid(tmp_path: Path) -> None:
    template = write_template(tmp_path)[0].read_text(encoding="utf-8")
    switched_on = template
    for feed in CANON:
        switched_on = switched_on.replace(f"  # {feed}: {{", f"  {feed}: {{")
    for text in (template, switched_on, pilot_yaml("effective", 1)):
        assert complaints(text) == []
    assert switched_on != template


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("weeks: 12 ", "weeks: 13 "),
        ("size: 30", "size: 51"),
        ("seed: 20260105", "sead: 20260105"),
        ("starts_on: 2026-01-05", "starts_on: soon"),
        ("role_levels: [3, 4]", "role_levels: [3, 4, 5]"),
        ("exact: [manager_id, role]", "exact: [manager]"),
        ("employees: {source: feeds/employees/*.csv}", "employes: {source: x}"),
    ],
)
def test_what_the_loader_refuses_an_editor_underlines(old: str, new: str) -> None:
    text = pilot_yaml("effective", 1)
    assert old in text
    assert complaints(text.replace(old, new, 1))


def test_a_mapping_may_hold_what_the_loader_turns_into_text() -> None:
    mapping = "{source: x.csv, constants: {as_of: 2025-12-15, n: 1}, values: {a: {1: active, true: x}}, ignore: '*'}"
    text = pilot_yaml("effective", 1).replace("employees: {source: feeds/employees/*.csv}", f"employees: {mapping}", 1)
    assert complaints(text) == []


def test_every_key_has_a_description_and_every_default_of_the_models() -> None:
    sections = SCHEMA["$defs"]
    undescribed = [
        f"{name}.{key}"
        for name, section in sections.items()
        for key, value in section.get("properties", {}).items()
        if "$ref" not in value and "description" not in value and "FeedSource" not in json.dumps(value)
    ]
    assert undescribed == []
    assert all("description" in section for section in sections.values())
    assert sections["PilotSection"]["properties"]["weeks"]["default"] == 12
    assert (
        sections["DecisionSection"]["properties"]["alpha"]["default"]
        == PilotConfig.model_fields["decision"].default.alpha
    )


def test_the_line_that_editors_look_for_names_a_file_that_lies_there(tmp_path: Path) -> None:
    path = write_template(tmp_path)[0]
    (line,) = [line for line in path.read_text(encoding="utf-8").splitlines() if "yaml-language-server" in line]
    assert line == MODELINE
    named = line.split("$schema=")[1]
    assert "://" not in named and not Path(named).is_absolute()
    assert json.loads((path.parent / named).read_text(encoding="utf-8")) == SCHEMA
    assert named == SCHEMA_NAME
    assert load_pilot(path, {}).config.pilot.weeks == 12


def test_the_schema_points_nowhere_but_into_itself() -> None:
    def references(node: Any) -> list[str]:
        if isinstance(node, list):
            return [found for item in node for found in references(item)]
        if not isinstance(node, dict):
            return []
        inside = [found for value in node.values() for found in references(value)]
        return [node["$ref"], *inside] if "$ref" in node else inside

    assert references(SCHEMA)
    assert all(reference.startswith("#/$defs/") for reference in references(SCHEMA))
