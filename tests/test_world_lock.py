"""One process per world, held by the operating system."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.errors import WorldInUseError
from core.world_lock import WorldLock

HOLDER = """
import sys
from pathlib import Path
from core.world_lock import WorldLock
lock = WorldLock(Path(sys.argv[1]))
lock.acquire()
print("held", flush=True)
sys.stdin.read()
"""
ROOT = Path(__file__).parent.parent


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "world.lock"


@contextmanager
def other_holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock until it is killed."""
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_that_a_second_holder_is_refused_and_told_which_world(path: Path) -> None:
    lock, second = WorldLock(path), WorldLock(path)
    lock.acquire()
    try:
        with pytest.raises(WorldInUseError, match=str(path.parent)):
            second.acquire()
        assert lock.held
        assert not second.held
        # Who is refused leaves the holder's mark alone.
        assert path.read_text() == str(os.getpid())
    finally:
        lock.release()


def test_that_a_world_is_free_after_its_release(path: Path) -> None:
    lock, next_one = WorldLock(path), WorldLock(path)
    lock.acquire()
    lock.release()
    assert not lock.held
    next_one.acquire()
    assert next_one.held
    next_one.release()


def test_that_releasing_what_is_not_held_is_no_error(path: Path) -> None:
    lock = WorldLock(path)
    lock.release()
    assert not path.exists()


def test_that_a_lock_is_refused_to_another_process_and_gone_with_a_killed_one(path: Path) -> None:
    lock = WorldLock(path)
    with other_holder(path) as process:
        assert path.read_text() == str(process.pid)
        with pytest.raises(WorldInUseError):
            lock.acquire()
        process.kill()
        process.wait()
        lock.acquire()
        assert path.read_text() == str(os.getpid())
        lock.release()


def test_that_two_worlds_are_locked_each_for_itself(tmp_path: Path) -> None:
    locks = [WorldLock(tmp_path / name / "world.lock") for name in ("here", "there")]
    for lock in locks:
        lock.acquire()
    assert all(lock.held for lock in locks)
    for lock in locks:
        lock.release()
