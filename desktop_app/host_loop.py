"""Qt's event loop as the asyncio loop of the program: the persistence loop."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextvars import Context
from types import ModuleType
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, Qt

os.environ.setdefault("QT_API", "pyside6")

T = TypeVar("T")


@contextlib.contextmanager
def _without_window_modules() -> Iterator[None]:
    """Let qasync be imported without Qt's window modules, unless they are loaded already.

    WORKAROUND: qasync 0.28 imports them only to know QApplication. They link to the libraries of a
    display, which a headless host does not have, and take a quarter of a second.
    """
    stand_in = ModuleType("stand_in")
    stand_in.QApplication = QCoreApplication  # type: ignore[attr-defined]
    names = [name for name in ("PySide6.QtGui", "PySide6.QtWidgets") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(names, stand_in))
    try:
        yield
    finally:
        for name in names:
            del sys.modules[name]


with _without_window_modules():
    import qasync


class _PreciseTimer(qasync._SimpleTimer):
    """Qt's default timers are up to 5 % off, early as well as late."""

    def startTimer(self, ms: int, *_: Any) -> int:
        return int(super().startTimer(ms, Qt.TimerType.PreciseTimer))


class HostLoop(qasync.QEventLoop):
    """qasync's loop with timers that are never early and a door that says when it is shut.

    WORKAROUND: qasync 0.28 cuts delays to whole milliseconds, so sleeps end early and loops spin
    through their last one; and after close() it drops what other threads hand in, silently.
    """

    def __init__(self, app: QCoreApplication) -> None:
        super().__init__(app)
        self._timer = _PreciseTimer()

    def run_until_complete(self, future: Awaitable[T]) -> T:
        """Run until a future is done. Raise RuntimeError if somebody ended Qt's loop before.

        WORKAROUND: qasync 0.28 lets Qt process events once more when its loop has ended. A task
        whose turn comes then finds no running loop and breaks off wherever it is.
        """
        task = asyncio.ensure_future(future, loop=self)

        def stop(_done: asyncio.Future[T]) -> None:
            self.stop()

        task.add_done_callback(stop)
        try:
            self.run_forever()
        finally:
            task.remove_done_callback(stop)
        if not task.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return task.result()

    def _add_callback(self, handle: asyncio.Handle, delay: float = 0) -> Any:
        whole_ms = math.ceil(delay * 1000 - 1e-6) / 1000 if delay > 0 else 0
        return super()._add_callback(handle, whole_ms)

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> Any:
        if self.is_closed():
            raise RuntimeError("Event loop is closed")
        return super().call_soon_threadsafe(callback, *args, context=context)
