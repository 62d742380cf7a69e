"""Starts the program many times without importing it each time: a process that forks it.

What is started is the program, in a process of its own; only the two seconds are saved that every
start spends on imports.

    python -m tests.end_to_end.warm_start FD [MUTATION …]      (see tests.end_to_end.mutations)
"""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.end_to_end.program import START_TIMEOUT_S, environment

_MESSAGE_BYTES_MAX = 65_536
_FORKED = "forked"
_ENDED = "ended"
_SEEN = b"seen"


class ForkedProcess:
    """The program, forked; what the tests use of subprocess.Popen."""

    def __init__(self, door: socket.socket, stdout_fd: int) -> None:
        self.door = door
        self.stdout = os.fdopen(stdout_fd, "r", encoding="utf-8")
        self.pid = int(self._hear(_FORKED))
        self.returncode: int | None = None

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = START_TIMEOUT_S) -> int:
        if self.returncode is None:
            self.door.settimeout(timeout)
            returncode = int(self._hear(_ENDED))
            self.door.send(_SEEN)
            self.returncode = returncode
        return self.returncode

    def _hear(self, what: str) -> str:
        message = self.door.recv(_MESSAGE_BYTES_MAX).decode()
        assert message.startswith(what), message
        return message.removeprefix(what)


class WarmStart:
    """The other end of the process that forks."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door

    @contextmanager
    def starting(
        self, data_dir: Path, *options: str, env: dict[str, str] | None = None
    ) -> Iterator[ForkedProcess]:
        """Begin to host a world headless; at the end of the block the process is gone."""
        arguments = ["--headless", "--data-dir", str(data_dir), "--port", "0", *options]
        message = json.dumps({"arguments": arguments, "env": environment(env)}).encode()
        read_fd, write_fd = os.pipe()
        with (data_dir.parent / "stderr.txt").open("a") as log:
            self._door.settimeout(START_TIMEOUT_S)
            socket.send_fds(self._door, [message], [write_fd, log.fileno()])
        os.close(write_fd)
        process = ForkedProcess(self._door, read_fd)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@contextmanager
def warm_start(mutations: Sequence[str] = ()) -> Iterator[WarmStart]:
    """Keep a process that forks the program until the end of the block."""
    with ExitStack() as stack:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        stack.enter_context(ours)
        with theirs:
            fd = theirs.fileno()
            command = [sys.executable, "-m", __name__, str(fd), *mutations]
            process = subprocess.Popen(command, pass_fds=[fd], env=environment(None))
        stack.callback(process.wait)
        # It ends when nobody holds the other end any more.
        stack.callback(ours.close)
        yield WarmStart(ours)


# The process that forks ---------------------------------------------------------------------------


def main() -> int:
    from tests.end_to_end import mutations

    door = socket.socket(fileno=int(sys.argv[1]))
    mutations.apply(sys.argv[2:])
    import_program()
    while True:
        message, fds, _, _ = socket.recv_fds(door, _MESSAGE_BYTES_MAX, 2)
        if not message:
            return 0
        request = json.loads(message)
        pid = os.fork()
        if pid == 0:
            door.close()
            _become_the_program(request, array.array("i", fds))
        for fd in fds:
            os.close(fd)
        door.send(f"{_FORKED}{pid}".encode())
        _tell_the_end(door, pid)


def _tell_the_end(door: socket.socket, pid: int) -> None:
    """Say how a process has ended, and let its id go only when that was seen.

    It may end by itself a moment before it is killed: until then the signal must find it, and
    nobody else.
    """
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
    door.send(f"{_ENDED}{code}".encode())
    door.recv(len(_SEEN))
    os.waitpid(pid, 0)


def import_program() -> None:
    import desktop_app.application
    import desktop_app.session  # noqa: F401


def _become_the_program(request: dict[str, Any], fds: Sequence[int]) -> None:
    os.environ.clear()
    os.environ.update(request["env"])
    os.dup2(fds[0], 1)
    os.dup2(fds[1], 2)
    for fd in fds:
        os.close(fd)
    code = 70
    try:
        from desktop_app.__main__ import main as run

        code = run(request["arguments"])
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
