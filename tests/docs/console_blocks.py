"""Reads the console blocks of a page and runs their commands; what must hold of them is claimed by the tests."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"^```console\n(.*?)^```", re.M | re.S)
EXIT = re.compile(r"\s+# exit (\d+)$")
LEFT_OUT = "..."


@dataclass(frozen=True)
class Command:
    """One command, the exit code that the page states, and the lines that it shows."""

    text: str
    code: int
    shown: tuple[str, ...]

    def missing(self, output: str) -> list[str]:
        """Return the shown lines that the output does not hold, in their order; `...` stands for anything."""
        lines = iter(_squeezed(line) for line in output.splitlines())
        return [line for line in self.shown if line.strip() != LEFT_OUT and not _found(line, lines)]


def commands(page: Path) -> list[Command]:
    """Return every command of the page's console blocks, in their order."""
    return [command for block in BLOCK.findall(page.read_text(encoding="utf-8")) for command in _commands(block)]


def run(command: str, directory: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command through the shell; return its exit code and everything that it printed."""
    done = subprocess.run(
        command,
        shell=True,
        cwd=directory,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    return done.returncode, done.stdout


def _commands(block: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        text, *shown = part.rstrip("\n").split("\n")
        stated = EXIT.search(text)
        yield Command(EXIT.sub("", text), int(stated.group(1)) if stated else 0, tuple(shown))


def _found(line: str, lines: Iterator[str]) -> bool:
    pieces = [_squeezed(piece) for piece in line.split(LEFT_OUT)]
    return any(_in_order(pieces, candidate) for candidate in lines)


def _in_order(pieces: list[str], line: str) -> bool:
    position = 0
    for piece in pieces:
        position = line.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    return True


def _squeezed(line: str) -> str:
    return " ".join(line.split())
