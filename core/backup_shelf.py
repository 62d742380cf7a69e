"""The backups of a world: a folder of SQLite files, each with a manifest beside it.

A backup is there when both of its files are: the manifest is written first, and the database gets
its name when it is complete. So a process that is killed leaves no half backup on the list.
"""

from __future__ import annotations

import json
import logging
import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any

import core
from core.backup import existing
from core.durable_files import put_in_place, write_whole
from core.errors import UnknownBackupError

log = logging.getLogger(__name__)

MANIFEST_SUFFIX = ".json"
_DATABASE_SUFFIX = ".db"
# Their logs included.
_UNFINISHED = re.compile(r"\.(part|new)(-\w+)?$")
_NAME = re.compile(r"\d{8}T\d{6}Z(?:-\d+)?-[a-z-]+\.db")


class BackupReason(Enum):
    """Why a backup was made."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    BEFORE_MIGRATION = "before-migration"
    BEFORE_RESTORE = "before-restore"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is known of a backup; `verified` is None until it has been looked at.

    `rows` are counts by table, `findings` sentences about what is wrong with it.
    """

    name: str
    made_at: datetime
    reason: BackupReason
    revision: str | None
    world_time: float | None
    tick: int | None
    rows: Mapping[str, int]
    bytes: int
    program_version: str = core.__version__
    verified: bool | None = None
    findings: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        made_at = self.made_at.astimezone(UTC).isoformat(timespec="microseconds")
        values["made_at"] = made_at.replace("+00:00", "Z")
        values["reason"] = self.reason.value
        values["findings"] = list(self.findings)
        return values

    def looked_at(self, findings: Sequence[str]) -> Manifest:
        """Return it with what a look at the backup has found; nothing found means verified."""
        return replace(self, verified=not findings, findings=tuple(findings))

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Manifest:
        """Return the manifest that `as_json` gave. Raise ValueError if it is none."""
        try:
            return cls(
                **{
                    **values,
                    "made_at": datetime.fromisoformat(values["made_at"]),
                    "reason": BackupReason(values["reason"]),
                    "findings": tuple(values["findings"]),
                }
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a manifest: {error}") from error


def manifest_path(database: Path) -> Path:
    """Return where the manifest of a backup lies: beside it."""
    return database.with_name(database.name + MANIFEST_SUFFIX)


def read_manifest(database: Path) -> Manifest | None:
    """Return the manifest beside a file, None if there is none that can be read."""
    try:
        text = manifest_path(database).read_text(encoding="utf-8")
        return Manifest.from_json(json.loads(text))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        log.warning("the manifest of %s cannot be read: %s", database, error)
        return None


def write_manifest(database: Path, manifest: Manifest) -> None:
    text = json.dumps(manifest.as_json(), indent=2) + "\n"
    write_whole(manifest_path(database), text.encode())


def describe(database: Path, name: str, made_at: datetime, reason: BackupReason) -> Manifest:
    """Return the manifest of a complete copy. Raise sqlite3.Error if it cannot be read."""
    with closing(existing(database, "ro")) as connection:
        rows = count_rows(connection)
        clock = (
            connection.execute("SELECT world_time, tick FROM world_clock").fetchone()
            if "world_clock" in rows
            else None
        )
        return Manifest(
            name=name,
            made_at=made_at,
            reason=reason,
            revision=revision_of(connection),
            world_time=None if clock is None else clock[0],
            tick=None if clock is None else clock[1],
            rows=rows,
            bytes=database.stat().st_size,
        )


def count_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%'"
        " ESCAPE '\\' ORDER BY name"
    ).fetchall()
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
        for (name,) in names
    }


def revision_of(connection: sqlite3.Connection) -> str | None:
    """Return the revision of a database, None if it has none."""
    try:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError:
        return None
    return None if found is None else found[0]


class BackupShelf:
    """The folder of backups of one world. Its methods wait for the disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path_of(self, name: str) -> Path:
        """Return the file of a backup that is listed. Raise UnknownBackupError for other names."""
        path = self.folder / name
        if _NAME.fullmatch(name) is None or not path.is_file() or not manifest_path(path).is_file():
            raise UnknownBackupError(f"there is no backup called {name}")
        return path

    def manifests(self) -> tuple[Manifest, ...]:
        """Return the manifests of all backups, oldest first."""
        found = []
        for path in self.folder.glob(f"*{_DATABASE_SUFFIX}"):
            manifest = read_manifest(path) if _NAME.fullmatch(path.name) else None
            if manifest is not None:
                # The file's own name counts: somebody may have renamed it.
                found.append(replace(manifest, name=path.name))
        return tuple(sorted(found, key=lambda manifest: (manifest.made_at, manifest.name)))

    def newest(self) -> Manifest | None:
        manifests = self.manifests()
        return manifests[-1] if manifests else None

    def new_name(self, made_at: datetime, reason: BackupReason) -> str:
        """Return a name that no backup has."""
        stamp = made_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        name, number = f"{stamp}-{reason.value}{_DATABASE_SUFFIX}", 1
        while (self.folder / name).exists():
            number += 1
            name = f"{stamp}-{number}-{reason.value}{_DATABASE_SUFFIX}"
        return name

    def begin(self) -> None:
        """Make the folder, and clear away what a process that was killed has left."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            database = path.name.removesuffix(MANIFEST_SUFFIX)
            orphan = database != path.name and not (self.folder / database).exists()
            if _UNFINISHED.search(path.name) or (orphan and _NAME.fullmatch(database)):
                path.unlink(missing_ok=True)

    def add(self, copy: Path, manifest: Manifest) -> None:
        """Take in a complete copy: from now on it is listed."""
        target = self.folder / manifest.name
        write_manifest(target, manifest)
        put_in_place(copy, target)

    def note_verified(self, name: str, findings: Sequence[str]) -> Manifest:
        """Write down what a look at a backup has found. Raise UnknownBackupError."""
        path = self.path_of(name)
        manifest = read_manifest(path)
        if manifest is None:
            raise UnknownBackupError(f"there is no backup called {name}")
        looked_at = replace(manifest, name=name).looked_at(findings)
        write_manifest(path, looked_at)
        return looked_at

    def delete(self, name: str) -> None:
        """Delete a backup. It leaves the list first: killed in between, no half of it is on it."""
        path = self.path_of(name)
        path.unlink()
        manifest_path(path).unlink(missing_ok=True)
