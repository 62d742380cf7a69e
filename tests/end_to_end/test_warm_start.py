"""The process that starts the program for tests."""

from __future__ import annotations

import select
from pathlib import Path

import pytest

from tests.end_to_end.program import START_TIMEOUT_S
from tests.end_to_end.warm_start import warm_start

pytestmark = pytest.mark.checkout


def test_that_a_program_that_has_ended_by_itself_may_be_killed(tmp_path: Path) -> None:
    with (
        warm_start() as program,
        program.starting(tmp_path / "world", env={"TICK_RATE": "no number"}) as process,
    ):
        # It lies there as ended: what it has to say of its end has come, and nobody has read it.
        ended, _, _ = select.select([process.door], [], [], START_TIMEOUT_S)
        assert ended
        process.kill()
        assert process.wait() == 2
    assert "TICK_RATE is 'no number'" in (tmp_path / "stderr.txt").read_text()
