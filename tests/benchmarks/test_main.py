"""tests.benchmarks.__main__: the exit code of all benchmarks together"""

from __future__ import annotations

import subprocess
from types import SimpleNamespace

import pytest

from tests.benchmarks import __main__ as benchmarks


@pytest.mark.parametrize(("code", "of_all"), [(0, 0), (1, 1), (-9, 1)])
def test_that_a_benchmark_that_failed_or_was_killed_is_told(
    monkeypatch: pytest.MonkeyPatch, code: int, of_all: int
) -> None:
    codes = iter([0, code, *[0] * (len(benchmarks.NAMES) - 2)])
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=next(codes)))
    assert benchmarks.main([]) == of_all
    assert next(codes, None) is None
