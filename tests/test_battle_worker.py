"""Battles in a process of their own: real ones, and such that are lost."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from core import battle_worker
from core.battle_worker import BATTLES_KEPT, LOSSES_BORNE, BattleWorker
from core.battlefield import BattleUnderWay
from core.combat import BattleOrder, BattleReport, fight
from core.metrics import Metrics
from tests.combat.armies import order_of
from tests.end_to_end.program import wait_until
from tests.processes import has_ended

TIMEOUT_S = 30.0


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(tick_ring_capacity=10, save_ring_capacity=10)


@pytest.fixture
def worker(metrics: Metrics) -> Iterator[BattleWorker]:
    worker = BattleWorker(metrics)
    yield worker
    worker.close()


def battle(seed: int) -> BattleOrder:
    order = order_of({"light_fighter": 20}, {"rocket_launcher": 30})
    return dataclasses.replace(order, seed=seed)


def report_of(worker: BattleWorker, order: BattleOrder) -> BattleReport:
    """Ask for a report until it is there."""
    come = threading.Event()
    worker.tell(come.set)
    while True:
        come.clear()
        try:
            return worker.report_of(order)
        except BattleUnderWay:
            assert come.wait(TIMEOUT_S)


def fought(metrics: Metrics) -> dict[str, float]:
    (family,) = metrics.battles.collect()
    return {
        sample.labels["where"]: sample.value
        for sample in family.samples
        if sample.name.endswith("_total")
    }


def processes_of(worker: BattleWorker) -> list[int]:
    assert worker._pool is not None
    return [process.pid for process in worker._pool._processes.values() if process.pid]


def test_that_the_worker_comes_to_the_same_report(worker: BattleWorker, metrics: Metrics) -> None:
    for seed in range(3):
        assert report_of(worker, battle(seed)) == fight(battle(seed))
    assert fought(metrics) == {"worker": 3}


def test_that_what_was_prepared_is_there_when_it_is_asked_for(worker: BattleWorker) -> None:
    worker.prepare(battle(1))
    worker.wait()
    assert worker.report_of(battle(1)) == fight(battle(1))


def test_that_a_battle_without_a_shot_needs_no_process(
    worker: BattleWorker, metrics: Metrics
) -> None:
    nobody_there = order_of({"light_fighter": 20}, {})
    worker.prepare(nobody_there)
    assert worker.report_of(nobody_there) == fight(nobody_there)
    assert worker._pool is None
    assert fought(metrics) == {"here": 1}


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_that_a_battle_lost_with_its_process_is_fought_again(
    worker: BattleWorker, metrics: Metrics
) -> None:
    report_of(worker, battle(1))
    for pid in processes_of(worker):
        os.kill(pid, signal.SIGKILL)
    assert report_of(worker, battle(2)) == fight(battle(2))
    assert metrics.battle_workers_lost._value.get() == 1
    assert fought(metrics) == {"worker": 2}


class _BrokenPool:
    def __init__(self, *_: Any, **__: Any) -> None:
        pass

    def submit(self, *_: Any) -> Future[BattleReport]:
        raise OSError("no more processes")

    def shutdown(self, **_: Any) -> None:
        pass


def test_that_a_computer_that_gives_no_process_has_its_battles_fought_here(
    worker: BattleWorker, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(battle_worker, "ProcessPoolExecutor", _BrokenPool)
    assert report_of(worker, battle(1)) == fight(battle(1))
    assert worker.is_given_up
    assert metrics.battle_workers_lost._value.get() == LOSSES_BORNE + 1
    assert worker.report_of(battle(2)) == fight(battle(2))
    assert metrics.battle_workers_lost._value.get() == LOSSES_BORNE + 1
    assert fought(metrics) == {"here": 2}


class _SlowPool(_BrokenPool):
    """A pool that takes its time to start."""

    may_start = threading.Event()

    def __init__(self, *_: Any, **__: Any) -> None:
        assert self.may_start.wait(TIMEOUT_S)

    def submit(self, *_: Any) -> Future[BattleReport]:
        ended: Future[BattleReport] = Future()
        ended.set_result(fight(battle(1)))
        return ended


def test_that_nobody_waits_for_the_process_to_start(
    worker: BattleWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(battle_worker, "ProcessPoolExecutor", _SlowPool)
    beginning = threading.Thread(target=worker.prepare, args=(battle(1),))
    beginning.start()
    beginning.join(5.0)
    waits = beginning.is_alive()
    _SlowPool.may_start.set()
    beginning.join()
    assert not waits
    assert report_of(worker, battle(1)) == fight(battle(1))


def test_that_a_battle_that_fails_costs_no_worker(worker: BattleWorker, metrics: Metrics) -> None:
    """It fails wherever it is fought, so the others go on where they do."""
    impossible = dataclasses.replace(battle(1), seed=0.5)  # type: ignore[arg-type]
    for _ in range(LOSSES_BORNE + 1):
        with pytest.raises(TypeError):
            report_of(worker, impossible)
    assert report_of(worker, battle(2)) == fight(battle(2))
    assert metrics.battle_workers_lost._value.get() == 0
    assert fought(metrics) == {"here": LOSSES_BORNE + 1, "worker": 1}


class _SilentPool(_BrokenPool):
    def submit(self, *_: Any) -> Future[BattleReport]:
        return Future()


def test_that_what_nobody_asks_for_is_forgotten(
    worker: BattleWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(battle_worker, "ProcessPoolExecutor", _SilentPool)
    for seed in range(BATTLES_KEPT + 10):
        worker.prepare(battle(seed))
    assert len(worker._battles) == BATTLES_KEPT
    assert battle(0) not in worker._battles


def test_that_a_closed_one_fights_here(worker: BattleWorker, metrics: Metrics) -> None:
    report_of(worker, battle(1))
    worker.close()
    assert worker.report_of(battle(2)) == fight(battle(2))
    assert fought(metrics) == {"worker": 1, "here": 1}


KILLED = """
import sys
from core.battle_worker import BattleWorker
from core.metrics import Metrics
from tests.test_battle_worker import battle, processes_of, report_of

if __name__ == "__main__":
    worker = BattleWorker(Metrics(tick_ring_capacity=10, save_ring_capacity=10))
    report_of(worker, battle(1))
    print(*processes_of(worker), flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_that_the_process_ends_with_a_program_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        (pid,) = map(int, program.stdout.readline().split())
        program.kill()
    wait_until("the worker has ended", lambda: has_ended(pid))
