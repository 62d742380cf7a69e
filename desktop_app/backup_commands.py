"""Commands for a world that is not running: backup, backups, restore and check."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from core.backup_shelf import BackupReason, BackupShelf, Manifest, read_manifest, write_manifest
from core.check import CheckReport, check_database, check_file
from core.config import Settings
from core.database import async_url, sqlite_path
from core.errors import BackupError, StarkeepError, UnknownBackupError
from core.paths import DataFolder
from core.restore import back_up_the_present, plan_restore, replace_the_present
from core.sync import Progress as ProgressCall
from core.world_backup import make_backup, make_backup_at
from desktop_app.shell import Progress, locked, settings_for
from desktop_app.undertaking import Undertaking

EXIT_OK = 0
EXIT_FINDINGS = 1
_SLOW_S = 1.0


async def backup(options: argparse.Namespace, folder: DataFolder, undertaking: Undertaking) -> int:
    """Back the world up into the folder of backups, or into a file of the user's choice."""
    with locked(options, folder) as settings:
        url = settings.database_url or folder.database_url
        _refuse_no_world(url)
        shelf, progress = BackupShelf(folder.backups), Progress(_SLOW_S)
        if options.file is None:
            reason, before_change = BackupReason.MANUAL, undertaking.go_through
            made = await make_backup(url, shelf, reason, progress, before_change)
            file = shelf.path_of(made.name)
        else:
            file = options.file.resolve()
            if file.exists():
                raise BackupError(f"{file} exists already; choose another name")
            made = await make_backup_at(url, file, progress)
        undertaking.done(f"backed up to {file}, which was not checked any more")
        report = await check_file(file, settings, progress)
        _note_verified(file, report)
    print(f"backed up to {file}: {made.bytes} bytes, {_verdict(report)}")
    return _print_findings(report)


def _refuse_no_world(url: str) -> None:
    path = sqlite_path(async_url(url))
    if path is not None and not path.exists():
        raise BackupError(f"there is no world in {path.parent} to back up")


def _note_verified(file: Path, report: CheckReport) -> None:
    manifest = read_manifest(file)
    if manifest is not None:
        write_manifest(file, manifest.looked_at(report.findings))


def _verdict(report: CheckReport) -> str:
    return "NOT verified" if report.findings else "verified"


async def backups(
    options: argparse.Namespace, folder: DataFolder, _undertaking: Undertaking
) -> int:
    """List the backups, oldest first; the world may run meanwhile."""
    manifests = BackupShelf(folder.backups).manifests()
    for manifest in manifests:
        print(_listed(manifest))
    if not manifests:
        print(f"there are no backups in {folder.backups}")
    return EXIT_OK


def _listed(manifest: Manifest) -> str:
    verified = {None: "not looked at yet", True: "verified", False: "NOT verified"}
    players, planets = (manifest.rows.get(table, 0) for table in ("players", "planets"))
    found = f": {manifest.findings[0]}" if manifest.findings else ""
    return (
        f"{manifest.name}  {players} players, {planets} planets, {manifest.bytes} bytes,"
        f" revision {manifest.revision}, {verified[manifest.verified]}{found}"
    )


async def check(options: argparse.Namespace, folder: DataFolder, _undertaking: Undertaking) -> int:
    """Check the world at rest, or a file; print one line for each finding."""
    progress: ProgressCall = Progress(_SLOW_S)
    if options.file is not None:
        settings = settings_for(options, folder)
        report = await check_file(options.file.resolve(), settings, progress)
    else:
        with locked(options, folder) as settings:
            url = settings.database_url or folder.database_url
            report = await check_database(url, settings, progress)
    if options.json:
        print(json.dumps(report.as_json()))
        return EXIT_FINDINGS if report.findings else EXIT_OK
    if not report.findings:
        print(
            f"{report.what} is sound: {report.players} players, {report.planets} planets,"
            f" revision {report.revision or 'none'}"
        )
    return _print_findings(report)


def _print_findings(report: CheckReport) -> int:
    for finding in report.findings:
        print(finding)
    return EXIT_FINDINGS if report.findings else EXIT_OK


async def restore_backup(
    options: argparse.Namespace, folder: DataFolder, undertaking: Undertaking
) -> int:
    """Put a backup in place of the present world, which is backed up first."""
    if not options.yes and not sys.stdin.isatty():
        raise StarkeepError("there is nobody to confirm the restore here; say --yes")
    with locked(options, folder) as settings:
        url = settings.database_url or folder.database_url
        shelf, progress = BackupShelf(folder.backups), Progress(_SLOW_S)
        file = _file_of(options.file, shelf)
        report = await plan_restore(file, url)
        await _refuse_damaged(file, settings, progress)
        for line in report.lines():
            print(line)
        if not options.yes and not _confirmed():
            print("nothing was changed")
            return EXIT_OK
        kept = await back_up_the_present(url, shelf, progress, undertaking.go_through)
        if kept is not None:
            undertaking.done(f"the world was backed up to {shelf.folder / kept.name}")
        await replace_the_present(file, url, shelf, folder.secret, progress, undertaking.go_through)
        print("restored")
        if kept is not None:
            print(f"the world from before is in {shelf.folder / kept.name}")
    return EXIT_OK


def _file_of(given: Path, shelf: BackupShelf) -> Path:
    """Return a file by its path, or a backup by the name under which it is listed."""
    if given.is_file():
        return given.resolve()
    try:
        return shelf.path_of(str(given))
    except UnknownBackupError:
        raise UnknownBackupError(f"there is no file {given}, and no backup of that name") from None


async def _refuse_damaged(file: Path, settings: Settings, progress: ProgressCall) -> None:
    checked = await check_file(file, settings, progress)
    if checked.findings:
        raise BackupError(f"{file} is not to be restored: {checked.findings[0]}")


def _confirmed() -> bool:
    """Ask; Ctrl+C is no. While somebody thinks the event loop stands still, and its handlers."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return input("Replace the present world? [yes/no] ").strip().lower() in ("y", "yes")
    except (EOFError, KeyboardInterrupt):
        return False
    finally:
        signal.signal(signal.SIGINT, before)
