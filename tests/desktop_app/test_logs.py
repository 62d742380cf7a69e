"""desktop_app.logs"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import qCritical, qInstallMessageHandler, qWarning

from desktop_app import logs

log = logging.getLogger("core.game")


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Give handlers, levels and Qt's messages back as they were."""
    root = logging.getLogger()
    loggers = [root, *map(logging.getLogger, root.manager.loggerDict)]
    handlers, levels = list(root.handlers), [logger.level for logger in loggers]
    qt_handler = qInstallMessageHandler(None)
    qInstallMessageHandler(qt_handler)
    yield
    qInstallMessageHandler(qt_handler)
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def written(folder: Path) -> list[str]:
    logs.flush()
    return (folder / "starkeep.log").read_text(encoding="utf-8").splitlines()


def test_that_a_line_tells_level_source_and_text(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    logs.log_to_file(folder, "info")
    log.warning("%s’s planet is full", "Ödön")
    (line,) = written(folder)
    assert line.endswith(" WARNING core.game: Ödön’s planet is full")


@pytest.mark.parametrize(
    ("level", "expected"),
    [("debug", ["d", "i", "w"]), ("info", ["i", "w"]), ("warning", ["w"])],
)
def test_that_only_what_is_serious_enough_is_written(
    tmp_path: Path, level: str, expected: list[str]
) -> None:
    logs.log_to_file(tmp_path, level)
    log.debug("d")
    log.info("i")
    log.warning("w")
    assert [line.split()[-1] for line in written(tmp_path)] == expected


@pytest.mark.parametrize("name", ["sqlalchemy.engine", "aiosqlite", "asyncio", "alembic.runtime"])
def test_that_chatty_libraries_are_only_heard_when_they_warn(tmp_path: Path, name: str) -> None:
    logs.log_to_file(tmp_path, "debug")
    logging.getLogger(name).info("a statement with a password")
    logging.getLogger(name).warning("a warning")
    (line,) = written(tmp_path)
    assert line.endswith("a warning")


def test_that_the_files_never_take_more_than_their_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "_FILE_BYTES_MAX", 1000)
    logs.log_to_file(tmp_path, "info")
    for number in range(200):
        log.info("line %d", number)
    assert written(tmp_path)[-1].endswith("line 199")
    files = list(tmp_path.iterdir())
    assert len(files) == 1 + logs._FILES_KEPT
    assert all(file.stat().st_size <= 1000 for file in files)


def test_that_standard_error_hears_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.log_to_file(tmp_path, "info")
    logs.log_to_stderr("info")
    log.info("the world is running")
    lines = written(tmp_path)
    assert capsys.readouterr().err.splitlines() == lines


def test_that_nobody_waits_for_a_pipe_that_nobody_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", 0) as unread, os.fdopen(writing, "w") as full:
        fill(full.fileno())
        monkeypatch.setattr(sys, "stderr", full)
        logs.log_to_stderr("info")
        others = set(logging.getLogger().handlers)
        logs.log_to_file(tmp_path, "info")
        (to_file,) = set(logging.getLogger().handlers) - others
        logger = threading.Thread(target=log.warning, args=("changes cannot be saved",))
        logger.start()
        logger.join(5.0)
        waits = logger.is_alive()
        # What hangs holds up nobody else.
        to_file.flush()
        lines = [] if waits else (tmp_path / "starkeep.log").read_text(encoding="utf-8")
        unread.read(1 << 20)
        logger.join()
        logs.flush()
    assert not waits
    assert "changes cannot be saved" in lines


def fill(pipe: int) -> None:
    os.set_blocking(pipe, False)
    try:
        while True:
            os.write(pipe, b"x" * 512)
    except BlockingIOError:
        os.set_blocking(pipe, True)


def test_that_messages_of_qt_are_logged_with_their_level(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.keep_quiet()
    qWarning("a font is missing")
    qCritical("a window is missing")
    assert caplog.record_tuples == [
        ("qt", logging.WARNING, "a font is missing"),
        ("qt", logging.ERROR, "a window is missing"),
    ]
    assert capfd.readouterr().err == ""


def test_that_nothing_is_printed_that_nobody_asked_for() -> None:
    ended = run("log.error('before'); logs.keep_quiet(); log.error('after')")
    assert ended.stderr == "before\n"


def test_that_the_last_words_of_qt_are_printed() -> None:
    # It ends the process.
    ended = run("logs.keep_quiet(); QGuiApplication([])", QT_QPA_PLATFORM="none")
    assert ended.returncode != 0
    assert "no Qt platform plugin could be initialized" in ended.stderr


@pytest.mark.parametrize("end", ["", "raise OSError('lost')", "qFatal('lost')"])
def test_that_the_last_lines_are_written_however_the_program_ends(tmp_path: Path, end: str) -> None:
    first = f"logs.keep_quiet(); logs.log_to_file(Path({str(tmp_path)!r}), 'info')"
    run(f"{first}; [log.info('line %d', number) for number in range(2000)]; {end}")
    numbers = [line.split()[-1] for line in written(tmp_path) if "core.game: line" in line]
    assert numbers == [str(number) for number in range(2000)]


def test_that_a_pipe_that_nobody_reads_keeps_no_program_from_its_end() -> None:
    statements = (
        "import tests.desktop_app.test_logs as test; test.fill(2); logs.log_to_stderr('info')"
    )
    program = [
        sys.executable,
        "-c",
        f"{_IMPORTS}; {statements}; log.info('to nobody'); logs.say('not saved')",
    ]
    with subprocess.Popen(program, stderr=subprocess.PIPE) as process:
        try:
            assert process.wait(60) == 0
        finally:
            process.kill()


_IMPORTS = (
    "import logging; from pathlib import Path; from PySide6.QtCore import qFatal;"
    " from PySide6.QtGui import QGuiApplication; from desktop_app import logs;"
    " log = logging.getLogger('core.game')"
)


def run(statements: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run statements in a process in which nobody has touched the log yet."""
    return subprocess.run(
        [sys.executable, "-c", f"{_IMPORTS}; {statements}"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
        check=False,
    )
