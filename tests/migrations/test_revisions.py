"""Every revision can be taken back, or says why it cannot."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from alembic.script import Script, ScriptDirectory

from core.migrate import alembic_config

REVISIONS = list(ScriptDirectory.from_config(alembic_config()).walk_revisions())


@pytest.mark.parametrize("script", REVISIONS, ids=lambda script: script.revision)
def test_that_every_revision_has_a_downgrade_or_says_why_not(script: Script) -> None:
    assert says_how_it_is_taken_back(Path(script.path).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("pass", False),
        ("...", False),
        ("'''Nothing to do.'''", False),
        ("raise NotImplementedError", False),
        ("raise NotImplementedError('')", False),
        ("raise NotImplementedError('what was merged cannot be told apart again')", True),
        ("op.drop_table('planets')", True),
    ],
)
def test_that_an_empty_downgrade_would_be_noticed(body: str, expected: bool) -> None:
    assert says_how_it_is_taken_back(f"def downgrade() -> None:\n    {body}\n") is expected


def says_how_it_is_taken_back(source: str) -> bool:
    """Return whether a revision's downgrade does something, or raises with a reason."""
    (downgrade,) = (
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef) and node.name == "downgrade"
    )
    steps = [node for node in downgrade.body if not _does_nothing(node)]
    return bool(steps) and all(_gives_a_reason(n) for n in steps if isinstance(n, ast.Raise))


def _does_nothing(node: ast.stmt) -> bool:
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Pass) or is_constant


def _gives_a_reason(node: ast.Raise) -> bool:
    if not isinstance(node.exc, ast.Call) or not node.exc.args:
        return False
    reason = node.exc.args[0]
    return isinstance(reason, ast.Constant) and bool(reason.value)
