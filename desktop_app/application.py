"""The composition root: what a running world is made of, and the order of start and stop.

    start: lock → port → migrate (backup first) → load → catch up → first tick → serve players
    stop:  refuse orders → carry out and save what was taken → answer → close the server →
           close the database → release the lock

The host may be stopped and started again in the same process. Whoever wants to keep the world to
this process meanwhile, like a window with its Start button, takes the lock before the first start.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import shutil
import socket
import sys
import time
from collections.abc import Awaitable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from core import database, sync
from core.api.application import create_app
from core.api.host_door import HostDoor
from core.api.server import ApiServer, bind
from core.backup_shelf import BackupReason, Manifest
from core.battle_worker import BattleWorker
from core.clock import SystemClock
from core.config import Settings, load_settings
from core.errors import BackupError, StarkeepError, StorageError
from core.game import GameWorld
from core.loading import build_game, opening_commands
from core.metrics import Metrics
from core.migrate import create_all, migrate
from core.paths import DataFolder
from core.restore import RestoreReport
from core.save_batch import SaveReason, SaveResult
from core.secrets import load_or_create_secret
from core.simulation import Opening, Simulation
from core.world_lock import WorldLock
from core.write_ahead_log import frames_in_use
from desktop_app import logs
from desktop_app.backup_keeper import BackupKeeper
from desktop_app.cleanup import Cleanup
from desktop_app.tick_thread import TickThread

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

log = logging.getLogger(__name__)

# A busy Python thread gives the interpreter up this often: ticks start on time beside it.
SWITCH_INTERVAL_S = 0.001
SERVER_CLOSE_TIMEOUT_S = 10.0
DATABASE_CLOSE_TIMEOUT_S = 30.0
SUPERVISION_INTERVAL_S = 0.5
# What a tick and the orders that were taken may still need, beside the final save.
THREAD_END_TIMEOUT_S = 30.0
LAST_RESORT_S = 5.0
BACKUP_ANSWER_TIMEOUT_S = 1800.0


class HostState(Enum):
    """Where a host is between start and stop."""

    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    FAILED = "failed"


# What is read while a world is loaded.
KINDS_IN_WORDS = {
    "universe": "the universe",
    "player": "players",
    "planet": "planets",
    "offer": "offers",
    "message": "messages",
    "friendship": "friendships",
    "fleet": "fleets",
    "debris": "debris",
    "report": "reports",
    "departed": "the books of who has left",
    "remembered_answer": "remembered answers",
    "logged_command": "logged commands",
}


class Host(QObject):
    """Hosts one world. Lives on the main thread, whose event loop is the persistence loop."""

    changed = Signal()
    progressed = Signal(str, int, int)  # what is being done, how much of it, of how much
    exception_lost = Signal(str)  # from any thread

    def __init__(self, folder: DataFolder, overrides: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        self.folder = folder
        self.overrides = dict(overrides or {})
        self.settings: Settings = load_settings(folder.root, self.overrides)
        self.state = HostState.STOPPED
        self.metrics = Metrics()
        self.game: GameWorld | None = None
        self.simulation: Simulation | None = None
        self.address: tuple[str, int] | None = None
        self.started_at: float | None = None  # on the monotonic clock
        self.error: str | None = None
        # Why the last final save could not be made; until the world is up again.
        self.not_saved: str | None = None
        self._stack = contextlib.AsyncExitStack()
        self._thread: TickThread | None = None
        self._server: ApiServer | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = WorldLock(folder.lock)
        self._change = asyncio.Lock()
        self._starting: asyncio.Future[None] | None = None
        self._stop_wanted = False
        self._restoring: asyncio.Task[None] | None = None
        self._port_to_keep = 0
        # Lines of the log that are in the metrics of this run or of an earlier one.
        self._lines_lost = 0
        self.backups = BackupKeeper(
            folder,
            settings=lambda: self.settings,
            metrics=lambda: self.metrics,
            save=lambda: asyncio.wrap_future(self.save_now()),
            progress=self.progressed.emit,
        )

    def note_lost_exception(self, error: Exception) -> None:
        """Count an exception that nobody has caught, and tell of it; from any thread."""
        self.metrics.background_failures.labels("an exception nobody caught").inc()
        self.exception_lost.emit(repr(error))

    # Start and stop ----------------------------------------------------------------------------

    async def start(self) -> None:
        """Bring the world to life, unless stop() is called meanwhile: then it is stopped.

        Raise StarkeepError if it cannot be brought to life; nothing is left behind.
        """
        async with self._change:
            if self.state is not HostState.RUNNING:
                await self._begin()

    async def _begin(self) -> None:
        self._become(HostState.STARTING)
        self._stop_wanted = False
        self._starting = asyncio.ensure_future(self._start())
        try:
            await self._starting
        except BaseException as error:
            broken_off = self._stop_wanted and isinstance(error, asyncio.CancelledError)
            self.error = None if broken_off else str(error)
            await self._undo_start()
            if not broken_off:
                raise
        else:
            self.started_at = time.monotonic()
            self.not_saved = None
            self._become(HostState.RUNNING)
        finally:
            self._starting = None

    async def _undo_start(self) -> None:
        """End what a start has brought up; why it ended is worth more than what fails now."""
        try:
            await self._unwind()
        except Exception:
            log.exception("a start that ended early could not be undone in order")
        finally:
            self._become(HostState.STOPPED)

    async def _start(self) -> None:
        self.error = None
        if self._thread is not None and self._thread.isRunning():
            raise StorageError("the world's last run has not ended; start the program anew")
        self.settings = load_settings(self.folder.root, self.overrides)
        self.metrics = Metrics()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        if not self._lock.held:
            self.acquire()
            self._stack.callback(self.release)
        listening = bind(self.settings.host, self.settings.port or self._port_to_keep)
        self._stack.callback(listening.close)
        await self._open_database()
        self._stack.push_async_callback(self._close_database)
        # Closed after the simulation has ended: its last answers still go out.
        self._stack.push_async_callback(self._close_server)
        simulation = await self._start_simulation()
        await self._start_server(simulation, listening)
        self._spawn(self._supervise())
        self._spawn(self.backups.run_schedule())
        self._spawn(Cleanup(self.settings, simulation, self.backups.make).run())
        self._stack.push_async_callback(self.backups.close)
        self._stack.push_async_callback(self._cancel_tasks)

    def acquire(self) -> None:
        """Take the world's lock, until release(). Raise WorldInUseError if another process has it.

        A start takes it by itself if need be, and then only until the stop.
        """
        self.folder.create()
        self._lock.acquire()

    def release(self) -> None:
        """Let other processes have the world. Call it when it is stopped."""
        self._lock.release()

    async def stop(self) -> None:
        """End the world in order; a start that is under way is broken off.

        Raise StorageError if the final save could not be made.
        """
        if self._restoring is not None:
            # Half way there is no world to stop; when it is there again it is stopped.
            await asyncio.wait((self._restoring,))
        if self._starting is not None:
            self._stop_wanted = True
            self._starting.cancel()
        async with self._change:
            if self.state in (HostState.RUNNING, HostState.FAILED):
                await self._end()

    async def _end(self) -> None:
        self._become(HostState.STOPPING)
        try:
            await self._unwind()
        finally:
            self.started_at = None
            self._become(HostState.STOPPED)

    async def _unwind(self) -> None:
        stack, self._stack = self._stack, contextlib.AsyncExitStack()
        try:
            await stack.aclose()
        finally:
            self.address = None
            self.simulation = None
            self.game = None

    def end_threads(self) -> bool:
        """End what a stop that broke has left running, so that the process can end.

        Return False if the simulation does not end even so.

        The last resort: nothing is waited for but the simulation, which would abort the process if
        it were still running at its end. After an orderly stop there is nothing to do.
        """
        thread, server = self._thread, self._server
        if server is not None:
            server.begin_to_stop()
        if thread is None or thread.isFinished():
            return True
        log.critical("the world did not stop in order; ending its thread")
        # Now no save can keep it waiting.
        sync.set_persistence_loop(None)
        thread.abandon()
        return thread.wait(int(LAST_RESORT_S * 1000))

    @property
    def url(self) -> str | None:
        """Where players connect; None while they cannot."""
        if self.address is None:
            return None
        host, port = self.address
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def save_now(self) -> Future[SaveResult]:
        """Save everything that has changed; the future is done when it is committed."""
        if self.game is None:
            raise StorageError("the world is not running")
        return self.game.save_player_data(SaveReason.MANUAL)

    def _become(self, state: HostState) -> None:
        self.state = state
        log.info("the world is %s", state.value)
        self.changed.emit()

    # The parts, in the order in which they start -----------------------------------------------

    async def _open_database(self) -> None:
        url = self._database_url()
        self._stack.enter_context(database.claimed(url))
        if self.settings.dev_create_all:
            await create_all(url)
        else:
            await migrate(
                url,
                lambda text: self.progressed.emit(text, 0, 0),
                back_up=self.backups.make_before_migration,
            )
        await database.start_db(url, self.settings.database_pool_size)
        sync.set_persistence_loop(asyncio.get_running_loop())
        metrics = self.metrics
        sync.on_operation(metrics.note_operation)
        sync.on_failure(lambda what: metrics.background_failures.labels(what).inc())

    async def _close_database(self) -> None:
        sync.set_persistence_loop(None)
        await _limited("closing the database", database.shutdown_db(), DATABASE_CLOSE_TIMEOUT_S)

    async def _start_simulation(self) -> Simulation:
        bots = await sync.keep_bots(self.settings.bots)
        loaded = await sync.load_world(
            lambda kind, done, total: self.progressed.emit(
                f"Loading {KINDS_IN_WORDS[kind]}", done, total
            )
        )
        clock = SystemClock(0.0 if loaded.clock is None else loaded.clock.world_time)
        if clock.behind_by_s > 1:
            log.warning(
                "this computer's clock is %.0f s behind the world; the world does not go back",
                clock.behind_by_s,
            )
        game = build_game(loaded, self.settings, clock, self.metrics, sync.submit_save)
        game.state.battles = BattleWorker(self.metrics)
        simulation = Simulation(
            game,
            clock,
            self.metrics,
            tick_rate=self.settings.tick_rate,
            save_interval_s=self.settings.save_interval_seconds,
            pending_max=self.settings.pending_max,
            final_save_timeout_s=self.settings.final_save_timeout_seconds,
            opening=Opening(
                opening_commands(loaded, self.settings, clock.now(), bots),
                lambda applied, left: self.progressed.emit("Catching up", applied, applied + left),
            ),
            bots=bots,
        )
        del loaded
        # What was loaded stays for ever: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        thread = TickThread(simulation)
        thread.finished.connect(self._on_thread_finished)
        self.game, self.simulation, self._thread = game, simulation, thread
        thread.start()
        self._stack.push_async_callback(self._stop_simulation, simulation, thread)
        # The simulation's own: a start that is broken off must not cancel it.
        await asyncio.shield(asyncio.wrap_future(simulation.ready))
        return simulation

    async def _stop_simulation(self, simulation: Simulation, thread: TickThread) -> None:
        """End the simulation with its final save. Raise StorageError if it could not be made."""
        simulation.request_stop()
        try:
            await self._thread_ended(thread)
            result = await self._final_save(simulation, thread)
            if result.set_aside:
                raise StorageError(_refused_in_words(result.set_aside))
        except StorageError as error:
            self.not_saved = str(error)
            raise
        log.info("final save: %d changes in %d batches", result.aggregates, result.batches)

    async def _thread_ended(self, thread: TickThread) -> None:
        timeout_s = THREAD_END_TIMEOUT_S + self.settings.final_save_timeout_seconds
        try:
            await asyncio.wait_for(thread.ended(), timeout_s)
        except TimeoutError:
            text = f"the simulation did not end within {timeout_s:.0f} s; what it held is not saved"
            log.critical(text)
            raise StorageError(text) from None
        finally:
            gc.unfreeze()

    async def _final_save(self, simulation: Simulation, thread: TickThread) -> SaveResult:
        if thread.error is not None:
            # The loop broke, the world did not: what has changed can still be saved.
            saved = simulation.game.save_player_data(SaveReason.FINAL)
        else:
            saved = simulation.finished
        timeout_s = self.settings.final_save_timeout_seconds
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(saved)), timeout_s)
        except TimeoutError:
            raise StorageError(
                f"the final save could not be made within {timeout_s:.0f} s"
            ) from None

    async def _start_server(self, simulation: Simulation, listening: socket.socket) -> None:
        app = create_app(
            simulation=simulation,
            settings=self.settings,
            metrics=self.metrics,
            token_secret=load_or_create_secret(self.folder.secret),
            host_token=load_or_create_secret(self.folder.host_token),
            host_door=self.host_door(),
        )
        self._server = ApiServer(app, listening, note_refusal=self.metrics.note_refused_connection)
        await _undivided(self._server.start())
        self.address = listening.getsockname()[:2]

    async def _close_server(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await _limited("closing the server", server.stop(), SERVER_CLOSE_TIMEOUT_S)

    # Backups -----------------------------------------------------------------------------------

    def host_door(self) -> HostDoor:
        """Return what the network thread may ask for; it is done here, on the main thread."""
        limit_s = BACKUP_ANSWER_TIMEOUT_S
        return HostDoor(
            list_backups=lambda: sync.run(self.backups.manifests()),
            make_backup=lambda: sync.run(self._back_up(), limit_s),
            plan_restore=lambda name: sync.run(self.backups.plan(name), limit_s),
            begin_restore=lambda name: sync.run(self.begin_restore(name), limit_s),
        )

    async def _back_up(self) -> Manifest:
        """Make a backup; it is looked at afterwards."""
        made = await self.backups.make(BackupReason.MANUAL)
        self._spawn(self._finish_backup(made.name))
        return made

    async def _finish_backup(self, name: str) -> None:
        # A failure is counted, logged and shown by the keeper.
        with contextlib.suppress(StarkeepError):
            await self.backups.finish(name)

    async def begin_restore(self, name: str) -> RestoreReport:
        """Verify a backup and return what will change; then the world is stopped, replaced by it
        and started again. Raise BackupError or DatabaseError, and nothing happens.
        """
        report = await self.backups.plan(name)
        await self.backups.check_again(name)
        if self._restoring is not None or self.state is not HostState.RUNNING:
            raise BackupError("the world is being stopped already")
        self._restoring = asyncio.get_running_loop().create_task(self._restore(name))
        return report

    async def _restore(self, name: str) -> None:
        """Replace the world and start it again, whether it is the old one or the new one."""
        async with self._change:
            try:
                if self.state is HostState.RUNNING:
                    await self._replace_and_restart(name)
            finally:
                self._port_to_keep = 0
                self._restoring = None

    async def _replace_and_restart(self, name: str) -> None:
        # Players find it where it was, also if it took any port that was free.
        self._port_to_keep = 0 if self.address is None else self.address[1]
        try:
            await self._end()
            with self._whole_world_held():
                await self.backups.bring_back(name)
        except Exception:
            log.exception("%s was not restored; the world as it was is started again", name)
        try:
            await self._begin()
        except Exception:
            log.exception("the world could not be started again")
            self._become(HostState.FAILED)

    @contextlib.contextmanager
    def _whole_world_held(self) -> Iterator[None]:
        """Keep folder and database for this process while the world is stopped."""
        with contextlib.ExitStack() as stack:
            if not self._lock.held:
                self.acquire()
                stack.callback(self.release)
            stack.enter_context(database.claimed(self._database_url()))
            yield

    # While it runs -----------------------------------------------------------------------------

    def _on_thread_finished(self) -> None:
        thread = self._thread
        if thread is not None and thread.error is not None and self.state is HostState.RUNNING:
            self.error = f"the simulation has ended with an error: {thread.error}"
            self._become(HostState.FAILED)

    async def _supervise(self) -> None:
        """Measure how late this loop calls back, and look at the disk now and then."""
        metrics, database_path = self.metrics, self._database_path()
        if database_path is not None:
            # The log lies beside the file itself, not beside a link to it.
            database_path = database_path.resolve()
        told = False
        while True:
            due = time.perf_counter() + SUPERVISION_INTERVAL_S
            await asyncio.sleep(SUPERVISION_INTERVAL_S)
            metrics.loop_lag.observe(max(0.0, time.perf_counter() - due))
            self._count_lost_lines()
            try:
                self._look_at_disk(database_path)
            except OSError as error:
                metrics.background_failures.labels("looking at the disk").inc()
                if not told:
                    log.warning("the disk cannot be looked at: %s", error)
                told = True

    def _count_lost_lines(self) -> None:
        lost = logs.lines_lost()
        self.metrics.log_lines_lost.inc(max(0, lost - self._lines_lost))
        self._lines_lost = lost

    def _look_at_disk(self, database_path: Path | None) -> None:
        # Where a server keeps its files nobody knows here; the backups lie in the folder.
        lies_in = self.folder.root if database_path is None else database_path.parent
        self.metrics.disk_free.set(shutil.disk_usage(lies_in).free)
        if database_path is None:
            return
        wal = database_path.with_name(database_path.name + "-wal")
        self.metrics.wal_bytes.set(wal.stat().st_size if wal.exists() else 0)
        self.metrics.wal_pending_frames.set(frames_in_use(wal))

    def _database_url(self) -> URL:
        return database.async_url(self.settings.database_url or self.folder.database_url)

    def _database_path(self) -> Path | None:
        return database.sqlite_path(self._database_url())

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _cancel_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _refused_in_words(changes: int) -> str:
    which, were = ("one change", "was") if changes == 1 else (f"{changes} changes", "were")
    return f"{which} that the database refuses {were} not saved"


async def _undivided(step: Coroutine[Any, Any, None]) -> None:
    """Await a short step that cannot be given up half done: a cancellation waits for its end."""
    task = asyncio.ensure_future(step)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


async def _limited(what: str, work: Awaitable[None], timeout_s: float) -> None:
    """Await a step of the stop order, but not for ever."""
    try:
        await asyncio.wait_for(work, timeout_s)
    except TimeoutError:
        log.error("%s took longer than %.0f s and was given up", what, timeout_s)
