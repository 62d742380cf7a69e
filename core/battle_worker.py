"""Battles that are fought in a process of their own, so that no tick waits for one.

Another thread would not do: each call of NumPy takes the interpreter's lock for a moment, thousands
of times a battle. The worker is started with the first battle and keeps nothing: a battle that is
lost with it is fought once more, and ends in the same way. To start it takes as long as a tick may,
so that is done on a thread, and so is handing battles over.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait

from core.battlefield import BattleUnderWay
from core.combat import BattleOrder, BattleReport, fight
from core.metrics import Metrics

log = logging.getLogger(__name__)

# What was prepared and never asked for is forgotten, the oldest first.
BATTLES_KEPT = 64
# So often in a row the worker may be lost; then the world has its battles fought on the spot.
LOSSES_BORNE = 2


class BattleWorker:
    """A Battlefield with one worker process. It is the simulation's, but for close()."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._wake: Callable[[], None] = lambda: None
        # The pool is its thread's alone.
        self._starter = ThreadPoolExecutor(1, "battles")
        self._pool: ProcessPoolExecutor | None = None
        self._closed = False
        self._losses = 0
        # In the order in which they were begun.
        self._battles: dict[BattleOrder, Future[BattleReport]] = {}

    @property
    def is_given_up(self) -> bool:
        """Whether the world has its battles fought on the spot, for the worker is lost for good."""
        return self._losses > LOSSES_BORNE

    def report_of(self, order: BattleOrder) -> BattleReport:
        if _is_walkover(order) or self._closed or self.is_given_up:
            return self._fight_here(order)
        battle = self._begin(order)
        if not battle.done():
            raise BattleUnderWay
        del self._battles[order]
        error = battle.exception()
        if isinstance(error, BrokenExecutor):
            self._lose_worker(error)
            return self.report_of(order)
        self._losses = 0
        if error is not None:
            # The worker is well, it is this battle. If it fails here, its arrival is set aside.
            log.error("a battle failed where battles are fought, and is fought here (%r)", error)
            return self._fight_here(order)
        self._metrics.battles.labels("worker").inc()
        return battle.result()

    def prepare(self, order: BattleOrder) -> None:
        if not (_is_walkover(order) or self._closed or self.is_given_up):
            self._begin(order)

    def tell(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def wait(self) -> None:
        wait([battle for battle in self._battles.values() if not battle.done()][:1])

    def close(self) -> None:
        """End the worker process when its battle is over; from then on all are fought here."""
        if not self._closed:
            self._closed = True
            self._starter.submit(self._drop_pool, wait=True)
        self._starter.shutdown()

    def _fight_here(self, order: BattleOrder) -> BattleReport:
        self._metrics.battles.labels("here").inc()
        return fight(order)

    def _begin(self, order: BattleOrder) -> Future[BattleReport]:
        known = self._battles.get(order)
        if known is not None:
            return known
        battle: Future[BattleReport] = Future()
        self._battles[order] = battle
        battle.add_done_callback(lambda _battle: self._wake())
        self._starter.submit(self._hand_over, order, battle)
        while len(self._battles) > BATTLES_KEPT:
            self._battles.pop(next(iter(self._battles))).cancel()
        return battle

    def _lose_worker(self, error: BaseException) -> None:
        self._losses += 1
        self._metrics.battle_workers_lost.inc()
        log.error("the process that fights battles is lost (%r)", error)
        if self.is_given_up:
            log.critical("it was lost %d times in a row; ticks wait for battles now", self._losses)
        # What it was to fight besides is begun anew when it is asked for.
        for battle in self._battles.values():
            battle.cancel()
        self._battles.clear()
        # This may be a tick, which does not wait for a process to end.
        self._starter.submit(self._drop_pool, wait=False)

    # The starter's thread ----------------------------------------------------------------------

    def _hand_over(self, order: BattleOrder, battle: Future[BattleReport]) -> None:
        """Have a battle fought, unless nobody wants it any more; its future ends in any case."""
        if battle.cancelled() or self._closed:
            battle.cancel()
            return
        try:
            fought = self._submit(order)
        except Exception as error:  # noqa: BLE001 - whoever asks for the report has it
            _end(battle, error)
            return
        battle.add_done_callback(lambda battle: fought.cancel() if battle.cancelled() else None)
        fought.add_done_callback(lambda fought: _pass_on(fought, battle))

    def _submit(self, order: BattleOrder) -> Future[BattleReport]:
        try:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    1, mp_context=multiprocessing.get_context("spawn"), initializer=prepare_worker
                )
            return self._pool.submit(fight, order)
        except (OSError, RuntimeError) as error:
            raise BrokenExecutor(str(error)) from error

    def _drop_pool(self, *, wait: bool) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=wait, cancel_futures=True)


def _pass_on(fought: Future[BattleReport], battle: Future[BattleReport]) -> None:
    if fought.cancelled():
        battle.cancel()
    elif (error := fought.exception()) is not None:
        _end(battle, error)
    elif battle.set_running_or_notify_cancel():
        battle.set_result(fought.result())


def _end(battle: Future[BattleReport], error: BaseException) -> None:
    if battle.set_running_or_notify_cancel():
        battle.set_exception(error)


def _is_walkover(order: BattleOrder) -> bool:
    """Return whether no shot is fired, so that the report costs next to nothing."""
    return not all(
        any(any(participant.counts) for participant in side)
        for side in (order.attackers, order.defenders)
    )


def prepare_worker() -> None:
    """Make a process one that fights battles: it gives way to the program and ends with it."""
    # Ctrl+C goes to everybody on the terminal; the program itself ends its worker.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Battles come after ticks where there are few processors.
    if hasattr(os, "nice"):
        os.nice(5)
    threading.Thread(target=_end_with_the_program, daemon=True).start()


def _end_with_the_program() -> None:
    """End when the program is gone: killed, it can end nobody, and a pool's worker would stay."""
    program = multiprocessing.parent_process()
    if program is not None:
        program.join()
        os._exit(0)
