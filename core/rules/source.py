"""A rules file as text and as data, and the line on which each of its entries stands."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from core.errors import RulesError

# Keys of tables and places in arrays, from the top of the file down.
KeyPath = tuple[str | int, ...]


class RulesSource:
    """What a rules file says, and how to say what is wrong with it."""

    def __init__(self, name: str, text: str) -> None:
        """Parse a file's text. Raise RulesError if it is no TOML; the parser says the line."""
        self.name = name
        self._text = text
        try:
            self.data: Mapping[str, Any] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise RulesError(f"{name} cannot be read: {error}") from error

    @classmethod
    def read(cls, path: Path) -> RulesSource:
        """Read a file. Raise RulesError if it cannot be read."""
        try:
            return cls(path.name, path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise RulesError(f"{path.name} cannot be read: {error}") from error

    @cached_property
    def lines(self) -> Mapping[KeyPath, int]:
        """The line of each entry, counted from 1; made only when something is wrong."""
        return _lines_of(self._text)

    def line_of(self, path: KeyPath) -> int | None:
        """Return the line of an entry, or of the nearest one around it that has a line."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path)

    def refusal(self, path: KeyPath, sentence: str) -> RulesError:
        """Return the error that says what is wrong with an entry, and on which line it is."""
        line = self.line_of(path)
        where = self.name if line is None else f"{self.name}, line {line}"
        return RulesError(f"{where}: {dotted(path)} {sentence}")


def dotted(path: KeyPath) -> str:
    """Return a path as people write it, places in arrays counted from 1: positions[3].fields."""
    text = ""
    for key in path:
        text += f"[{key + 1}]" if isinstance(key, int) else f".{key}"
    return text.removeprefix(".")


@dataclass(slots=True)
class _Lines:
    """The lines of entries, found so far from the top of the file down."""

    found: dict[KeyPath, int] = field(default_factory=dict)

    def note(self, path: KeyPath, value: Any, line: int) -> None:
        """Note an entry and everything in it that has no line of its own yet."""
        if path:
            self.found.setdefault(path, line)
        for key, inner in _items(value):
            self.note((*path, key), inner, line)


def _lines_of(text: str) -> dict[KeyPath, int]:
    """Return the line of each entry of a text that is known to be TOML.

    The parser itself decides where a statement ends: it ends with the first line with which its
    text can be parsed.
    """
    lines = _Lines()
    table: KeyPath = ()
    array_lengths: dict[KeyPath, int] = {}
    for first, statement in _statements(text.split("\n")):
        header = statement[0].lstrip()
        if header.startswith("["):
            table = _table_named(header, array_lengths)
            for depth in range(1, len(table) + 1):
                lines.note(table[:depth], None, first)
            continue
        # A value over many lines is noted as far as it goes with each of them; what only a later
        # line completes begins after what was complete before.
        complete = 0
        for count in range(1, len(statement) + 1):
            value = _parsed(statement[:count], closed_by=("", "\n]"))
            if value is not None:
                lines.note(table, value, first + complete)
                complete = count
    return lines.found


def _statements(lines: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield each statement's first line number and its lines."""
    statement: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not statement and (not line.strip() or line.lstrip().startswith("#")):
            continue
        statement.append(line)
        if _parsed(statement) is not None:
            yield number - len(statement) + 1, statement
            statement = []


def _parsed(lines: Sequence[str], closed_by: Sequence[str] = ("",)) -> dict[str, Any] | None:
    """Return what lines say, ended in the first way that makes them TOML."""
    for end in closed_by:
        try:
            return tomllib.loads("\n".join(lines) + end)
        except tomllib.TOMLDecodeError:
            continue
    return None


def _table_named(header: str, array_lengths: dict[KeyPath, int]) -> KeyPath:
    """Return the path of the table that a header opens; [[…]] opens the next one of an array."""
    value: Any = tomllib.loads(header)
    path: KeyPath = ()
    while value:
        value = value[0] if isinstance(value, list) else value
        if not value:
            break
        key, value = next(iter(value.items()))
        path = (*path, key)
        innermost = value in ({}, [{}])
        if header.startswith("[[") and innermost:
            array_lengths[path] = array_lengths.get(path, 0) + 1
        if path in array_lengths:
            path = (*path, array_lengths[path] - 1)
    return path


def _items(value: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)
