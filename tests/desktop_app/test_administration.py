"""desktop_app.administration: what a shell cannot show well; see also end_to_end"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import database
from core.components import PLANET, PLAYER, UNIVERSE
from core.errors import StarkeepError, WorldInUseError
from core.paths import DataFolder
from core.queries import PlanetReport, ReportPlanet
from desktop_app.__main__ import _parser
from desktop_app.administration import COMMANDS
from desktop_app.shell import Progress
from desktop_app.undertaking import Undertaking
from tests.databases import put_empty_world, rows_in, url_of_world
from tests.hosts import ask, running_host


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """Close the log files that commands open."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    for handler in set(root.handlers) - set(handlers):
        root.removeHandler(handler)
        handler.close()
    root.setLevel(level)


async def carry_out(folder: Path, *words: str) -> int:
    options = _parser().parse_args([*words, "--log-level", "warning"])
    return await COMMANDS[options.command](options, DataFolder(folder), Undertaking())


async def seed(folder: Path, *arguments: str) -> int:
    await put_empty_world(url_of_world(folder))
    return await carry_out(folder, "seed", *arguments)


async def grant_admin(folder: Path, user: str) -> int:
    return await carry_out(folder, "grant-admin", user)


PLACES = "SELECT owner_id, galaxy, system, position, name FROM planets ORDER BY id"

# Seeding ------------------------------------------------------------------------------------------


async def test_that_the_same_random_seed_makes_the_same_world(tmp_path: Path) -> None:
    for name, random_seed in (("one", "5"), ("same", "5"), ("other", "6")):
        size = ("--players", "3", "--planets", "30", "--random-seed", random_seed)
        assert await seed(tmp_path / name, *size) == 0
    one = await rows_in(tmp_path / "one", PLACES)
    assert one == await rows_in(tmp_path / "same", PLACES)
    assert one != await rows_in(tmp_path / "other", PLACES)


async def test_that_a_world_that_is_too_small_grows_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.toml").write_text("galaxies = 1\nsystems = 1\n")
    assert await seed(tmp_path, "--players", "1", "--planets", "16") == 0
    said, summary = capsys.readouterr().out.splitlines()
    assert said == "16 planets do not fit 1 galaxies: there will be 2"
    assert summary.startswith("1 players with 16 planets in ")
    assert await rows_in(tmp_path, "SELECT galaxies FROM universe") == [(2,)]
    assert {galaxy for (galaxy,) in await rows_in(tmp_path, "SELECT galaxy FROM planets")} == {1, 2}


async def test_that_a_world_that_was_started_before_can_be_seeded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running_host(tmp_path, galaxies=1, systems=2, economy_speed=3.0) as host:
        assert host.game is not None
        random_seed, tick = host.game.state.universe.random_seed, host.game.tick
    assert await seed(tmp_path, "--players", "3", "--planets", "40") == 0
    assert "there will be 2" in capsys.readouterr().out
    async with running_host(tmp_path) as host:
        assert host.game is not None
        world, universe = host.game.state.world, host.game.state.universe
        assert [len(world.tables[kind]) for kind in (UNIVERSE, PLAYER, PLANET)] == [1, 3, 40]
        assert (universe.galaxies, universe.systems) == (2, 2)
        assert (universe.economy_speed, universe.random_seed) == (3.0, random_seed)
        assert host.game.tick >= tick
        assert isinstance(await ask(host, ReportPlanet(1)), PlanetReport)


async def test_that_a_world_with_players_is_not_seeded(tmp_path: Path) -> None:
    assert await seed(tmp_path, "--players", "1", "--planets", "1") == 0
    with pytest.raises(StarkeepError, match="has some already"):
        await seed(tmp_path, "--players", "1", "--planets", "1")


async def test_that_more_players_than_planets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StarkeepError, match="a planet for each player"):
        await seed(tmp_path, "--players", "3", "--planets", "2")
    assert not database.is_open()


def test_that_progress_is_told_now_and_then_and_not_on_standard_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = Progress()
    for done in range(1000):
        progress("planet", done, 1000)
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("planet: 0 of 1000\n")
    assert len(said.err.splitlines()) < 10


# A place without a world --------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["grant-admin", "reset-password"])
async def test_that_a_mistyped_folder_is_refused_and_stays_as_it_is(
    tmp_path: Path, command: str
) -> None:
    with pytest.raises(StarkeepError, match=r"world\.db does not exist"):
        await carry_out(tmp_path / "typo", command, "ada")
    url = f"sqlite:///{tmp_path / 'typo.db'}"
    with pytest.raises(StarkeepError, match=r"typo\.db does not exist"):
        await carry_out(tmp_path, command, "ada", "--database-url", url)
    assert not list(tmp_path.iterdir())


# The world to itself ------------------------------------------------------------------------------


async def test_that_a_command_that_fails_gives_the_world_back(tmp_path: Path) -> None:
    await seed(tmp_path, "--players", "1", "--planets", "1")
    with pytest.raises(StarkeepError, match="no account called nobody"):
        await grant_admin(tmp_path, "nobody")
    assert not database.is_open()
    assert await grant_admin(tmp_path, "player1") == 0
    assert await rows_in(tmp_path, "SELECT username FROM users WHERE is_admin") == [("player1",)]


async def test_that_a_world_that_runs_is_left_alone(tmp_path: Path) -> None:
    async with running_host(tmp_path) as host:
        with pytest.raises(WorldInUseError):
            await grant_admin(tmp_path, "player1")
        assert host.simulation is not None
        assert host.simulation.status.running
