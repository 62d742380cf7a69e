"""Makes, verifies and rotates the backups of a host's world: by hand and on a schedule.

Lives on the main thread. No tick waits for it: copies are made on threads of their own and looked
at in a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from core.backup import on_own_thread
from core.backup_shelf import BackupReason, BackupShelf, Manifest
from core.config import Settings
from core.errors import BackupError, StarkeepError
from core.metrics import Metrics
from core.paths import DataFolder
from core.restore import RestoreReport, plan_restore, restore
from core.rotation import RetentionPolicy, to_delete
from core.sync import Progress
from core.verification import verify
from core.world_backup import make_backup
from desktop_app.own_program import own_program

log = logging.getLogger(__name__)

# A world that has just been started has other things to do; one that never runs for an hour gets
# its backups all the same.
FIRST_BACKUP_S = 60.0
RETRY_S = 300.0


class BackupKeeper:
    """Keeps the backups of one world. One is made at a time."""

    def __init__(
        self,
        folder: DataFolder,
        settings: Callable[[], Settings],
        metrics: Callable[[], Metrics],
        save: Callable[[], Awaitable[object]],
        progress: Progress,
    ) -> None:
        self.shelf = BackupShelf(folder.backups)
        # What the window says about them; replaced as a whole.
        self.last: Manifest | None = None
        self.failure: str | None = None
        self.next_at: datetime | None = None  # on schedule
        self._folder = folder
        self._settings = settings
        self._metrics = metrics
        self._save = save
        self._progress = progress
        self._one_at_a_time = asyncio.Lock()
        self._running: set[asyncio.Task[object]] = set()

    @property
    def url(self) -> str:
        """The database of the world."""
        return self._settings().database_url or self._folder.database_url

    async def manifests(self) -> tuple[Manifest, ...]:
        """Return the manifests of all backups, oldest first."""
        return await on_own_thread(self.shelf.manifests)

    async def look(self) -> None:
        """Find out which backup is the last one."""
        self.last = await on_own_thread(self.shelf.newest)

    # Making ------------------------------------------------------------------------------------

    async def make(self, reason: BackupReason) -> Manifest:
        """Make a backup of what is committed; by hand and on schedule everything is saved first.

        Raise BackupError.
        """
        with self._as_running_task(), self._failures_noted():
            async with self._one_at_a_time:
                if reason in (BackupReason.MANUAL, BackupReason.SCHEDULED):
                    await self._save_first()
                begun_at = time.perf_counter()
                try:
                    made = await make_backup(self.url, self.shelf, reason, self._progress)
                finally:
                    self._progress("", 0, 0)
                self._metrics().backup_duration.observe(time.perf_counter() - begun_at)
        self.last, self.failure = made, None
        return made

    async def make_before_migration(self) -> Path:
        """Make the backup of a database that is about to be changed; return its file."""
        made = await self.make(BackupReason.BEFORE_MIGRATION)
        return self.shelf.path_of(made.name)

    async def _save_first(self) -> None:
        limit_s = self._settings().storage_grace_seconds
        try:
            await asyncio.wait_for(self._save(), limit_s)
        except (StarkeepError, TimeoutError) as error:
            # What is committed is still worth a copy.
            reason = str(error) or "it takes too long"
            log.warning("backing up without a save before: %s", reason)

    async def verify(self, name: str) -> Manifest:
        """Look at a backup and write down what was found. Raise BackupError if that fails."""
        with self._as_running_task(), self._failures_noted():
            path = self.shelf.path_of(name)
            findings = await verify(own_program(), path, self._folder.root)
            looked_at = await on_own_thread(self.shelf.note_verified, name, findings)
        if self.last is None or self.last.name == name:
            self.last = looked_at
        if findings:
            self._metrics().backups_failed.inc()
            log.error("the backup %s is not verified: %s", name, "; ".join(findings))
        else:
            log.info("the backup %s is verified", name)
        return looked_at

    async def make_and_verify(self, reason: BackupReason = BackupReason.MANUAL) -> Manifest:
        """Make a backup, look at it, and delete those that are not to be kept any longer."""
        made = await self.make(reason)
        return await self.finish(made.name)

    async def finish(self, name: str) -> Manifest:
        """Do what follows when a backup is made: look at it, and delete what is too old."""
        looked_at = await self.verify(name)
        await self._rotate()
        return looked_at

    async def _rotate(self) -> None:
        settings = self._settings()
        policy = RetentionPolicy(
            hourly=settings.backup_keep_hourly,
            daily=settings.backup_keep_daily,
            weekly=settings.backup_keep_weekly,
            manual=settings.backup_keep_manual,
        )
        for manifest in to_delete(await self.manifests(), datetime.now(UTC), policy):
            await on_own_thread(self.shelf.delete, manifest.name)
            log.info("the backup %s is not kept any longer", manifest.name)

    # On schedule -------------------------------------------------------------------------------

    async def run_schedule(self) -> None:
        """Make backups for ever, BACKUP_INTERVAL_SECONDS apart, also over restarts."""
        self.next_at = None
        await self.look()
        interval_s = self._settings().backup_interval_seconds
        if not interval_s:
            return
        first_s = min(FIRST_BACKUP_S, interval_s)
        self._note_next(max(first_s, await self._seconds_to_next(interval_s)))
        await asyncio.sleep(first_s)
        with contextlib.suppress(BackupError):  # said and counted where it was raised
            await self._verify_left_over()
        while True:
            await self._rest(await self._seconds_to_next(interval_s))
            try:
                await self.make_and_verify(BackupReason.SCHEDULED)
            except BackupError:
                await self._rest(min(RETRY_S, interval_s))

    async def _rest(self, seconds: float) -> None:
        self._note_next(seconds)
        await asyncio.sleep(seconds)

    def _note_next(self, seconds: float) -> None:
        self.next_at = datetime.now(UTC) + timedelta(seconds=seconds)

    async def _verify_left_over(self) -> None:
        """Look at backups that nobody had the time for before the program ended."""
        for manifest in await self.manifests():
            if manifest.verified is None:
                await self.verify(manifest.name)

    async def _seconds_to_next(self, interval_s: float) -> float:
        made = [m for m in await self.manifests() if m.reason is BackupReason.SCHEDULED]
        if not made:
            return 0.0
        ago_s = (datetime.now(UTC) - made[-1].made_at).total_seconds()
        # A clock that was set back is no reason to wait for ever.
        return min(max(0.0, interval_s - ago_s), interval_s)

    # Restoring ---------------------------------------------------------------------------------

    async def plan(self, name: str) -> RestoreReport:
        """Return what a restore would change. Raise BackupError or DatabaseError."""
        return await plan_restore(self.shelf.path_of(name), self.url)

    async def check_again(self, name: str) -> None:
        """Look at a backup once more. Raise BackupError if something is wrong with it."""
        looked_at = await self.verify(name)
        if not looked_at.verified:
            raise BackupError(f"{name} is not to be restored: {looked_at.findings[0]}")

    async def bring_back(self, name: str) -> None:
        """Replace the world, which does not run and is locked. Raise BackupError."""
        with self._failures_noted():
            file, secret = self.shelf.path_of(name), self._folder.secret
            await restore(file, self.url, self.shelf, secret, self._progress)

    # The end -----------------------------------------------------------------------------------

    async def close(self) -> None:
        """End what is under way; half a copy does not appear on the list."""
        running = [task for task in self._running if not task.done()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)

    @contextlib.contextmanager
    def _as_running_task(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - coroutines run in tasks
        nested = task in self._running
        self._running.add(task)
        try:
            yield
        finally:
            if not nested:
                self._running.discard(task)

    @contextlib.contextmanager
    def _failures_noted(self) -> Iterator[None]:
        try:
            yield
        except StarkeepError as error:
            self.failure = str(error)
            self._metrics().backups_failed.inc()
            log.error("%s", error)
            raise
