"""One window per world: a second start raises the window of the first and ends."""

from __future__ import annotations

import asyncio
import getpass
import hashlib

from PySide6.QtCore import QObject, Qt
from PySide6.QtNetwork import QLocalServer, QLocalSocket
from PySide6.QtWidgets import QWidget

from core.paths import DataFolder

RAISED = b"raised\n"
ANSWER_TIMEOUT_S = 2.0


def server_name(folder: DataFolder) -> str:
    """Return the name under which the first instance of a world listens for this user."""
    whose = f"{getpass.getuser()}\0{folder.root.resolve()}"
    return "starkeep-" + hashlib.sha256(whose.encode()).hexdigest()[:16]


async def raise_first_instance(folder: DataFolder) -> bool:
    """Ask the instance that has this world open to show its window; say whether it answered."""
    answered: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def settle(answer: bool) -> None:
        if not answered.done():
            answered.set_result(answer)

    socket = QLocalSocket()
    socket.readyRead.connect(lambda: settle(socket.readAll().data() == RAISED))
    socket.errorOccurred.connect(lambda _error: settle(False))
    socket.connectToServer(server_name(folder))
    try:
        return await asyncio.wait_for(answered, ANSWER_TIMEOUT_S)
    except TimeoutError:
        return False
    finally:
        socket.abort()
        socket.deleteLater()


class FirstInstance(QObject):
    """Shows its window when the same world is opened a second time.

    Make it only while holding the world's lock: a server of this name that is there all the same
    was left behind by a crash.
    """

    def __init__(self, folder: DataFolder, window: QWidget) -> None:
        super().__init__()
        self._window = window
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._take_connections)
        QLocalServer.removeServer(server_name(folder))
        self._server.listen(server_name(folder))

    def close(self) -> None:
        """Listen no more."""
        self._server.close()

    def _take_connections(self) -> None:
        """Whoever connects wants the window, and has nothing else to say."""
        while self._server.hasPendingConnections():
            socket = self._server.nextPendingConnection()
            socket.disconnected.connect(socket.deleteLater)
            socket.write(RAISED)
            socket.disconnectFromServer()
            raise_window(self._window)


def raise_window(window: QWidget) -> None:
    """Bring a window to the front, also if it is minimised or hidden."""
    window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
    window.show()
    window.raise_()
    window.activateWindow()
