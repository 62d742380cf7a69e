"""The QThread under the simulation."""

from __future__ import annotations

import asyncio
import threading

from core.metrics import Metrics
from core.simulation import Simulation
from desktop_app.tick_thread import TickThread
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import new_game


def new_simulation(clock: ManualClock) -> Simulation:
    return Simulation(
        new_game(clock, ManualStore(at_once=True)),
        clock,
        Metrics(tick_ring_capacity=100),
        tick_rate=10,
        save_interval_s=60,
        pending_max=100,
    )


async def test_that_it_runs_a_simulation_to_its_end() -> None:
    clock = ManualClock()
    simulation = new_simulation(clock)
    thread = TickThread(simulation)
    thread.start()
    simulation.ready.result(timeout=10)
    clock.tick(0.1, times=3)
    simulation.request_stop()
    await thread.ended()
    assert thread.error is None
    assert simulation.game.tick == 3
    assert simulation.finished.done()


async def test_that_an_error_of_ours_ends_the_thread_and_is_kept() -> None:
    clock = ManualClock()
    simulation = new_simulation(clock)

    def broken(*_: object, **__: object) -> None:
        raise ValueError("a bug")

    simulation.game.pump = broken  # type: ignore[method-assign]
    thread = TickThread(simulation)
    thread.start()
    await thread.ended()
    assert isinstance(thread.error, ValueError)


async def test_that_waiting_for_an_ended_thread_returns_at_once() -> None:
    clock = ManualClock()
    simulation = new_simulation(clock)
    simulation.request_stop()
    thread = TickThread(simulation)
    thread.start()
    await thread.ended()
    await thread.ended()
    assert threading.main_thread() is threading.current_thread()


class _EndsWhenAsked(TickThread):
    """Ends just when somebody who is about to wait looks whether it has."""

    def isFinished(self) -> bool:  # noqa: N802 - Qt's name
        self._simulation.request_stop()
        return self.wait()


async def test_that_who_comes_at_its_very_end_may_go_before_he_is_told() -> None:
    simulation = new_simulation(ManualClock())
    thread = _EndsWhenAsked(simulation)
    thread.start()
    simulation.ready.result(timeout=10)
    await thread.ended()
    # Now he is told. What had gone before was called all the same.
    await asyncio.sleep(0)
