"""desktop_app.log_sinks; what comes of them together is in test_logs.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from desktop_app.log_sinks import RotatedFile, StandardError
from tests.desktop_app.test_logs import fill


def test_that_a_full_file_makes_room_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    for run in ("a", "b"):
        # A second run goes on where the first has stopped.
        file = RotatedFile(path, bytes_max=6, files_kept=2)
        for number in range(4):
            file.write(f"{run}{number}\n".encode())
        file.close()
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {
        "x.log": "b2\nb3\n",
        "x.log.1": "b0\nb1\n",
        "x.log.2": "a2\na3\n",
    }


def test_that_a_line_longer_than_a_file_has_one_of_its_own(tmp_path: Path) -> None:
    file = RotatedFile(tmp_path / "x.log", bytes_max=6, files_kept=1)
    for line in (b"short\n", b"much longer\n", b"last\n"):
        file.write(line)
    file.close()
    assert (tmp_path / "x.log").read_bytes() == b"last\n"
    assert (tmp_path / "x.log.1").read_bytes() == b"much longer\n"


def test_that_a_file_that_could_not_be_renamed_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = RotatedFile(tmp_path / "x.log", bytes_max=6, files_kept=1)
    file.write(b"one\n")
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(PermissionError("in use")))
        with pytest.raises(PermissionError):
            file.write(b"two\n")
    file.write(b"three\n")
    file.close()
    assert (tmp_path / "x.log").read_bytes() == b"three\n"
    assert (tmp_path / "x.log.1").read_bytes() == b"one\n"


def test_that_a_stream_that_takes_nothing_now_is_an_error() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading), os.fdopen(writing, "w") as full:
        fill(writing)
        os.set_blocking(writing, False)
        with pytest.raises(BlockingIOError):
            StandardError(full).write(b"a line\n")
