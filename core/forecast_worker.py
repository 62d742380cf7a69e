"""Forecasts of battles, in a process of their own: many battles that nobody in the world waits for.

It is not the process that fights the world's own battles: those come first.
"""

from __future__ import annotations

import multiprocessing
import time
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from dataclasses import dataclass

from core.battle_worker import prepare_worker
from core.combat import BattleOrder, Forecast, Target, forecast_of

# Whoever asks then is told to come again.
FORECASTS_MAX = 4
# After so long a forecast begins no further battle; the largest one takes a second or two.
FORECAST_S_MAX = 3.0

WorkerLost = BrokenExecutor


class ForecastsBusy(Exception):
    """Too many forecasts are asked for at once, or there is no process to make them."""


@dataclass(frozen=True, slots=True)
class ForecastOrder:
    """A battle that is to be fought with some seeds, and what there is to be had."""

    order: BattleOrder
    seeds: tuple[int, ...]
    target: Target


class ForecastWorker:
    """One worker process, started with the first forecast. It belongs to one thread."""

    def __init__(self, limit_s: float = FORECAST_S_MAX) -> None:
        self._limit_s = limit_s
        self._pool: ProcessPoolExecutor | None = None
        self._open: list[Future[Forecast]] = []
        self.is_stopping = False

    def begin(self, wanted: ForecastOrder) -> Future[Forecast]:
        """Have a forecast made. Raise ForecastsBusy if that cannot be soon.

        The future ends with WorkerLost if the process was lost; the next one has a new process.
        """
        self._open = [forecast for forecast in self._open if not forecast.done()]
        if self.is_stopping or len(self._open) >= FORECASTS_MAX:
            raise ForecastsBusy
        try:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    1, mp_context=multiprocessing.get_context("spawn"), initializer=prepare_worker
                )
            forecast = self._pool.submit(make_forecast, wanted, self._limit_s)
        except (BrokenExecutor, OSError, RuntimeError):
            self._drop_pool()
            raise ForecastsBusy from None
        self._open.append(forecast)
        return forecast

    def begin_to_stop(self) -> None:
        """Refuse what comes, and cancel what has not begun yet."""
        self.is_stopping = True
        for forecast in self._open:
            forecast.cancel()

    def close(self) -> None:
        """End the process when what it has in hand is done."""
        self.begin_to_stop()
        self._drop_pool()

    def _drop_pool(self) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(cancel_futures=True)


def make_forecast(wanted: ForecastOrder, limit_s: float) -> Forecast:
    """Make a forecast of as many seeds as there is time for, one at least."""
    until = time.monotonic() + limit_s
    return forecast_of(wanted.order, wanted.seeds, wanted.target, lambda: time.monotonic() >= until)
