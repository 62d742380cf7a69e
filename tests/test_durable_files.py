"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.durable_files import create_for_owner, put_in_place, write_whole


def test_that_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_that_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "copy.db"
    path.write_bytes(b"for everybody")
    create_for_owner(path)
    assert path.read_bytes() == b""
    assert path.stat().st_mode & 0o077 == 0


def test_that_a_file_is_on_the_disk_before_it_gets_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    fsync, replace = os.fsync, os.replace

    def note_fsync(descriptor: int) -> None:
        said.append("fsync")
        fsync(descriptor)

    def note_replace(source: Path, target: Path) -> None:
        said.append("rename")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", note_fsync)
    monkeypatch.setattr(os, "replace", note_replace)
    (tmp_path / "new").write_bytes(b"new")
    put_in_place(tmp_path / "new", tmp_path / "world.db")
    assert said == ["fsync", "rename", "fsync"]
