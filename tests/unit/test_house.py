"""The house rules that a reader feels first: sizes and docstrings, held for every file of the software."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("pilot_pipeline", "assets", "checks")
FILES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))
MODELS = sorted((ROOT / "dbt_like_sql").rglob("*.sql"))
MODULE_LINES, FUNCTION_LINES, BODY_LINES, MODEL_LINES = 400, 60, 30, 90


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def public(path: Path) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Functions and classes of a module that others may use, and the methods of those classes."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                members = (m for m in node.body if isinstance(m, ast.FunctionDef))
                yield from (member for member in members if not member.name.startswith("_"))


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    assert node.end_lineno is not None
    return node.end_lineno - node.lineno + 1


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 100
    assert len(MODELS) > 15


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_for_and_keeps_to_one_subject(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), "a module opens with one sentence on what it is for"
    assert text.count("\n") <= MODULE_LINES


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_are_short_and_public_ones_say_what_they_do(path: Path) -> None:
    too_long = {
        node.name: lines_of(node)
        for node in functions(path)
        if lines_of(node) > (BODY_LINES if _is_body(node) else FUNCTION_LINES)
    }
    silent = [node.name for node in public(path) if not ast.get_docstring(node)]
    assert not too_long
    assert not silent


def _is_body(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a function is what an asset does: it takes the stage and nothing else."""
    return [argument.arg for argument in node.args.args] == ["stage"]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_a_sql_model_fits_on_a_screen(path: Path) -> None:
    assert path.read_text(encoding="utf-8").count("\n") <= MODEL_LINES
