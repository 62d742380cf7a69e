"""Where a world lies, whatever the folder is called."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.database import async_url, sqlite_path
from core.migrate import migrate, newest_revisions, revisions_of
from core.paths import DataFolder

NAMES = [
    "who?one",
    "100%",
    "a%20b",
    "a#b&c=d",
    "user:secret@host",
    ":memory:",
    "file:a",
    "Größe 星",
    pytest.param(os.fsdecode(b"not-\xff-utf-8"), id="not UTF-8"),
]


@pytest.mark.sqlite_file
@pytest.mark.parametrize("name", NAMES)
def test_that_the_url_of_a_folder_names_the_file_in_it(name: str) -> None:
    for folder in (Path("/worlds") / name, Path(name)):
        assert sqlite_path(async_url(DataFolder(folder).database_url)) == folder / "world.db"


@pytest.mark.sqlite_file
@pytest.mark.parametrize("name", ["who?one", "a%20b", ":memory:", os.fsdecode(b"\xff")])
async def test_that_a_world_lies_in_its_folder_alone(tmp_path: Path, name: str) -> None:
    folder = DataFolder(tmp_path / name)
    folder.create()
    await migrate(async_url(folder.database_url))
    assert await revisions_of(async_url(folder.database_url)) == newest_revisions()
    assert folder.database.exists()
    assert list(tmp_path.iterdir()) == [folder.root]
