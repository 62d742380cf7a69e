"""Where the log goes: a rotated file in the data folder, and standard error when headless.

Threads of their own write it (desktop_app/log_writer.py).
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from core.errors import FolderError
from desktop_app.log_sinks import RotatedFile, StandardError
from desktop_app.log_writer import LogWriter

_FILE_BYTES_MAX = 5_000_000
_FILES_KEPT = 5
_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_QT_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
}
LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


def keep_quiet() -> None:
    """Print nothing that nobody asked for: a start that fails says so in one line of its own.

    Qt's messages go the way of all others, but for the last words before it ends the process.
    """
    logging.getLogger().addHandler(logging.NullHandler())
    qInstallMessageHandler(_take_qt_message)


def _take_qt_message(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    if kind is QtMsgType.QtFatalMsg:
        print(message, file=sys.stderr, flush=True)
    logging.getLogger("qt").log(_QT_LEVELS.get(kind, logging.ERROR), message)
    if kind is QtMsgType.QtFatalMsg:
        flush()


def log_to_file(folder: Path, level: str) -> None:
    """Send everything of at least `level` to starkeep.log in `folder`.

    Raise FolderError if it cannot be written there.
    """
    path = folder / "starkeep.log"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = RotatedFile(path, bytes_max=_FILE_BYTES_MAX, files_kept=_FILES_KEPT)
    except OSError as error:
        raise FolderError.of(
            path, error, "make room for a folder there that you may write to"
        ) from None
    _add(LogWriter(path.name, file), level)
    # They tell of every statement, every timer and every request.
    for chatty in ("sqlalchemy", "aiosqlite", "qasync", "asyncio", "alembic", "uvicorn", "httpx"):
        logging.getLogger(chatty).setLevel(max(LEVELS[level], logging.WARNING))


def log_to_stderr(level: str) -> None:
    """Send it to standard error, too."""
    stream = sys.stderr
    _add(LogWriter("standard error", StandardError(stream), encoding=stream.encoding), level)


def flush() -> None:
    """Wait until everything is written, but not for ever."""
    for handler in logging.getLogger().handlers:
        handler.flush()


def say(text: str) -> None:
    """Print a line to standard error, unless nobody takes it there for a while."""
    writer = LogWriter("standard error", StandardError(sys.stderr), encoding=sys.stderr.encoding)
    writer.handle(logging.makeLogRecord({"msg": text}))
    writer.close()


def lines_lost() -> int:
    """Return how many lines could not be written."""
    handlers = logging.getLogger().handlers
    return sum(each.lines_lost for each in handlers if isinstance(each, LogWriter))


def _add(handler: logging.Handler, level: str) -> None:
    handler.setFormatter(logging.Formatter(_FORMAT))
    root = logging.getLogger()
    root.setLevel(LEVELS[level])
    root.addHandler(handler)
