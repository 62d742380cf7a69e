"""Starts the program many times without importing it each time: a process that forks it.

What is started is the program, in a process of its own; only the two seconds are saved that every
start spends on imports.

    python -m tests.end_to_end.warm_start FD [MUTATION …]      (see tests.end_to_end.mutations)
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryFile
from typing import Any, NoReturn

from core import verification
from tests.end_to_end.program import START_TIMEOUT_S, environment

_MESSAGE_BYTES_MAX = 65_536
_FORKED = "forked"
_ENDED = "ended"
_SEEN = b"seen"


class ForkedProcess:
    """The program, forked; what the tests use of subprocess.Popen."""

    def __init__(self, door: socket.socket) -> None:
        self.door = door
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


class HostingProcess(ForkedProcess):
    """One whose standard output is read while it runs."""

    def __init__(self, door: socket.socket, stdout_fd: int) -> None:
        super().__init__(door)
        self.stdout = os.fdopen(stdout_fd, "r", encoding="utf-8")


class WarmStart:
    """The other end of the process that forks."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door

    @contextmanager
    def starting(
        self, data_dir: Path, *options: str, env: dict[str, str] | None = None
    ) -> Iterator[HostingProcess]:
        """Begin to host a world headless; at the end of the block the process is gone."""
        arguments = ["--headless", "--data-dir", str(data_dir), "--port", "0", *options]
        read_fd, write_fd = os.pipe()
        with (data_dir.parent / "stderr.txt").open("a") as log:
            door = self._fork(arguments, environment(env), write_fd, log.fileno())
        os.close(write_fd)
        process = HostingProcess(door, read_fd)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
            door.close()

    def run(
        self,
        arguments: Sequence[str],
        env: dict[str, str],
        *,
        cut_short: bool = False,
        begun: Callable[[ForkedProcess], None] = lambda process: None,
    ) -> CompletedProcess[str]:
        """Run the program to its end, or to where tests.end_to_end.cut_short kills it.

        `begun` gets the process, which another thread may want to end.
        """
        with TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
            fds = stdout.fileno(), stderr.fileno()
            with self._fork(arguments, env, *fds, cut_short=cut_short) as door:
                process = ForkedProcess(door)
                try:
                    begun(process)
                    code = process.wait()
                finally:
                    process.kill()
            stdout.seek(0)
            stderr.seek(0)
            return CompletedProcess(tuple(arguments), code, stdout.read(), stderr.read())

    def _fork(
        self,
        arguments: Sequence[str],
        env: dict[str, str],
        stdout_fd: int,
        stderr_fd: int,
        *,
        cut_short: bool = False,
    ) -> socket.socket:
        """Have the program forked; return where it is told how it fares."""
        request = {"arguments": arguments, "env": env, "cut_short": cut_short}
        message = json.dumps(request).encode()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._door.settimeout(START_TIMEOUT_S)
        ours.settimeout(START_TIMEOUT_S)
        with theirs:
            socket.send_fds(self._door, [message], [stdout_fd, stderr_fd, theirs.fileno()])
        return ours


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
    take_turns()
    # Nobody here waits for those that wait for the programs.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, fds, _, _ = socket.recv_fds(door, _MESSAGE_BYTES_MAX, 3)
        if not message:
            return 0
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            door.close()
            _run_and_tell(json.loads(message), fds)
        for fd in fds:
            os.close(fd)


def _run_and_tell(request: dict[str, Any], fds: Sequence[int]) -> NoReturn:
    """Fork the program, and tell when that is done and when it has ended."""
    with socket.socket(fileno=fds[2]) as told:
        pid = os.fork()
        if pid == 0:
            told.close()
            _become_the_program(request, fds[:2])
        for fd in fds[:2]:
            os.close(fd)
        told.send(f"{_FORKED}{pid}".encode())
        _tell_the_end(told, pid)
    os._exit(0)


def _tell_the_end(told: socket.socket, pid: int) -> None:
    """Say how a process has ended, and let its id go only when that was seen.

    It may end by itself a moment before it is killed: until then the signal must find it, and
    nobody else.
    """
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
    told.send(f"{_ENDED}{code}".encode())
    told.recv(len(_SEEN))
    os.waitpid(pid, 0)


def import_program() -> None:
    import desktop_app.administration
    import desktop_app.application
    import desktop_app.session  # noqa: F401


def take_turns() -> None:
    """Have backups looked at with the priority of the tests, which keep all processors busy."""
    if sys.platform != "win32":
        verification._LOWEST_PRIORITY = os.getpriority(os.PRIO_PROCESS, os.getpid())


def _become_the_program(request: dict[str, Any], fds: Sequence[int]) -> NoReturn:
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    os.dup2(fds[0], 1)
    os.dup2(fds[1], 2)
    for fd in fds:
        os.close(fd)
    code = 70
    try:
        from desktop_app.__main__ import main as whole
        from tests.end_to_end.cut_short import run as cut_short

        run = cut_short if request["cut_short"] else whole
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
