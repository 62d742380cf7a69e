"""Qt's event loop as the asyncio loop of the program: the persistence loop."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import sys
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextvars import Context
from types import ModuleType
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimerEvent, Signal

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


# A save has a dozen callbacks called, most by another, and Qt's way from one turn to the next takes
# longer than a callback.
_ROUNDS_A_TURN = 4


class _Ready(QObject):
    """What is to be called at the loop's next turn, from whatever thread it was handed in."""

    _woken = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.handles: deque[asyncio.Handle] = deque()
        # The timer of the next turn, 0 if there is none.
        self._next_turn = 0
        self._is_woken = False
        self._woken.connect(self._wake_up, Qt.ConnectionType.QueuedConnection)

    def add(self, handle: asyncio.Handle) -> None:
        """Call something at the next turn. The loop's own thread alone."""
        self.handles.append(handle)
        self._ask_for_turn()

    def add_from_elsewhere(self, handle: asyncio.Handle) -> None:
        """Call something at the next turn; any thread."""
        self.handles.append(handle)
        # Whoever finds it set has added before it is taken back, and so before anything is called.
        if not self._is_woken:
            self._is_woken = True
            self._woken.emit()

    def _ask_for_turn(self) -> None:
        # One timer for all that is called at a turn, since to start and to kill it costs more than
        # a call; and a new one for each, because none goes off within itself, in a loop of Qt's own
        # that one of the calls may run. Events that are posted instead would let nothing else in.
        if not self._next_turn:
            self._next_turn = self.startTimer(0)

    def _let_turn_go(self) -> None:
        if self._next_turn:
            self.killTimer(self._next_turn)
            self._next_turn = 0

    def timerEvent(self, _event: QTimerEvent) -> None:
        self._let_turn_go()
        self._take_turn()

    def _wake_up(self) -> None:
        self._is_woken = False
        self._take_turn()

    def _take_turn(self) -> None:
        """Call all that is there now, and what that adds, up to so many times over."""
        handles = self.handles
        try:
            for _ in range(_ROUNDS_A_TURN):
                for _ in range(len(handles)):
                    if handles and not (handle := handles.popleft()).cancelled():
                        handle._run()
        finally:
            if handles:
                self._ask_for_turn()
            else:
                self._let_turn_go()


class HostLoop(qasync.QEventLoop):
    """qasync's loop with timers that are never early and a door that says when it is shut.

    WORKAROUND: qasync 0.28 cuts delays to whole milliseconds, so sleeps end early and loops spin
    through their last one; after close() it drops what other threads hand in, silently; and it
    makes a timer of Qt for each callback, so that a save has a dozen of them made.
    """

    def __init__(self, app: QCoreApplication) -> None:
        self._ready_handles = _Ready()
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
        handle = asyncio.Handle(callback, args, self, context)
        self._ready_handles.add_from_elsewhere(handle)
        return handle

    def call_soon(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        handle = asyncio.Handle(callback, args, self, context)
        self._ready_handles.add(handle)
        return handle

    def close(self) -> None:
        super().close()
        self._ready_handles.handles.clear()
