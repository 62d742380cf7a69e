"""Paces the world on whatever thread runs it: an inbox, deadlines, and answers that go out.

`run()` is a plain loop. It sleeps until the next tick or until somebody wakes it: with a command,
a query, the outcome of a save, or the request to stop.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any

from core.bots.driver import BotDriver
from core.bots.strength import Bot
from core.clock import Clock
from core.commands import Accepted, Command, ExcuseAbsence, Outcome, Unavailable
from core.components import PLANET, PLAYER
from core.delivery import AnswerFuture, Listener
from core.ecs import Aggregate
from core.errors import StorageError
from core.events import Event
from core.game import GameWorld, WorldHeldError
from core.metrics import Metrics
from core.presence import STANDSTILL_S_EXCUSED
from core.quarantine import SET_ASIDE
from core.queries import PlanetReport, PlayerPlanets, Query, StocksOfPlanets
from core.save_batch import SaveReason, SaveResult

log = logging.getLogger(__name__)

COMMANDS_PER_PASS = 200
SECONDS_PER_PASS = 0.002
# The last part of a tick's period, in which no slice is captured any more, for the tick would start
# late by what is left of it. It is three times what a slice is meant to take.
QUIET_SHARE = 0.3
STATUS_INTERVAL_S = 1.0
# Between two lines in the log while the world catches up.
WORD_INTERVAL_S = 5.0
# How long a stop waits for a battle that orders wait for; the largest take a second or two.
BATTLE_PATIENCE_S = 10.0
# What is counted as failed when battles are fought on ticks.
BATTLES = "battle worker"

BUSY = Unavailable("busy", "The world has more orders than it can take now; nothing was done.", 1)
STORAGE_UNAVAILABLE = Unavailable(
    "storage_unavailable", "The world cannot be saved at the moment; nothing was done.", 5
)
STOPPING = Unavailable("stopping", "The world is being stopped; nothing was done.", 30)
# Its outcome is open: what is repeated without the same key may be done twice.
NOT_SAVED = Unavailable(
    "commit_pending",
    "It was done, but the world was stopped before it was known to be saved; look before you"
    " repeat it.",
    30,
)


@dataclass(frozen=True, slots=True)
class Status:
    """How the simulation is doing; replaced as a whole, read from any thread."""

    running: bool = False
    tick: int = 0
    world_time: float = 0.0
    players: int = 0
    planets: int = 0
    entities: int = 0
    at_risk: int = 0
    unsaved: int = 0
    oldest_unsaved_s: float = 0.0
    inbox: int = 0
    waiting_for_commit: int = 0
    due_soon: int = 0
    set_aside: int = 0
    violations: int = 0
    # Changes that the database refuses, until the host decides.
    quarantined: int = 0
    stalled: bool = False
    last_error: str | None = None
    durable_tick: int = 0
    durable_until: float = 0.0
    # On the monotonic clock, seconds.
    last_commit_at: float | None = None
    last_tick_at: float | None = None
    last_tick_s: float = 0.0
    last_lateness_s: float = 0.0


@dataclass(slots=True)
class _Entry:
    """Something in the inbox."""

    item: Command | Query
    is_command: bool
    future: AnswerFuture
    listener: Listener | None
    # From then on nobody can withdraw it.
    begun: bool = False


@dataclass(slots=True)
class _HeldAnswer:
    """An answer that goes out when what it shows is committed."""

    simulation: Simulation
    entry: _Entry
    value: Any
    is_promise: bool

    def release(self, *, kept: bool) -> None:
        if isinstance(self.value, PlanetReport | PlayerPlanets | StocksOfPlanets):
            self.value = replace(self.value, kept=kept)
        self.simulation.resolve(self.entry, self.value)

    def abandon(self) -> None:
        if self.is_promise:
            self.simulation.resolve(self.entry, NOT_SAVED)
        else:
            self.release(kept=False)

    def refuse(self) -> None:
        self.simulation.resolve(self.entry, SET_ASIDE)


@dataclass(slots=True)
class _HeldEvent:
    simulation: Simulation
    event: Event
    is_promise: bool = False

    def release(self, *, kept: bool) -> None:
        self.simulation.publish(self.event)

    def abandon(self) -> None:
        log.debug("%s was not published: it is not saved", self.event)

    def refuse(self) -> None:
        self.release(kept=False)


@dataclass(slots=True)
class Opening:
    """What happens between loading and the first tick: orders, and who wants to see progress."""

    commands: Sequence[Command] = ()
    progress: Callable[[int, int], None] = field(default=lambda applied, left: None)


class Simulation:
    """The loop that owns a GameWorld while it runs, and the door for everybody else."""

    def __init__(
        self,
        game: GameWorld,
        clock: Clock,
        metrics: Metrics,
        *,
        tick_rate: float,
        save_interval_s: float,
        pending_max: int,
        final_save_timeout_s: float = 60.0,
        opening: Opening | None = None,
        bots: Sequence[Bot] = (),
    ) -> None:
        self.game = game
        self.bots = BotDriver(game, bots, clock.monotonic)
        self.tick_rate = tick_rate
        self.period_s = 1.0 / tick_rate
        self.status = Status()
        # Done when the world has caught up and the opening orders are carried out.
        self.ready: Future[None] = Future()
        # Done when everything is saved and run() is about to return.
        self.finished: Future[SaveResult] = Future()
        self._clock = clock
        self._metrics = metrics
        self._save_interval_s = save_interval_s
        self._pending_max = pending_max
        self._final_save_timeout_s = final_save_timeout_s
        self._opening = opening or Opening()
        self._wake = clock.wake()
        self._inbox: deque[_Entry] = deque()
        self._door = threading.Lock()
        # Commands (True) and queries (False) that are not answered yet. Each have their own limit:
        # commands that wait for a commit must not keep anybody from looking.
        self._pending = {True: 0, False: 0}
        self._closed = False
        self._stop_requested = False
        self._listeners: list[Listener] = []
        self._next_tick = 0.0
        self._next_save = 0.0
        self._next_status = 0.0
        self._next_word = 0.0
        # In world time: when the loop has last gone round, and what of its standstills is not
        # excused yet.
        self._last_round_at = 0.0
        self._unexcused_s = 0.0
        self._commands_s = 0.0
        self._coalesced = 0
        game.on_event = self._on_event

    # Any thread --------------------------------------------------------------------------------

    def submit(self, command: Command, listener: Listener | None = None) -> Future[Outcome]:
        """Ask for a command; the outcome of one that changes the world comes after its commit.

        With a listener the future is completed on that listener's loop.
        """
        future: Future[Outcome] = Future()
        refusal = self._enter(_Entry(command, True, future, listener))
        if refusal is not None:
            future.set_result(refusal)
        return future

    def ask(self, query: Query, listener: Listener | None = None) -> AnswerFuture:
        """Ask a question; the answer may be an Unavailable."""
        future: AnswerFuture = Future()
        refusal = self._enter(_Entry(query, False, future, listener))
        if refusal is not None:
            future.set_result(refusal)
        return future

    def _enter(self, entry: _Entry) -> Unavailable | None:
        with self._door:
            if self._closed:
                return STOPPING
            if self._pending[entry.is_command] >= self._pending_max:
                return BUSY
            if entry.is_command and self.game.writer.stalled:
                return STORAGE_UNAVAILABLE
            self._pending[entry.is_command] += 1
            self._inbox.append(entry)
        self._wake.set()
        return None

    def add_listener(self, listener: Listener) -> None:
        with self._door:
            self._listeners = [*self._listeners, listener]

    def remove_listener(self, listener: Listener) -> None:
        with self._door:
            self._listeners = [known for known in self._listeners if known is not listener]

    def request_stop(self) -> None:
        """Refuse new commands from now on; carry out, save and answer what was taken; end."""
        with self._door:
            self._closed = True
        self._stop_requested = True
        self._wake.set()

    def abandon(self) -> None:
        """End at once, with a final save only if that is made without waiting."""
        self._final_save_timeout_s = 0.0
        self.request_stop()

    @property
    def pending_count(self) -> int:
        """How many commands and queries are not answered yet."""
        return sum(self._pending.values())

    # The simulation thread ---------------------------------------------------------------------

    def run(self) -> None:
        """Own the world until a stop is requested. Raises only what is our own fault."""
        self.game.attach(self._wake.set)
        try:
            self._open()
            self._loop()
            self._finish()
        except BaseException as error:
            if not self.ready.done():
                self.ready.set_exception(error)
            raise
        finally:
            self._refuse_everybody()
            self.status = replace(self.status, running=False)
            self.game.state.battles.close()
            self.game.detach()

    def _open(self) -> None:
        """Catch up on the time the world was not running, then carry out the opening orders."""
        self._next_word = self._clock.monotonic() + WORD_INTERVAL_S
        left_off_at = self.game.time
        applied = self.game.catch_up(
            self._clock.now(), self._note_catching_up, lambda: self._stop_requested
        )
        self.game.writer.count_grace_from_now()
        if applied:
            log.info("caught up on %d events", applied)
        if self._stop_requested:
            self._excuse_what_was_caught_up(left_off_at)
        # A command applies all that is due first: after a stop that is left to the next start.
        for command in () if self._stop_requested else self._opening.commands:
            outcome = self._execute_at_opening(command)
            if not isinstance(outcome, Accepted):
                log.warning("%s was refused: %s", type(command).__name__, outcome.detail)
        self.bots.begin(max(self._clock.now(), self.game.time))
        self._last_round_at = self._clock.now()
        now = self._clock.monotonic()
        self._next_tick = now + self.period_s
        self._next_save = now + self._save_interval_s
        self._next_status = now
        self._note_status(now)
        self.ready.set_result(None)

    def _excuse_what_was_caught_up(self, left_off_at: float) -> None:
        """Excuse absence for the part of the time off that the next start does not know of."""
        if any(isinstance(command, ExcuseAbsence) for command in self._opening.commands):
            excuse = ExcuseAbsence(self.game.time - left_off_at)
            self.game.execute_before_what_is_due(excuse)

    def _note_catching_up(self, applied: int, left: int) -> None:
        self._opening.progress(applied, left)
        now = self._clock.monotonic()
        if now >= self._next_word:
            self._next_word = now + WORD_INTERVAL_S
            log.info("catching up: %d events applied, %d are due", applied, left)

    def _execute_at_opening(self, command: Command) -> Outcome:
        while True:
            try:
                return self.game.execute(command).outcome
            except WorldHeldError:
                self.game.state.battles.wait()

    def _loop(self) -> None:
        while not self._stop_requested:
            self._wake.clear()
            self.game.take_requests()
            self.game.writer.take_completions()
            # Before anybody can ask who is absent.
            if self._excuse_standstill():
                self._take_inbox()
            ticked = self._clock.monotonic() >= self._next_tick
            if ticked:
                self._tick()
            else:
                if self.game.held and not self._inbox:
                    # A battle has ended, perhaps, and the next one need not wait for a tick.
                    # Whoever is in the inbox has tried that already.
                    self._go_on()
                self.game.pump(
                    after_tick=False,
                    tick_period_s=self.period_s,
                    slices=self._has_time_before_tick(),
                )
            self._flush()
            idle = not self._inbox or self.game.held
            if idle and not self._stop_requested:
                self._wake.wait(self._wait_until())

    def _excuse_standstill(self) -> bool:
        """Excuse everybody for a time in which the computer slept, as for one without the program.

        Return False if the world must come to the present first, and has to wait.
        """
        now = self._clock.now()
        stood_still_s, self._last_round_at = now - self._last_round_at, now
        if stood_still_s >= STANDSTILL_S_EXCUSED:
            log.info("the world has stood still for %.1f hours", stood_still_s / 3600)
            self._unexcused_s += stood_still_s
        if self._unexcused_s:
            try:
                outcome = self.game.execute(ExcuseAbsence(self._unexcused_s)).outcome
            except WorldHeldError:
                return False
            self._unexcused_s = 0.0
            if not isinstance(outcome, Accepted):
                log.warning("nobody's absence is excused: %s", outcome.detail)
        return True

    def _go_on(self) -> None:
        """Let a world that was held go as far as it can, and see to what it will wait for next."""
        self.game.advance(max(self._clock.now(), self.game.time))
        self.game.look_ahead()

    def _has_time_before_tick(self) -> bool:
        return self._next_tick - self._clock.monotonic() >= QUIET_SHARE * self.period_s

    def _wait_until(self) -> float:
        retry_at = self.game.writer.retry_at
        return self._next_tick if retry_at is None else min(self._next_tick, retry_at)

    def _take_inbox(self) -> None:
        """Carry out what was asked, no more than a pass may take."""
        if not self._inbox:
            return
        start = self._clock.monotonic()
        for _ in range(COMMANDS_PER_PASS):
            if not self._inbox or not self._answer_next():
                break
            if self._clock.monotonic() - start > SECONDS_PER_PASS:
                break
        self._commands_s += self._clock.monotonic() - start

    def _answer_next(self) -> bool:
        """Answer what came first; return False if it stays in the inbox, for the world is held."""
        entry = self._inbox.popleft()
        try:
            self._answer(entry)
        except WorldHeldError:
            self._inbox.appendleft(entry)
            return False
        return True

    def _answer(self, entry: _Entry) -> None:
        # As long as the world is held an order has not begun, and whoever gives up takes it back.
        at = self.game.reach_next_instant() if entry.is_command else 0.0
        if not entry.begun and not entry.future.set_running_or_notify_cancel():
            self._leave(entry)
            return
        entry.begun = True
        value: Any
        shown: frozenset[Aggregate]
        if entry.is_command:
            executed = self.game.execute_at(at, entry.item)  # type: ignore[arg-type]
            value, shown = executed.outcome, executed.shown
            if executed.changed:
                held = _HeldAnswer(self, entry, value, is_promise=True)
                self.game.writer.hold(held, executed.changes)
                return
        else:
            try:
                value, shown = self.game.ask(entry.item)  # type: ignore[arg-type]
            except WorldHeldError:
                raise
            except Exception:
                log.exception("%s could not be answered", type(entry.item).__name__)
                value, shown = Unavailable("failed", "This cannot be answered.", 5), frozenset()
        # To accept what is so already is a promise, too: that it is so on disk.
        is_promise = entry.is_command and isinstance(value, Accepted)
        held = _HeldAnswer(self, entry, value, is_promise)
        writer = self.game.writer
        if not writer.hold_until_kept(held, shown):
            held.release(kept=writer.is_kept(shown))

    def resolve(self, entry: _Entry, value: Any) -> None:
        """Send an answer. Held answers call this."""
        self._leave(entry)
        if entry.listener is None:
            entry.future.set_result(value)
        else:
            entry.listener.put_answer(entry.future, value)
            if entry.listener not in self._listeners:
                entry.listener.flush()

    def _leave(self, entry: _Entry) -> None:
        with self._door:
            self._pending[entry.is_command] -= 1

    def _on_event(self, event: Event, shown: frozenset[Aggregate], urgent: bool) -> None:
        if not self._listeners:
            # While the world catches up nobody is there yet, and there are very many of them.
            return
        held = _HeldEvent(self, event)
        writer = self.game.writer
        if urgent and not writer.stalled:
            writer.hold(held, shown)
        elif not writer.hold_until_kept(held, shown):
            self.publish(event)

    def publish(self, event: Event) -> None:
        """Send an event to every listener. Held events call this."""
        for listener in self._listeners:
            listener.put_event(event)

    def _flush(self) -> None:
        for listener in self._listeners:
            listener.flush()

    # A tick ------------------------------------------------------------------------------------

    def _tick(self) -> None:
        clock = self._clock
        start = clock.monotonic()
        lateness = start - self._next_tick
        now = max(clock.now(), self.game.time)
        self.game.tick += 1
        self.game.advance(now)
        if self.game.held:
            self._metrics.held_ticks.inc()
        after_events = clock.monotonic()
        self.game.process(now)
        self.game.look_ahead()
        self.bots.play(now)
        after_systems = clock.monotonic()
        if start >= self._next_save:
            self._save_periodically(start)
        self.game.pump(after_tick=True, tick_period_s=self.period_s)
        after_capture = clock.monotonic()
        self._flush()
        if start >= self._next_status:
            self._next_status = start + STATUS_INTERVAL_S
            self._note_status(start)
        end = clock.monotonic()
        phases = (
            self._commands_s,
            after_events - start,
            after_systems - after_events,
            after_capture - after_systems,
            end - after_capture,
        )
        skipped = self._schedule_next_tick(end)
        self._metrics.note_tick(start, lateness, end - start + self._commands_s, phases, skipped)
        self._commands_s = 0.0
        for system, seconds in self.game.take_system_seconds().items():
            self._metrics.system_duration.labels(system).observe(seconds)
        self.status = replace(
            self.status,
            tick=self.game.tick,
            world_time=now,
            last_tick_at=start,
            last_tick_s=end - start,
            last_lateness_s=lateness,
            inbox=len(self._inbox),
        )

    def _schedule_next_tick(self, now: float) -> int:
        """Keep to the grid of deadlines; return how many slots are lost for good."""
        self._next_tick += self.period_s
        if self._next_tick > now:
            return 0
        skipped = int((now - self._next_tick) / self.period_s) + 1
        self._next_tick += skipped * self.period_s
        return skipped

    def _save_periodically(self, now: float) -> None:
        writer = self.game.writer
        while self._next_save <= now:
            self._next_save += self._save_interval_s
            writer.begin_slot()
        writer.request(SaveReason.PERIODIC)

    def _note_status(self, now: float) -> None:
        if self.game.state.battles.is_given_up and BATTLES not in self.game.failed_systems:
            self.game.note_failed(BATTLES)
        writer, world = self.game.writer, self.game.state.world
        oldest = writer.oldest_change_at()
        oldest_age_s = 0.0 if oldest is None else max(0.0, self._clock.now() - oldest)
        at_risk, unsaved = writer.at_risk_count(), writer.unsaved_count()
        self._metrics.note_risk(now, at_risk, unsaved, oldest_age_s)
        self._metrics.inbox_depth.set(len(self._inbox))
        self._metrics.commands_waiting.set(writer.waiting_for_commit)
        self._metrics.due_events_pending.set(self.game.calendar.fetched_count)
        coalesced = sum(marks.coalesced_total for marks in world.marks.values())
        self._metrics.save_coalesced.inc(coalesced - self._coalesced)
        self._coalesced = coalesced
        self.status = replace(
            self.status,
            running=True,
            world_time=self.game.time,
            players=len(world.tables[PLAYER]),
            planets=len(world.tables[PLANET]),
            entities=sum(len(table) for table in world.tables.values()),
            at_risk=at_risk,
            unsaved=unsaved,
            oldest_unsaved_s=oldest_age_s,
            waiting_for_commit=writer.waiting_for_commit,
            due_soon=self.game.calendar.fetched_count,
            set_aside=self.game.set_aside_count,
            violations=writer.violation_count,
            quarantined=self.game.quarantine.count,
            stalled=writer.stalled,
            last_error=writer.last_error,
            durable_tick=writer.durable.tick,
            durable_until=writer.durable.world_time,
            last_commit_at=writer.last_commit_at,
        )

    # The end -----------------------------------------------------------------------------------

    def _finish(self) -> None:
        """Empty the inbox, wait for the batch in flight, save everything, answer everybody."""
        self._excuse_standstill()
        self._empty_inbox()
        saved: Future[SaveResult] = Future()
        self.game.take_requests()
        self.game.release_everything_set_aside()
        self.game.writer.request(SaveReason.FINAL, saved)
        begun_at = self._clock.monotonic()
        while not saved.done():
            self._wake.clear()
            self.game.writer.take_completions()
            self.game.pump(after_tick=True, tick_period_s=1.0)
            self._flush()
            # Asked again each time: it may be abandoned meanwhile.
            give_up_at = begun_at + self._final_save_timeout_s
            if self._clock.monotonic() >= give_up_at:
                break
            if not saved.done() and not self.game.writer.has_completions:
                until = self.game.writer.retry_at
                self._wake.wait(give_up_at if until is None else min(until, give_up_at))
        self._note_status(self._clock.monotonic())
        if not saved.done():
            self._give_up()
        else:
            self.finished.set_result(saved.result())

    def _empty_inbox(self) -> None:
        begun_at = self._clock.monotonic()
        while self._inbox:
            self._wake.clear()
            if not self._answer_next():
                # Asked again each time: it may be abandoned meanwhile.
                give_up_at = begun_at + min(BATTLE_PATIENCE_S, self._final_save_timeout_s)
                if self._clock.monotonic() >= give_up_at:
                    # What was not done is refused, and the battle is fought after the next start.
                    return
                self._wake.wait(give_up_at)

    def _give_up(self) -> None:
        writer = self.game.writer
        reason = writer.last_error or "the database does not answer"
        lost = _lost_in_words(writer.unsaved_count())
        error = StorageError(f"the final save could not be made, {lost}: {reason}")
        log.error("%s", error)
        writer.abandon(error)
        self.finished.set_exception(error)

    def _refuse_everybody(self) -> None:
        """Answer whoever still waits: what lies in the inbox was not done, the rest not saved."""
        with self._door:
            self._closed = True
        self.game.writer.abandon(StorageError("the simulation ended without a final save"))
        while self._inbox:
            entry = self._inbox.popleft()
            if entry.begun or entry.future.set_running_or_notify_cancel():
                self.resolve(entry, STOPPING)
            else:
                self._leave(entry)
        if not self.finished.done():
            self.finished.set_exception(StorageError("the simulation ended without a final save"))
        self._flush()


def _lost_in_words(changes: int) -> str:
    # Nobody knows whether a batch that was not answered is on the disk after all.
    match changes:
        case 0:
            return "but nothing had changed since the last one"
        case 1:
            return "one change may be lost"
        case _:
            return f"up to {changes} changes may be lost"
