"""Runs the program to its end, forked from one process for the whole run of the tests."""

from __future__ import annotations

import atexit
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from subprocess import CompletedProcess

from tests.end_to_end.program import (
    Program,
    data_dir_in,
    environment,
    hosting,
    is_packaged,
    run,
    wait_for_url,
)
from tests.end_to_end.warm_start import WarmStart, warm_start


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


@contextmanager
def hosting_warm(
    data_dir: Path, *options: str, env: dict[str, str] | None = None
) -> Iterator[Program]:
    """Do what `tests.end_to_end.program.hosting` does, without those seconds."""
    if is_packaged():
        with hosting(data_dir, *options, env=env) as program:
            yield program
        return
    env = environment(env, data_dir)
    with _shared().starting(data_dir, *options, env=env) as process:
        yield Program(process, wait_for_url(process))
