"""core.enlistment: computer players who come while the world runs"""

from __future__ import annotations

from pathlib import Path

from core import sync
from core.bots.strength import Strength
from core.commands import Accepted, Rejected, Unavailable
from core.components import PLAYER
from core.enlistment import enlist
from core.simulation import Simulation
from desktop_app.application import Host
from tests.hosts import running_host


def simulation_of(host: Host) -> Simulation:
    assert host.simulation is not None
    return host.simulation


def players_of(host: Host) -> list[int]:
    assert host.game is not None
    return sorted(host.game.state.world.tables[PLAYER].ids.tolist())


async def test_that_they_have_homes_play_and_are_there_after_a_restart(tmp_path: Path) -> None:
    async with running_host(tmp_path, bots=1) as host:
        bots = simulation_of(host).bots
        outcome = await enlist(simulation_of(host), 4, Strength.HARD)
        assert isinstance(outcome, Accepted)
        assert outcome.value.players == {
            Strength.EASY: 1,
            Strength.MEDIUM: 0,
            Strength.HARD: 3,
        }
        assert players_of(host) == [1, 2, 3, 4]
        assert bots.figures.total == 4
    async with running_host(tmp_path) as host:
        assert players_of(host) == [1, 2, 3, 4]
        assert simulation_of(host).bots.figures.total == 4


async def test_that_nothing_happens_where_there_are_enough(tmp_path: Path) -> None:
    async with running_host(tmp_path, bots=2) as host:
        outcome = await enlist(simulation_of(host), 1)
        assert isinstance(outcome, Accepted)
        assert outcome.value.total == 2
        assert players_of(host) == [1, 2]


async def test_that_those_for_whom_there_is_no_room_leave_no_account(tmp_path: Path) -> None:
    # One system, with nine positions for homes.
    async with running_host(tmp_path, galaxies=1, systems=1) as host:
        outcome = await enlist(simulation_of(host), 12)
        assert isinstance(outcome, Rejected)
        assert outcome.code == "universe_full"
        assert len(players_of(host)) == 9
        assert simulation_of(host).bots.figures.total == 9
        assert {bot.player_id for bot in await sync.keep_bots(0)} == set(players_of(host))


async def test_that_who_was_not_taken_in_comes_when_it_is_asked_for_again(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        simulation = simulation_of(host)
        pending_max, simulation._pending_max = simulation._pending_max, 0
        outcome = await enlist(simulation, 2)
        assert isinstance(outcome, Unavailable)
        assert players_of(host) == []
        assert len(await sync.keep_bots(0)) == 2
        simulation._pending_max = pending_max
        assert isinstance(await enlist(simulation, 2), Accepted)
        assert players_of(host) == [1, 2]
