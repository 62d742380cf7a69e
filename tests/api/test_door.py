"""The door to the simulation: what handlers are answered, and when they stop waiting."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import Any, cast

import pytest

from core.api.door import WorldDoor
from core.api.problems import CutOff, Problem
from core.commands import Accepted, Command, Rejected, StartBuilding, Unavailable
from core.delivery import Listener
from core.events import Event
from core.queries import Query, ReadSettings
from core.simulation import Simulation

ORDER = StartBuilding(1, "metal_mine")
MOMENT_S = 0.01


class SilentSimulation:
    """Takes orders and questions, and answers when a test says so."""

    def __init__(self) -> None:
        self.taken: list[tuple[Command | Query, Future[Any], Listener | None]] = []
        self.listeners: list[Listener] = []

    def submit(self, command: Command, listener: Listener | None) -> Future[Any]:
        return self.ask(command, listener)

    def ask(self, query: Command | Query, listener: Listener | None) -> Future[Any]:
        future: Future[Any] = Future()
        self.taken.append((query, future, listener))
        return future

    def add_listener(self, listener: Listener) -> None:
        self.listeners.append(listener)

    def remove_listener(self, listener: Listener) -> None:
        self.listeners.remove(listener)

    def claim(self) -> None:
        """Begin with what was asked last."""
        assert self.taken[-1][1].set_running_or_notify_cancel()

    def answer(self, value: Any) -> None:
        """Answer what was asked last, as the simulation does: through its listener."""
        _, future, listener = self.taken[-1]
        assert listener is not None
        listener.put_answer(future, value)
        listener.flush()


@pytest.fixture
def world() -> SilentSimulation:
    return SilentSimulation()


def opened(world: SilentSimulation, grace_s: float = 20.0) -> WorldDoor:
    door = WorldDoor(cast(Simulation, world), grace_s)
    door.open(lambda _event: None, lambda: None)
    return door


async def test_that_the_world_is_heard_between_opening_and_closing(
    world: SilentSimulation,
) -> None:
    heard: list[Event] = []
    door = WorldDoor(cast(Simulation, world), 20.0)
    door.open(heard.append, lambda: None)
    assert len(world.listeners) == 1
    door.close()
    door.close()
    assert world.listeners == []


async def test_that_an_order_returns_its_value_or_raises_its_refusal(
    world: SilentSimulation,
) -> None:
    door = opened(world)
    for outcome, status in (
        (Rejected("queue_full", "…"), 409),
        (Unavailable("storage_unavailable", "…", 5), 503),
    ):
        order = asyncio.create_task(door.order(ORDER))
        await asyncio.sleep(0)
        world.answer(outcome)
        with pytest.raises(Problem) as refusal:
            await order
        assert refusal.value.status == status
    order = asyncio.create_task(door.order(ORDER))
    await asyncio.sleep(0)
    world.answer(Accepted(7))
    assert await order == 7


async def test_that_an_order_nobody_has_taken_is_taken_back(world: SilentSimulation) -> None:
    with pytest.raises(Problem) as refusal:
        await opened(world, MOMENT_S).order(ORDER)
    assert (refusal.value.status, refusal.value.code) == (503, "busy")
    assert world.taken[0][1].cancelled()


async def test_that_an_order_that_waits_for_its_commit_is_said_to_be_pending(
    world: SilentSimulation,
) -> None:
    order = asyncio.create_task(opened(world, MOMENT_S).order(ORDER))
    await asyncio.sleep(0)
    world.claim()
    with pytest.raises(Problem) as refusal:
        await order
    assert (refusal.value.status, refusal.value.code) == (504, "commit_pending")
    world.answer(Accepted(7))  # nobody minds
    await asyncio.sleep(0)


async def test_that_who_goes_takes_back_what_was_not_begun(world: SilentSimulation) -> None:
    door = opened(world)
    for begun in (False, True):
        order = asyncio.create_task(door.order(ORDER))
        await asyncio.sleep(0)
        if begun:
            world.claim()
        order.cancel()
        await asyncio.wait((order,))
        assert world.taken[-1][1].cancelled() is not begun


async def test_that_an_order_in_hand_is_not_called_undone_when_it_is_cut_off(
    world: SilentSimulation,
) -> None:
    door = opened(world)
    order = asyncio.create_task(door.order(ORDER))
    await asyncio.sleep(0)
    world.claim()
    order.cancel()
    with pytest.raises(CutOff) as cut_off:
        await order
    assert cut_off.value.problem.code == "commit_pending"
    assert order.cancelled()


async def test_that_the_end_of_the_world_answers_everybody(world: SilentSimulation) -> None:
    question = asyncio.create_task(opened(world).ask(ReadSettings()))
    await asyncio.sleep(0)
    world.taken[0][1].cancel()
    with pytest.raises(Problem) as refusal:
        await question
    assert (refusal.value.status, refusal.value.code) == (503, "stopping")


async def test_that_a_question_may_be_answered_with_nothing(world: SilentSimulation) -> None:
    question = asyncio.create_task(opened(world).ask(ReadSettings()))
    await asyncio.sleep(0)
    world.answer(None)
    assert await question is None


async def test_that_a_question_nobody_answers_is_given_up(
    world: SilentSimulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.api.door._QUESTION_EXTRA_S", MOMENT_S)
    with pytest.raises(Problem) as refusal:
        await opened(world, 0.0).ask(ReadSettings())
    assert (refusal.value.status, refusal.value.code) == (503, "busy")
