"""Runs the program to its end, forked from one process for the whole run of the tests."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess

from core.verification import Checking
from desktop_app.own_program import own_program
from tests.databases import put_empty_world, url_of_world
from tests.end_to_end.program import (
    Program,
    data_dir_in,
    environment,
    hosting,
    is_packaged,
    run,
    wait_for_url,
)
from tests.end_to_end.warm_start import ForkedProcess, WarmStart, warm_start


@cache
def _shared() -> WarmStart:
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(warm_start())


def run_warm(
    *arguments: str, env: dict[str, str] | None = None, cut_short: bool = False
) -> CompletedProcess[str]:
    """Do what `tests.end_to_end.program.run` does, without the seconds that imports take.

    That one is for what may depend on how the interpreter itself starts and ends. With `cut_short`
    the arguments are those of tests.end_to_end.cut_short.
    """
    if is_packaged():
        assert not cut_short, "nothing can be put into a program that is packaged"
        return run(*arguments, env=env)
    env = environment(env, data_dir_in(arguments))
    return _shared().run(arguments, env, cut_short=cut_short)


def put_world(data_dir: Path) -> None:
    """Put an empty world where there is none: to migrate takes half of a first start."""
    asyncio.run(put_empty_world(url_of_world(data_dir)))


@contextmanager
def hosting_warm(
    data_dir: Path,
    *options: str,
    env: dict[str, str] | None = None,
    migrated: bool = True,
) -> Iterator[Program]:
    """Do what `tests.end_to_end.program.hosting` does, without those seconds."""
    if migrated:
        put_world(data_dir)
    if is_packaged():
        with hosting(data_dir, *options, env=env) as program:
            yield program
        return
    env = environment(env, data_dir)
    with _shared().starting(data_dir, *options, env=env) as process:
        yield Program(process, wait_for_url(process))


class WarmChecking(Checking):
    """A check of a backup by this program, without those seconds; any other is started as it is."""

    _forked: ForkedProcess | None = None

    def run(self) -> tuple[int, str, str]:
        start = own_program()
        if self._command[: len(start)] != start:
            return super().run()
        if self._unwanted:
            return -1, "", "stopped"
        done = _shared().run(self._command[len(start) :], environment(None), begun=self._begun)
        return done.returncode, done.stdout, done.stderr

    def _begun(self, process: ForkedProcess) -> None:
        self._forked = process
        if self._unwanted:
            process.kill()

    def kill(self) -> None:
        super().kill()
        if self._forked is not None:
            self._forked.kill()
