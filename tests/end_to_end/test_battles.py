"""Battles are fought in processes of their own, which a packaged program starts in another way."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.end_to_end.program import Program, hosting, player, wait_until
from tests.end_to_end.warm_run import hosting_warm, put_world
from tests.processes import children_of, has_ended


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(
    ("end", "hosting"), [("stop", hosting), ("kill", hosting_warm), ("interrupt", hosting_warm)]
)
def test_that_battles_are_fought_and_their_process_ends_with_the_program(
    tmp_path: Path, end: str, hosting: Callable[[Path], AbstractContextManager[Program]]
) -> None:
    put_world(tmp_path / "world")
    with hosting(tmp_path / "world") as program, player(program.url) as ada:
        ada.register()
        ada.log_in()
        assert children_of(program.process.pid) == set()
        told = ada.post(
            "/simulate-battle",
            {
                "attacker": {"ships": {"light_fighter": 100}},
                "defender": {"ships": {}, "defences": {"rocket_launcher": 5}},
                "seeds": 3,
            },
        )
        assert (told["runs"], told["wins"]) == (3, 3)
        workers = children_of(program.process.pid)
        assert workers
        if end == "kill":
            program.kill()
        elif end == "stop":
            assert program.stop() == 0
        else:
            # As from the terminal: everybody is told.
            for pid in (*workers, program.process.pid):
                os.kill(pid, signal.SIGINT)
            assert program.process.wait(60) == 0
        wait_until("they have ended", lambda: all(map(has_ended, workers)))
