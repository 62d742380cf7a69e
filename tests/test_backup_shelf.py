"""The list of backups: what is on it is whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.backup_shelf import (
    BackupReason,
    BackupShelf,
    Manifest,
    manifest_path,
    read_manifest,
)
from core.errors import UnknownBackupError
from tests.backups import NOON, manifest


@pytest.fixture
def shelf(tmp_path: Path) -> BackupShelf:
    shelf = BackupShelf(tmp_path / "backups")
    shelf.begin()
    return shelf


def put(shelf: BackupShelf, reason: BackupReason = BackupReason.MANUAL) -> Manifest:
    name = shelf.new_name(NOON, reason)
    copy = shelf.folder / f"{name}.new"
    copy.write_bytes(b"a database")
    made = manifest(reason=reason, name=name, verified=None)
    shelf.add(copy, made)
    return made


def test_that_a_manifest_comes_back_as_it_was(shelf: BackupShelf) -> None:
    made = put(shelf)
    assert read_manifest(shelf.path_of(made.name)) == made
    text = json.loads(manifest_path(shelf.path_of(made.name)).read_text())
    assert text["made_at"] == "2026-03-04T12:00:00.000000Z"
    assert text["verified"] is None


def test_that_two_of_one_second_have_different_names(shelf: BackupShelf) -> None:
    names = [put(shelf).name for _ in range(3)]
    assert len(set(names)) == 3
    assert {m.name for m in shelf.manifests()} == set(names)


def test_that_nothing_but_whole_backups_is_listed(shelf: BackupShelf) -> None:
    made = put(shelf)
    name = shelf.new_name(NOON, BackupReason.SCHEDULED)
    (shelf.folder / name).write_bytes(b"without a manifest")
    manifest_path(shelf.folder / f"x{name}").write_text("{}")
    broken = put(shelf)
    manifest_path(shelf.folder / broken.name).write_text('{"name": 1}')
    assert [m.name for m in shelf.manifests()] == [made.name]


def test_that_what_a_kill_has_left_is_cleared_away(shelf: BackupShelf) -> None:
    made = put(shelf)
    name = "20260101T000000Z-manual.db"
    for left in (f"{name}.new", f"{name}.new.part-journal", f"{name}.new-wal", f"{name}.json"):
        (shelf.folder / left).write_bytes(b"half")
    (shelf.folder / "notes.txt").write_text("mine")
    shelf.begin()
    assert {path.name for path in shelf.folder.iterdir()} == {
        made.name,
        f"{made.name}.json",
        "notes.txt",
    }


@pytest.mark.parametrize(
    "name",
    ["", "..", "../world.db", "/etc/passwd", "20260304T120000Z-manual.db/../../world.db", "x.db"],
)
def test_that_no_other_file_can_be_named(shelf: BackupShelf, name: str) -> None:
    (shelf.folder.parent / "world.db").write_bytes(b"the world")
    (shelf.folder / "x.db").write_bytes(b"somebody's")
    with pytest.raises(UnknownBackupError):
        shelf.path_of(name)


def test_that_findings_make_a_backup_unsound(shelf: BackupShelf) -> None:
    made = put(shelf)
    assert shelf.note_verified(made.name, ()).verified is True
    again = shelf.note_verified(made.name, ("row 3 is missing",))
    assert (again.verified, again.findings) == (False, ("row 3 is missing",))
    assert shelf.newest() == again


def test_that_a_deleted_backup_is_gone_with_its_manifest(shelf: BackupShelf) -> None:
    made = put(shelf)
    shelf.delete(made.name)
    assert list(shelf.folder.iterdir()) == []
    assert shelf.newest() is None
