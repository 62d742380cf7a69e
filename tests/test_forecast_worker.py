"""Forecasts in a process of their own: bounded in number and in time, and never the only one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Future

import pytest

from core.combat import Forecast, Target, forecast_of
from core.forecast_worker import (
    FORECASTS_MAX,
    ForecastOrder,
    ForecastsBusy,
    ForecastWorker,
    make_forecast,
)
from tests.combat.armies import NAMES, order_of

TIMEOUT_S = 30.0
NOTHING = Target((0, 0, 0), 50, ((0,) * len(NAMES),))
WANTED = ForecastOrder(
    order_of({"light_fighter": 20}, {"rocket_launcher": 30}), tuple(range(5)), NOTHING
)


@pytest.fixture
def worker() -> Iterator[ForecastWorker]:
    worker = ForecastWorker()
    yield worker
    worker.close()


def test_that_a_forecast_is_the_same_as_one_that_is_made_here(worker: ForecastWorker) -> None:
    made = worker.begin(WANTED).result(TIMEOUT_S)
    assert made == forecast_of(WANTED.order, WANTED.seeds, NOTHING)
    assert made.runs == 5


def test_that_time_runs_out_after_one_battle_at_the_earliest() -> None:
    assert make_forecast(WANTED, 0.0).runs == 1
    assert make_forecast(WANTED, 1_000.0).runs == 5


def test_that_only_so_many_are_made_at_once(worker: ForecastWorker) -> None:
    open_ones: list[Future[Forecast]] = [Future() for _ in range(FORECASTS_MAX)]
    worker._open = [*open_ones]
    with pytest.raises(ForecastsBusy):
        worker.begin(WANTED)
    open_ones[0].cancel()
    assert worker.begin(WANTED).result(TIMEOUT_S).runs == 5


def test_that_a_process_that_was_lost_is_started_anew(worker: ForecastWorker) -> None:
    worker.begin(WANTED).result(TIMEOUT_S)
    assert worker._pool is not None
    (process,) = worker._pool._processes
    lost = worker._pool.submit(os.kill, process, signal.SIGKILL)
    assert isinstance(lost.exception(TIMEOUT_S), BrokenExecutor)
    with pytest.raises(ForecastsBusy):
        worker.begin(WANTED)
    assert worker.begin(WANTED).result(TIMEOUT_S).runs == 5


def test_that_a_stop_refuses_what_comes_and_cancels_what_waits(worker: ForecastWorker) -> None:
    waiting: Future[Forecast] = Future()
    worker._open = [waiting]
    worker.begin_to_stop()
    assert waiting.cancelled()
    with pytest.raises(ForecastsBusy):
        worker.begin(WANTED)
