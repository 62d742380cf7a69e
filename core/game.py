"""The world as a whole: it carries out commands, applies what is due and knows what changed.

One thread at a time owns a GameWorld: the simulation while it runs, whoever holds `lock` otherwise.
The exception is `save_player_data`, which any thread may call.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, assert_never

from prometheus_client import Counter

from core import command_log, notices, queries, shadow
from core.battlefield import BattleUnderWay
from core.calendar import Calendar, DueEvent
from core.clock import Clock
from core.commands import (
    AbandonPlanet,
    Accepted,
    AcceptFriend,
    AcceptOffer,
    AdoptRules,
    CancelBuilding,
    CancelOffer,
    CancelResearch,
    ChangePlanet,
    ChangeSettings,
    Command,
    CreateOffer,
    DeleteMessage,
    DemolishBuilding,
    DispatchFleet,
    DropSetAside,
    ExcuseAbsence,
    FoundHome,
    JumpThroughGate,
    NotePresence,
    Once,
    OrderUnits,
    Outcome,
    ReadMessage,
    RecallFleet,
    Rejected,
    ReleaseSetAside,
    RemovePlayer,
    RenamePlayer,
    RevokeFriend,
    ScanWithPhalanx,
    SelectPlanet,
    SendMessage,
    SetVacation,
    StartBuilding,
    StartResearch,
    Unavailable,
    WriteToAll,
)
from core.components import MESSAGE, PLANET, REMEMBERED_ANSWER, UNIVERSE, UNIVERSE_ID
from core.connectivity import belongs_to
from core.ecs import Aggregate, Kind, Origin, UnitOfWork
from core.ecs.table import AnyArray, Ids
from core.errors import StorageError
from core.events import Event, StocksChanged
from core.foresight import FORESIGHT_S, LOOKS_PER_TICK, Foresight
from core.metrics import Metrics
from core.quarantine import Quarantine, SetAside, members_of
from core.remembered_answers import RememberedAnswers
from core.save_batch import SaveReason, SaveResult, WorldClock
from core.state import GameState
from core.systems import (
    abandonment,
    construction,
    fleets,
    founding,
    friends,
    market,
    messages,
    moons,
    planets,
    presence,
    removal,
    research,
    settings,
    shipyard,
    vacation,
)
from core.throttle_trace import ThrottleTrace
from core.vacation import refusal_while_on_vacation
from core.write_behind import SubmitSave, WriteBehind

log = logging.getLogger(__name__)

# An event may legitimately fall due again at its own instant, but not for ever.
_REPEATS_MAX = 16
# Events between two reports of progress, and the seconds.
CATCH_UP_STEP = 2000
CATCH_UP_REPORT_S = 0.5
# What a tick spends on events is no word of the storage if it is more than that.
LONG_ADVANCE_S = 1.0
_SLOT_TOLERANCE = 1e-9
# Planets whose watchers are told of a drop; who drops more has a world to look at anew.
_EVENTS_MAX = 1000

TOUCHES_SET_ASIDE = Unavailable(
    "storage_unavailable",
    "The database refuses what this builds on, until the host has decided; nothing was done.",
    60,
)
NOT_SET_ASIDE = Rejected("no_such_item", "No such changes are set aside.")


class WorldHeldError(Exception):
    """The world stands still until a battle has ended: nothing was done, ask again then."""


@dataclass(frozen=True, slots=True)
class Executed:
    """What became of a command, what it touched and what of that it changed."""

    outcome: Outcome
    shown: frozenset[Aggregate]
    changes: frozenset[Aggregate]

    @property
    def changed(self) -> bool:
        return bool(self.changes)


class GameWorld:
    """State, calendar and write-behind under one roof; see the module's words on threads."""

    def __init__(
        self,
        state: GameState,
        clock: Clock,
        metrics: Metrics,
        submit_save: SubmitSave,
        *,
        save_interval_s: float,
        persist_interval_s: float,
        grace_s: float,
        durable: WorldClock | None = None,
        logs_commands: bool = False,
    ) -> None:
        self.state = state
        self.clock = clock
        self.metrics = metrics
        self.calendar = Calendar(state)
        self.answers = RememberedAnswers(state.world)
        self._logs_commands = logs_commands
        slots = max(1, math.ceil(persist_interval_s / save_interval_s - _SLOT_TOLERANCE))
        self.writer = WriteBehind(
            state.world,
            submit_save,
            metrics,
            clock.monotonic,
            slots_between_writes=slots,
            grace_s=grace_s,
            durable=durable,
        )
        self.writer.on_completion = self._on_completion
        self.trace = ThrottleTrace(clock.monotonic())
        self._kind_numbers = {kind: number for number, kind in enumerate(state.world.kinds)}
        self.tick = 0 if durable is None else durable.tick
        # Everything due up to here has been applied; each command gets a later instant.
        self.time = 0.0 if durable is None else durable.world_time
        self.on_event: Callable[[Event, frozenset[Aggregate], bool], None] = lambda *_: None
        # An event that needs the report of a battle is next, and the report is not there yet.
        self.held = False
        self._foresight = Foresight(state)
        self.failed_systems: list[str] = []
        self.lock = threading.RLock()
        self._pumping = False
        self._wake: Callable[[], None] | None = None
        self._runner: int | None = None
        self._requested: list[tuple[SaveReason, Future[SaveResult]]] = []
        self._last_due: tuple[DueEvent, int] | None = None
        self._system_seconds: dict[str, float] = {}
        self._row_counters: dict[str, Counter] = {}
        self._outcome_counters: dict[tuple[str, str], Counter] = {}

    # Threads -----------------------------------------------------------------------------------

    def attach(self, wake: Callable[[], None]) -> None:
        """Make the calling thread the one that owns the world; `wake` ends its waiting."""
        with self.lock:
            self._runner, self._wake = threading.get_ident(), wake
        self.state.battles.tell(wake)

    def detach(self) -> None:
        """Give the world up: from now on it belongs to whoever holds the lock."""
        with self.lock:
            self._runner = self._wake = None
            self.take_requests()
            self._pump_unattended()

    def save_player_data(self, reason: SaveReason = SaveReason.MANUAL) -> Future[SaveResult]:
        """Save everything that was changed before this call; never blocks, any thread.

        PERIODIC saves leave out planets that were written within PERSIST_INTERVAL_SECONDS. The
        future is done when the last batch is committed; a save that was captured before the call
        does not count, and calls that come while one is being made share the one that follows it.
        """
        future: Future[SaveResult] = Future()
        with self.lock:
            if self._runner is None or self._wake is None:
                self.writer.request(reason, future)
                self._pump_unattended()
            elif self._runner == threading.get_ident():
                self.writer.request(reason, future)
                self.pump(after_tick=True)
            else:
                self._requested.append((reason, future))
                self._wake()
        return future

    def take_requests(self) -> None:
        """Hand on the saves that other threads have asked for. The owner calls this."""
        with self.lock:
            requested, self._requested = self._requested, []
        for reason, future in requested:
            self.writer.request(reason, future)

    def pump(self, *, after_tick: bool, tick_period_s: float = 1.0, slices: bool = True) -> None:
        """Send the next batch of changes to the persistence loop, if it is time."""
        self.writer.pump(
            self.durable_clock(),
            after_tick=after_tick,
            tick_period_s=tick_period_s,
            slices=slices,
        )

    def durable_clock(self) -> WorldClock:
        next_ids = {kind.name: number for kind, number in self.state.world.next_id.items()}
        return WorldClock(self.time, self.tick, next_ids)

    def _on_completion(self) -> None:
        wake = self._wake
        if wake is None:
            with self.lock:
                # Somebody may have taken the world over meanwhile.
                wake = self._wake
                if wake is None:
                    self._pump_unattended()
                    return
        wake()

    def _pump_unattended(self) -> None:
        """Nobody ticks: whoever asks, or brings an outcome, sends the next batch himself.

        There is nobody to come back later either: a failure ends the save that was asked for, and
        what nobody asks for stays in memory.
        """
        if self._pumping:
            return
        self._pumping = True
        try:
            while True:
                if self.writer.take_completions():
                    self.writer.abandon(StorageError(f"not saved: {self.writer.last_error}"))
                if not self.writer.has_sweep:
                    return
                self.writer.pump(self.durable_clock(), after_tick=True, at_once=True)
                if not self.writer.has_completions:
                    return
        finally:
            self._pumping = False

    # Commands ----------------------------------------------------------------------------------

    def execute(self, command: Command) -> Executed:
        """Carry out a command at an instant of its own, later than everything before it.

        A refusal, and an error of ours, leave no trace in the world. Raise WorldHeldError if it
        cannot be done yet.
        """
        return self.execute_at(self.reach_next_instant(), command)

    def reach_next_instant(self) -> float:
        """Apply what is due, and return an instant for a command, which is carried out at once.

        Raise WorldHeldError if the world cannot come that far yet.
        """
        at = max(self.clock.now(), math.nextafter(self.time, math.inf))
        self._advance_or_raise(at)
        return at

    def execute_before_what_is_due(self, command: Command) -> Executed:
        """Carry out a command that no due event depends on, and leave what is due undone."""
        return self.execute_at(self.time, command)

    def execute_at(self, at: float, command: Command) -> Executed:
        """Carry out a command at an instant that the world has reached."""
        name = type(command.command if isinstance(command, Once) else command).__name__
        unit = self.state.world.unit_of_work(Origin.COMMAND, at, name)
        outcome: Outcome
        try:
            with unit:
                outcome = self._with_notices(self._dispatch(command, at))
                if isinstance(outcome, Accepted) and self.quarantine.group_touched(unit):
                    # It would build on what may never be saved.
                    outcome = TOUCHES_SET_ASIDE
                if not isinstance(outcome, Accepted):
                    unit.roll_back()
                elif self._logs_commands and unit.changed:
                    command_log.append(self.state.world, at, command)
        except Exception:
            log.exception("%s failed and was undone", name)
            outcome = Unavailable(
                "failed", "This could not be carried out; nothing was changed.", 5
            )
        self._outcomes(name, _word(outcome)).inc()
        self._after_unit(unit, outcome.events if isinstance(outcome, Accepted) else ())
        return Executed(outcome, unit.touched, unit.changes)

    def _with_notices(self, outcome: Outcome) -> Outcome:
        if not isinstance(outcome, Accepted):
            return outcome
        told = notices.write_notices(self.state, outcome.events)
        return replace(outcome, events=(*outcome.events, *told)) if told else outcome

    def _dispatch(self, command: Command, at: float) -> Outcome:
        return refusal_while_on_vacation(self.state.world, command) or self._do(command, at)

    def _do(self, command: Command, at: float) -> Outcome:
        match command:
            case FoundHome():
                return founding.found_home(self.state, command, at)
            case SelectPlanet():
                return founding.select_planet(self.state, command, at)
            case StartBuilding():
                return construction.start_building(self.state, command, at)
            case DemolishBuilding():
                return construction.demolish_building(self.state, command, at)
            case CancelBuilding():
                return construction.cancel_building(self.state, command, at)
            case StartResearch():
                return research.start_research(self.state, command, at)
            case CancelResearch():
                return research.cancel_research(self.state, command, at)
            case ChangePlanet():
                return planets.change_planet(self.state, command, at)
            case OrderUnits():
                return shipyard.order_units(self.state, command, at)
            case CreateOffer():
                return market.create_offer(self.state, command, at)
            case AcceptOffer():
                return market.accept_offer(self.state, command, at)
            case CancelOffer():
                return market.cancel_offer(self.state, command, at)
            case SendMessage():
                return messages.send_message(self.state, command, at)
            case ReadMessage():
                return messages.read_message(self.state, command, at)
            case DeleteMessage():
                return messages.remove_message(self.state, command, at)
            case AcceptFriend():
                return friends.accept_friend(self.state, command, at)
            case RevokeFriend():
                return friends.revoke_friend(self.state, command, at)
            case NotePresence():
                return presence.note_presence(self.state, command, at)
            case SetVacation():
                return vacation.set_vacation(self.state, command, at)
            case AbandonPlanet():
                return abandonment.abandon_planet(self.state, command, at)
            case RemovePlayer():
                return removal.remove_player(self.state, command, at)
            case RenamePlayer():
                return founding.rename_player(self.state, command, at)
            case WriteToAll():
                return messages.write_to_all(self.state, command, at)
            case ExcuseAbsence():
                return presence.excuse_absence(self.state, command, at)
            case DispatchFleet():
                return fleets.dispatch_fleet(self.state, command, at)
            case RecallFleet():
                return fleets.recall_fleet(self.state, command, at)
            case ScanWithPhalanx():
                return moons.scan_with_phalanx(self.state, command, at)
            case JumpThroughGate():
                return moons.jump_through_gate(self.state, command, at)
            case ChangeSettings():
                return settings.change_settings(self.state, command, at)
            case AdoptRules():
                return settings.adopt_rules(self.state, command, at)
            case ReleaseSetAside():
                return self._release_set_aside(command)
            case DropSetAside():
                return self._drop_set_aside(command, at)
            case Once():
                return self.answers.answer(command, at, self._dispatch)
            case _:
                assert_never(command)

    def ask(self, query: queries.Query) -> tuple[Any, frozenset[Aggregate]]:
        """Answer a query as of now; return with it the aggregates that the answer shows.

        Raise WorldHeldError if that is not known yet.
        """
        at = max(self.clock.now(), self.time)
        match query:
            case queries.ListUnsaved():
                return shadow.unsaved(self.state.world, self.writer, at, query.limit), frozenset()
            case queries.ReadThrottleTrace():
                return self.trace.changes(self.clock.monotonic()), frozenset()
            case _:
                pass
        self._advance_or_raise(at)
        unit = self.state.world.unit_of_work(Origin.QUERY, at)
        with unit:
            if isinstance(query, queries.ListSetAside):
                value = queries.list_set_aside(self.state, self.quarantine)
            else:
                value = queries.answer(self.state, query, at)
        return value, unit.touched

    # What the database refuses -----------------------------------------------------------------

    @property
    def quarantine(self) -> Quarantine:
        return self.writer.quarantine

    def release_everything_set_aside(self) -> None:
        """Have all that the database has refused saved again, for the last time."""
        for group in self.quarantine:
            self._let_in(group)

    def _release_set_aside(self, command: ReleaseSetAside) -> Accepted | Rejected:
        group = self.quarantine.find(command.group_id)
        if group is None:
            return NOT_SET_ASIDE
        self._let_in(group)
        return Accepted(self.quarantine.size_of(group))

    def _let_in(self, group: SetAside) -> None:
        self.writer.let_in(group)
        self.calendar.resume(group.postponed)

    def _drop_set_aside(self, command: DropSetAside, at: float) -> Accepted | Rejected:
        group = self.quarantine.find(command.group_id)
        if group is None:
            return NOT_SET_ASIDE
        universe = (UNIVERSE, UNIVERSE_ID)
        if belongs_to(group.aggregates, universe) and not any(
            UNIVERSE_ID in part.ids for part in command.rows if part.table == UNIVERSE.name
        ):
            return Rejected(
                "never_saved", "The world itself was never saved: nothing to go back to."
            )
        count = self.quarantine.size_of(group)
        self._free_places(group)
        self.answers.leave_out(self._members(group, REMEMBERED_ANSWER))
        self.state.mailboxes.leave_out(self._members(group, MESSAGE))
        self.quarantine.take_back(group, command.rows)
        self._take_places(group)
        self.answers.take_in(self._members(group, REMEMBERED_ANSWER))
        self.state.mailboxes.take_in(self._members(group, MESSAGE))
        self.calendar.resume(group.postponed)
        for planet_id in self._members(group, PLANET)[:_EVENTS_MAX].tolist():
            owner_id = self.state.world.tables[PLANET].get(planet_id, "Planet.owner_id")
            self.on_event(StocksChanged(at, owner_id, planet_id), frozenset(), False)
        return Accepted(count)

    def _members(self, group: SetAside, kind: Kind) -> Ids:
        """Return what a group has of a kind in memory."""
        table = self.state.world.tables[kind]
        ids = dict(members_of(self.state.world, group.aggregates)).get(kind)
        return table.ids[:0] if ids is None else table.ids[table.rows(ids)]

    def _free_places(self, group: SetAside) -> None:
        self.state.galaxy.settle_many(*self._places_of(self._members(group, PLANET)), 0)

    def _take_places(self, group: SetAside) -> None:
        if belongs_to(group.aggregates, (UNIVERSE, UNIVERSE_ID)):
            self.state.galaxy.resize(self.state.universe.galaxies)
        planet_ids = self._members(group, PLANET)
        self.state.galaxy.settle_many(*self._places_of(planet_ids), planet_ids)

    def _places_of(self, planet_ids: Ids) -> tuple[AnyArray, AnyArray, AnyArray, AnyArray]:
        """Return galaxies, systems and positions, and which of them are those of moons."""
        table = self.state.world.tables[PLANET]
        rows = table.rows(planet_ids)
        galaxy, system, position = (
            table.array(f"Position.{name}")[rows] for name in ("galaxy", "system", "position")
        )
        return galaxy, system, position, table.array("Planet.is_moon")[rows]

    # Time --------------------------------------------------------------------------------------

    def advance(self, until: float) -> int:
        """Apply everything due up to an instant, each event at its own; return how many.

        If the next one needs a battle that is still being fought the world is held before it:
        whatever comes later waits, so that all ends as if the battle had taken no time.
        """
        applied = 0
        self.held = False
        counted_from = self.clock.monotonic()
        while (due := self.calendar.next_due(until)) is not None:
            if not self._apply(due):
                self.held = True
                return applied
            self.time = max(self.time, due.at)
            applied += 1
            counted_from = self._leave_out_of_grace(counted_from)
        self.time = max(self.time, until)
        return applied

    def _leave_out_of_grace(self, since: float) -> float:
        """Have a long time since an instant not be held against the storage; return a new one."""
        now = self.clock.monotonic()
        if now - since < LONG_ADVANCE_S:
            return since
        self.writer.leave_out_of_grace(now - since)
        return now

    def look_ahead(self) -> None:
        """Have the battles begun that will be needed in the next seconds.

        A world that is held is behind: for it those are the next that come before the present.
        """
        until = (max(self.clock.now(), self.time) if self.held else self.time) + FORESIGHT_S
        self._foresight.look(self.time, until, LOOKS_PER_TICK)

    def _advance_or_raise(self, until: float) -> None:
        self.advance(until)
        if self.held:
            raise WorldHeldError

    def catch_up(
        self,
        until: float,
        progress: Callable[[int, int], None],
        stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Do what `advance` does, reporting (events applied, events still due) now and then.

        It may be stopped on the way: what has not been applied stays due.
        """
        applied = 0
        next_report = -math.inf
        self._foresight.look(self.time, until)
        while (due := self.calendar.next_due(until)) is not None:
            now = self.clock.monotonic()
            if applied % CATCH_UP_STEP == 0 or now >= next_report:
                next_report = now + CATCH_UP_REPORT_S
                progress(applied, self.calendar.pending_count(until))
                if stop():
                    return applied
            if not self._apply(due):
                # There are no ticks yet that could be late.
                self._foresight.look(due.at, until)
                self.state.battles.wait()
                continue
            self.time = max(self.time, due.at)
            applied += 1
        self.time = max(self.time, until)
        progress(applied, 0)
        return applied

    def _apply(self, due: DueEvent) -> bool:
        """Apply an event; return False if it has to be done again when a battle has ended."""
        kind, system = due.due_kind, due.due_kind.name
        start = time.perf_counter()
        unit = self.state.world.unit_of_work(Origin.EVENT, due.at, system)
        events: Sequence[Event] = ()
        try:
            with unit:
                events = kind.apply(self.state, due.entity_id, due.at)
                events = [*events, *notices.write_notices(self.state, events)]
                self._check_progress(due)
                postponed = None
                if self.quarantine and not unit.may_wait:
                    postponed = self.quarantine.group_touched(unit)
                if postponed is not None:
                    # It would carry on what may never be saved.
                    unit.roll_back()
                    self._postpone(due, postponed)
                    events = ()
        except BattleUnderWay:
            return False
        except Exception:
            log.exception("%s of %s failed; it is set aside", system, (kind.kind, due.entity_id))
            self.calendar.set_aside(kind.kind, due.entity_id)
            self.metrics.entities_set_aside.set(self.set_aside_count)
            events = ()
        self._after_unit(unit, events)
        self.metrics.due_events.inc()
        self.metrics.due_event_lateness.observe(max(0.0, self.clock.now() - due.at))
        self._rows_of_system(system).inc(len(unit.writes))
        spent = self._system_seconds.get(system, 0.0)
        self._system_seconds[system] = spent + time.perf_counter() - start
        return True

    def _rows_of_system(self, system: str) -> Counter:
        """Return a counter that prometheus_client would look for at every event."""
        counter = self._row_counters.get(system)
        if counter is None:
            counter = self._row_counters[system] = self.metrics.system_rows.labels(system)
        return counter

    def _outcomes(self, name: str, word: str) -> Counter:
        """Return a counter that prometheus_client would look for at every command."""
        counter = self._outcome_counters.get((name, word))
        if counter is None:
            counter = self.metrics.commands.labels(name, word)
            self._outcome_counters[name, word] = counter
        return counter

    def _postpone(self, due: DueEvent, group: SetAside) -> None:
        entity = (due.due_kind.kind, due.entity_id)
        self.calendar.postpone(*entity)
        group.postponed.add(entity)
        # Applied again later, it does move on.
        self._last_due = None

    def _check_progress(self, due: DueEvent) -> None:
        """Refuse an event that does not move its own due instant on: it would never end."""
        table = self.state.world.tables[due.due_kind.kind]
        if due.entity_id not in table:
            return
        next_at = table.get(due.entity_id, due.due_kind.column)
        last, repeats = self._last_due or (due, 0)
        repeats = repeats + 1 if last == due else 0
        self._last_due = (due, repeats)
        if next_at < due.at or repeats > _REPEATS_MAX:
            raise RuntimeError(f"{due} does not move on: next at {next_at}")

    def process(self, now: float) -> None:
        """Run the systems that run every tick; one that fails is left out from then on."""
        for processor in self.state.world.processors:
            name = getattr(processor, "__name__", type(processor).__name__)
            start = time.perf_counter()
            try:
                processor(self.state.world, now)
            except Exception:
                log.exception("system %s failed; it is set aside", name)
                self.state.world.remove_processor(processor)
                self.note_failed(name)
            self._system_seconds[name] = time.perf_counter() - start

    def note_failed(self, name: str) -> None:
        """Count something that failed and is left out from now on, and have it shown."""
        self.failed_systems.append(name)
        self.metrics.entities_set_aside.set(self.set_aside_count)

    @property
    def set_aside_count(self) -> int:
        return self.calendar.set_aside_count + len(self.failed_systems)

    def take_system_seconds(self) -> dict[str, float]:
        """Return the time each system took since the last call."""
        taken, self._system_seconds = self._system_seconds, {}
        return taken

    # After a unit of work ----------------------------------------------------------------------

    def _after_unit(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        if not unit.changed:
            return
        if unit.wrote_all_of:
            self.calendar.reload()
        else:
            self.calendar.note_written(unit.written_fields)
        urgent = not unit.may_wait
        if urgent:
            self.writer.note_urgent(unit)
        self._trace(unit, urgent=urgent)
        if events:
            shown = unit.touched
            for event in events:
                self.on_event(event, shown, urgent)

    def _trace(self, unit: UnitOfWork, *, urgent: bool) -> None:
        now, kinds = self.clock.monotonic(), self._kind_numbers
        for kind, entity_id in (*unit.writes, *unit.deletes):
            self.trace.note(now, entity_id * len(kinds) + kinds[kind], urgent=urgent)
        for kind in unit.wrote_all_of:
            count = len(self.state.world.tables[kind])
            self.trace.note(now, kinds[kind], urgent=urgent, count=count)


def _word(outcome: Outcome) -> str:
    return "accepted" if isinstance(outcome, Accepted) else outcome.code
