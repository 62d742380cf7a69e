"""Who is there is told now and then, and again if that failed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from core.api.attendance import Attendance
from core.api.problems import Problem, stopping
from core.rules import RULES

INTERVAL_S = RULES.protection.presence_s


class World:
    """Hears who is there, unless it has a problem."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.told: list[int] = []
        self.problem: Exception | None = None

    async def tell(self, player_id: int) -> None:
        self.told.append(player_id)
        if self.problem is not None:
            raise self.problem


async def hear(world: World, attendance: Attendance, count: int) -> None:
    """Let it tell until the world has heard of so many, and nothing is left to tell."""
    task = asyncio.create_task(attendance.tell_the_world())
    async with asyncio.timeout(20):
        while len(world.told) < count:
            await asyncio.sleep(0)
    for _ in range(5):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(world.told) == count


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def attendance(world: World) -> Attendance:
    now: Callable[[], float] = lambda: world.now_s  # noqa: E731 - it is read anew each time
    return Attendance(world.tell, now)


async def test_that_each_is_told_of_once_in_an_interval(
    world: World, attendance: Attendance
) -> None:
    for player_id in (1, 2, 1, 1, 2):
        attendance.see(player_id)
    await hear(world, attendance, 2)
    world.now_s += INTERVAL_S - 1
    attendance.see(1)
    attendance.see(3)
    await hear(world, attendance, 3)
    world.now_s += 1
    for player_id in (1, 2, 3):
        attendance.see(player_id)
    await hear(world, attendance, 5)
    assert world.told == [1, 2, 3, 1, 2]


@pytest.mark.parametrize("problem", [stopping(), RuntimeError("not today")])
async def test_that_a_failure_ends_nothing(
    world: World,
    attendance: Attendance,
    problem: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world.problem = problem
    attendance.see(1)
    attendance.see(2)
    await hear(world, attendance, 2)
    assert ("could not be noted" in caplog.text) == isinstance(problem, RuntimeError)
    caplog.clear()


@pytest.mark.parametrize(("status", "told"), [(503, 2), (409, 1)])
async def test_that_what_failed_for_now_is_told_when_somebody_is_next_seen(
    world: World, attendance: Attendance, status: int, told: int
) -> None:
    world.problem = Problem(status, "busy", "Not now.")
    attendance.see(1)
    await hear(world, attendance, 1)
    world.problem = None
    attendance.see(1)
    await hear(world, attendance, told)
