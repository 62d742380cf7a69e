"""The real clocks: world time that nobody can set, and waiting that somebody can end."""

from __future__ import annotations

import threading
import time

import pytest

from core.clock import SystemClock
from tests.manual_clock import TIMEOUT_S

WALL = 1_800_000_000.0


@pytest.fixture
def wall_clock(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let the computer's wall clock stand at WALL; return what steps it."""
    monkeypatch.setattr(time, "time", lambda: WALL)
    return monkeypatch


def test_that_world_time_starts_from_the_wall_clock(wall_clock: pytest.MonkeyPatch) -> None:
    clock = SystemClock()
    assert WALL <= clock.now() < WALL + TIMEOUT_S
    assert clock.behind_by_s == 0


def test_that_world_time_goes_on_and_never_backwards() -> None:
    clock = SystemClock()
    times = [clock.now() for _ in range(10_000)]
    assert times == sorted(times)
    assert times[0] < times[-1]


@pytest.mark.parametrize("step_s", [-86_400.0, 86_400.0])
def test_that_a_step_of_the_wall_clock_does_not_move_world_time(
    wall_clock: pytest.MonkeyPatch, step_s: float
) -> None:
    clock = SystemClock()
    before = clock.now()
    wall_clock.setattr(time, "time", lambda: WALL + step_s)
    assert before <= clock.now() < before + TIMEOUT_S


def test_that_a_world_never_goes_back_behind_what_is_durable(
    wall_clock: pytest.MonkeyPatch,
) -> None:
    clock = SystemClock(not_before=WALL + 250)
    assert clock.behind_by_s == 250
    assert WALL + 250 <= clock.now() < WALL + 250 + TIMEOUT_S


def test_that_a_world_that_was_off_catches_up_with_the_wall_clock(
    wall_clock: pytest.MonkeyPatch,
) -> None:
    clock = SystemClock(not_before=WALL - 250)
    assert clock.behind_by_s == 0
    assert WALL <= clock.now() < WALL + TIMEOUT_S


def test_that_a_wake_ends_waiting() -> None:
    clock = SystemClock()
    wake = clock.wake()
    until = clock.monotonic() + 10 * TIMEOUT_S
    about_to_wait = threading.Event()

    def wait() -> None:
        about_to_wait.set()
        wake.wait(until)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    assert about_to_wait.wait(TIMEOUT_S)
    wake.set()
    thread.join(TIMEOUT_S)
    assert not thread.is_alive()


def test_that_a_wake_that_was_set_before_waiting_returns_at_once() -> None:
    clock = SystemClock()
    wake = clock.wake()
    wake.set()
    until = clock.monotonic() + TIMEOUT_S
    wake.wait(until)
    assert clock.monotonic() < until


def test_that_a_wake_that_was_cleared_waits_until_its_deadline() -> None:
    clock = SystemClock()
    wake = clock.wake()
    wake.set()
    wake.clear()
    until = clock.monotonic() + 0.01
    wake.wait(until)
    assert clock.monotonic() >= until


def test_that_nobody_waits_for_a_deadline_that_is_past() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    clock.wake().wait(before - TIMEOUT_S)
    assert clock.monotonic() < before + TIMEOUT_S
