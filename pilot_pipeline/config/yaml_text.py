"""Reads YAML that a person typed, and refuses what would surprise them; what the keys mean is decided in `models`.

A key given twice is refused (PyYAML keeps the last in silence). `no`, `off`, `010` and `12:30` stay the text they are
(YAML 1.1 makes False, 8 and 750 of them), so that a mapping of source values means what it shows. A file is measured
before it is built: size, depth, and how large its aliases make it.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from pilot_pipeline.errors import BadInput

MAX_BYTES = 1_000_000
MAX_DEPTH = 40
MAX_VALUES = 100_000


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader with the words and numbers of YAML 1.2."""


# Its own tables, so that PyYAML's loader stays as it is for everybody else.
_Loader.yaml_implicit_resolvers = {}
_Loader.yaml_constructors = dict(yaml.SafeLoader.yaml_constructors)
for _tag, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", list("-+0123456789")),
    ("float", r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?:\.[0-9]*)?[eE][-+]?[0-9]+)", list("-+.0123456789")),
    ("float", r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", list("-+.")),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", list("0123456789")),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^(?:{_pattern})$"), _first)


def _date_or_text(loader: _Loader, node: ScalarNode) -> date | str:
    """Leave a day that does not exist as text, so that the key that it stands at is named in the refusal."""
    text: str = loader.construct_scalar(node)
    try:
        return date.fromisoformat(text)
    except ValueError:
        return text


def _integer_or_text(loader: _Loader, node: ScalarNode) -> int | str:
    """Leave a number of thousands of digits as text; Python does not read it."""
    text: str = loader.construct_scalar(node)
    try:
        return int(text)
    except ValueError:
        return text


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _date_or_text)
_Loader.add_constructor("tag:yaml.org,2002:int", _integer_or_text)


def read_yaml(path: Path) -> Any:
    """Return the file's one document as dicts, lists, text, numbers, truth values and dates.

    Raises:
        BadInput: the file cannot be read, is not UTF-8 or not YAML, gives a key twice, refers to itself, or is far
            larger or deeper than a configuration is.
    """
    return parse_yaml(_text(path), str(path))


def parse_yaml(text: str, place: str) -> Any:
    """Do as `read_yaml` with text that was read from `place` (used in messages only)."""
    try:
        _refuse_deep(text, place)
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
            if root is None:
                return None
            _measure(root, place, {}, ())
            return loader.construct_document(root)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        raise BadInput(_wording(error, place)) from None


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from None
    if len(content) > MAX_BYTES:
        raise BadInput(f"{path} is larger than {MAX_BYTES:,} bytes; a pilot.yaml is a few pages of text.")
    if b"\0" in content:
        raise BadInput(f"{path} is a binary file, not a pilot.yaml.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BadInput(f"{path}, line {line}: not UTF-8 text; save the file as UTF-8.") from None


def _refuse_deep(text: str, place: str) -> None:
    """Stop at the first thing that is nested too deep, before anything recursive looks at it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise BadInput(f"{place}, line {line}: nested more than {MAX_DEPTH} levels deep.")


def _measure(node: Node, place: str, sizes: dict[int, int], open_nodes: tuple[int, ...]) -> int:
    """Return how many values the node stands for once its aliases are written out; refuse doubles on the way."""
    line = node.start_mark.line + 1
    if id(node) in open_nodes:
        raise BadInput(f"{place}, line {line}: an alias refers to what it is part of.")
    if id(node) in sizes:
        return sizes[id(node)]
    inside = (*open_nodes, id(node))
    if isinstance(node, MappingNode):
        _refuse_doubles(node, place)
        parts = [part for pair in node.value for part in pair]
    else:
        parts = node.value if isinstance(node, SequenceNode) else []
    size = 1
    for part in parts:
        size += _measure(part, place, sizes, inside)
        if size > MAX_VALUES:
            raise BadInput(f"{place}, line {line}: its aliases stand for more than {MAX_VALUES:,} values.")
    sizes[id(node)] = size
    return size


def _refuse_doubles(node: MappingNode, place: str) -> None:
    first: dict[Hashable, int] = {}
    for key, _ in node.value:
        if not isinstance(key, ScalarNode):
            raise BadInput(f"{place}, line {key.start_mark.line + 1}: a key must be a single word, not a list.")
        line = key.start_mark.line + 1
        if key.value in first and key.tag != "tag:yaml.org,2002:merge":
            raise BadInput(
                f"{place}, line {line}: the key '{key.value}' was given on line {first[key.value]} already; "
                "keep one of the two."
            )
        first[key.value] = line


def _wording(error: yaml.YAMLError, place: str) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"{place}, line {mark.line + 1}, column {mark.column + 1}" if mark else place
    problem = str(getattr(error, "problem", None) or "malformed")
    if "'\\t'" in problem:
        return f"{where}: a tab stands where YAML needs spaces; indent with spaces."
    if isinstance(error, yaml.reader.ReaderError):
        return f"{place}: it holds a character (#x{ord(chr(error.character)):04x}) that no text file needs."
    return f"{where}: not valid YAML ({problem})."
