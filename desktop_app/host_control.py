"""Carries out what the window asks of the host: start, stop, save, back up."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Signal

from core import sync
from core.bots.strength import Strength
from core.commands import Accepted, DropSetAside, ReleaseSetAside, Unavailable
from core.enlistment import enlist
from core.errors import BackupError, StarkeepError, StorageError
from core.queries import GroupSetAside, ListSetAside
from desktop_app.application import Host

log = logging.getLogger(__name__)

SAVING = "saving"


class HostControl(QObject):
    """Runs the host's coroutines as tasks of the running event loop. Belongs to the GUI thread."""

    failed = Signal(str)
    mended = Signal(str)  # what `failed` told: the same has worked since
    saving = Signal(bool)
    backing_up = Signal(bool)
    set_aside_listed = Signal(object)
    enlisting = Signal(bool)
    _saved = Signal(object)

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        # The loop itself only keeps weak references to tasks.
        self._tasks: set[asyncio.Task[None]] = set()
        self._save: Future[Any] | None = None
        self._failures: dict[str, str] = {}  # what was asked for, what was told of it
        self._backing_up = self._enlisting = False
        self._saved.connect(self._on_saved)

    @property
    def busy(self) -> bool:
        """True while something that was asked for is under way."""
        return bool(self._tasks) or self._save is not None

    def start(self) -> None:
        """Run the start order."""
        self._run("starting the world", self._host.start())

    def stop(self) -> None:
        """Run the stop order; the window stays."""
        self._run("stopping the world", self._host.stop())

    def back_up(self) -> None:
        """Make a backup and look at it, unless that is under way already."""
        if not self._backing_up:
            self._run("backing up", self._back_up())

    async def _back_up(self) -> None:
        self._backing_up = True
        self.backing_up.emit(True)
        try:
            made = await self._host.backups.make_and_verify()
        finally:
            self._backing_up = False
            self.backing_up.emit(False)
        if not made.verified:
            raise BackupError(f"{made.name} is not sound: {made.findings[0]}")

    # What the database refuses -----------------------------------------------------------------

    def list_set_aside(self) -> None:
        """Ask for what is set aside; `set_aside_listed` tells, the oldest first."""
        self._run("listing refused changes", self._list_set_aside())

    async def _list_set_aside(self) -> None:
        if (simulation := self._host.simulation) is None:
            return
        groups = await asyncio.wrap_future(simulation.ask(ListSetAside()))
        # A world that stops or has much to do says so instead.
        if not isinstance(groups, Unavailable):
            self.set_aside_listed.emit(groups)

    def release(self, group: GroupSetAside) -> None:
        """Have a group that was refused saved again."""
        self._run("saving refused changes again", self._order(ReleaseSetAside(group.group_id)))

    def drop(self, group: GroupSetAside) -> None:
        """Take a group that was refused back to what the database holds."""
        self._run("taking refused changes back", self._drop(group))

    async def _drop(self, group: GroupSetAside) -> None:
        # No save writes these rows meanwhile: only a release could, and then there is no group.
        rows = await sync.read_rows(group.rows)
        await self._order(DropSetAside(group.group_id, rows))

    async def _order(self, command: ReleaseSetAside | DropSetAside) -> None:
        if (simulation := self._host.simulation) is None:
            raise StorageError("the world is not running")
        outcome = await asyncio.wrap_future(simulation.submit(command))
        if not isinstance(outcome, Accepted):
            raise StorageError(outcome.detail.rstrip("."))
        await self._list_set_aside()

    # Computer players --------------------------------------------------------------------------

    def enlist(self, at_least: int, strength: Strength | None) -> None:
        """Have so many computer players at least, unless some are on their way already."""
        if not self._enlisting:
            self._run("adding computer players", self._enlist(at_least, strength))

    async def _enlist(self, at_least: int, strength: Strength | None) -> None:
        if (simulation := self._host.simulation) is None:
            raise StorageError("the world is not running")
        self._enlisting = True
        self.enlisting.emit(True)
        try:
            outcome = await enlist(simulation, at_least, strength)
        finally:
            self._enlisting = False
            self.enlisting.emit(False)
        if not isinstance(outcome, Accepted):
            raise StorageError(outcome.detail.rstrip("."))

    def pause_bots(self, paused: bool) -> None:
        """Have no computer player take a turn, or all of them again."""
        if (simulation := self._host.simulation) is not None:
            simulation.bots.pause(paused=paused)

    # Saving ------------------------------------------------------------------------------------

    def save_now(self) -> None:
        """Save everything that has changed, unless that is under way already."""
        if self._save is not None:
            return
        try:
            self._save = self._host.save_now()
        except StarkeepError as error:
            self._fail(SAVING, f"Nothing was saved: {error}.")
            return
        self.saving.emit(True)
        self._save.add_done_callback(self._post)

    def _post(self, future: Future[Any]) -> None:
        """Any thread: hand the outcome to the GUI thread."""
        if shiboken6.isValid(self):
            self._saved.emit(future)

    def _on_saved(self, future: Future[Any]) -> None:
        self._save = None
        self.saving.emit(False)
        if future.cancelled():
            return
        error = future.exception()
        if error is not None:
            self._fail(SAVING, f"Nothing was saved: {error}.")
        else:
            log.info("saved on request: %d changes", future.result().aggregates)
            self._mend(SAVING)

    # What becomes of it ------------------------------------------------------------------------

    def _fail(self, what: str, text: str) -> None:
        self._failures[what] = text
        self.failed.emit(text)

    def _mend(self, what: str) -> None:
        if (text := self._failures.pop(what, None)) is not None:
            self.mended.emit(text)

    def _run(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(self._guarded(what, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, what: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except StarkeepError as error:
            log.error("%s failed: %s", what, error)
            self._fail(what, f"{what.capitalize()} failed: {error}.")
        except Exception as error:
            log.exception("%s failed", what)
            self._fail(what, f"{what.capitalize()} failed: {error!r}; see the log.")
        else:
            self._mend(what)
