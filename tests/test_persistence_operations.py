"""The table of operations in PERSISTENCE.md, held against the code."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from core import sync
from core.models.database import Base
from core.persistence import accounts, answered_requests, bisecting, worlds

ROOT = Path(__file__).resolve().parents[1]
MODULES = {
    "accounts": accounts,
    "answered_requests": answered_requests,
    "bisecting": bisecting,
    "worlds": worlds,
}
NOTHING = "–"


def operations() -> dict[str, Any]:
    """Return the operations behind the door, by the name of the function that leads to them."""
    found = {}
    for node in ast.parse(inspect.getsource(sync)).body:
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for call in ast.walk(node):
            if (
                isinstance(call, ast.Attribute)
                and isinstance(call.value, ast.Name)
                and call.value.id in MODULES
                and inspect.iscoroutinefunction(getattr(MODULES[call.value.id], call.attr))
            ):
                found[node.name] = getattr(MODULES[call.value.id], call.attr)
    return found


def table() -> dict[str, list[str]]:
    """Return the rows of the table by operation: reads, writes, when, called by."""
    text = (ROOT / "PERSISTENCE.md").read_text(encoding="utf-8")
    begin = text.index("| operation | reads |")
    lines = text[begin : text.index("\n\n", begin)].splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {name.strip("`"): rest for name, *rest in cells}


def test_that_every_operation_is_listed_and_nothing_else() -> None:
    assert table().keys() == operations().keys()


@pytest.mark.parametrize("name", table())
def test_that_a_row_names_tables_that_exist_and_the_caller(name: str) -> None:
    reads, writes, when, caller = table()[name]
    for cell in (reads, writes):
        named = set() if cell == NOTHING else set(cell.split(", "))
        assert named <= Base.metadata.tables.keys()
    assert when
    source = (ROOT / caller.strip("`")).read_text(encoding="utf-8")
    assert re.search(rf"\b{name}\b", source)


@pytest.mark.parametrize("name", table())
def test_that_an_operation_that_writes_nothing_has_no_session_that_could(name: str) -> None:
    source = inspect.getsource(inspect.unwrap(operations()[name]))
    writes = table()[name][1]
    if writes == NOTHING:
        assert "ReadSession()" in source
        assert "SessionLocal" not in source
    elif name != "submit_save":  # which leaves the session to worlds.write_batch
        assert "SessionLocal()" in source
