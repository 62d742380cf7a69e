"""Verifying in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from core import verification
from core.errors import BackupError
from core.verification import verify

SLEEPER = """
import os, pathlib, time
pathlib.Path({path!r}).write_text(str(os.getpid()))
time.sleep(60)
"""


def program(script: str) -> tuple[str, ...]:
    return (sys.executable, "-c", script)


async def verified(script: str, tmp_path: Path) -> tuple[str, ...]:
    return await verify(program(script), tmp_path / "copy.db", tmp_path)


async def test_that_findings_come_back(tmp_path: Path) -> None:
    sound = """print('{"findings": []}')"""
    assert await verified(sound, tmp_path) == ()
    broken = """import sys; print('{"findings": ["a row is missing"]}'); sys.exit(1)"""
    assert await verified(broken, tmp_path) == ("a row is missing",)


async def test_that_it_gives_way_to_everything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checks_that_take_their_turn: int
) -> None:
    monkeypatch.setattr(verification, "_LOWEST_PRIORITY", checks_that_take_their_turn)
    script = """
import json, os, time
while (nice := os.getpriority(os.PRIO_PROCESS, 0)) <= 0:
    time.sleep(0.001)
print(json.dumps({"findings": [str(nice)]}))
"""
    assert await verified(script, tmp_path) == ("19",)


async def test_that_a_check_that_breaks_is_no_verdict(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="out of memory"):
        await verified("import sys; print('out of memory', file=sys.stderr); sys.exit(2)", tmp_path)
    with pytest.raises(BackupError, match="could not be looked at"):
        await verify(("/no/such/program",), tmp_path / "copy.db", tmp_path)


async def test_that_a_check_nobody_wants_any_more_is_ended_at_once(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    waiting = asyncio.ensure_future(verified(SLEEPER.format(path=str(path)), tmp_path))
    while not (path.exists() and path.read_text()):
        await asyncio.sleep(0.01)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    with pytest.raises(ProcessLookupError):
        os.kill(int(path.read_text()), 0)
