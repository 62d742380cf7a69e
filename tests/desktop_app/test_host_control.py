"""desktop_app.host_control: what the buttons of the window do, with a real host"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from core import database, sync
from core.commands import FoundHome, StartBuilding, Unavailable
from core.metrics import SAVE_REASONS
from core.queries import GroupSetAside, PlanetReport, ReportPlanet
from core.save_batch import SaveReason
from core.simulation import Simulation
from core.sync import Account, NewAccount
from desktop_app.application import Host, HostState
from desktop_app.host_control import HostControl
from desktop_app.host_loop import HostLoop
from desktop_app.monitor.levels import Level
from desktop_app.monitor.monitor import FINAL, Monitor
from tests import faults
from tests.databases import locked_world, put_empty_world, url_of_world
from tests.desktop_app.showcase import until
from tests.desktop_app.test_application import settle
from tests.hosts import ask, make_host, order


@pytest.fixture
def host(tmp_path: Path, qloop: HostLoop) -> Iterator[Host]:
    qloop.run_until_complete(put_empty_world(url_of_world(tmp_path)))
    host = make_host(tmp_path, final_save_timeout_seconds=1.0)
    yield host
    # A test that has failed has not stopped it.
    qloop.run_until_complete(host.stop())


class Listened:
    """A control with everything that it has told."""

    def __init__(self, host: Host) -> None:
        self.control = HostControl(host)
        self.failed: list[str] = []
        self.saving: list[bool] = []
        self.mended: list[str] = []
        self.control.failed.connect(self.failed.append)
        self.control.mended.connect(self.mended.append)
        self.control.saving.connect(self.saving.append)

    async def at_rest(self) -> None:
        await until(lambda: not self.control.busy)


@pytest.fixture
def listened(host: Host) -> Listened:
    return Listened(host)


async def test_that_it_starts_and_stops_the_world(host: Host, listened: Listened) -> None:
    at_rest: list[HostState] = []
    for do in (listened.control.start, listened.control.stop):
        do()
        assert listened.control.busy
        await listened.at_rest()
        at_rest.append(host.state)
    assert at_rest == [HostState.RUNNING, HostState.STOPPED]
    assert listened.failed == []


async def test_that_stop_and_start_are_carried_out_in_the_order_of_the_clicks(
    host: Host, listened: Listened
) -> None:
    seen: list[HostState] = []
    host.changed.connect(lambda: seen.append(host.state))
    listened.control.start()
    listened.control.stop()
    listened.control.start()
    await listened.at_rest()
    # The stop breaks the first start off.
    assert seen == [HostState.STARTING, HostState.STOPPED, HostState.STARTING, HostState.RUNNING]
    await host.stop()


@pytest.mark.sqlite_file
async def test_that_a_start_that_fails_says_why(
    host: Host, listened: Listened, tmp_path: Path
) -> None:
    (tmp_path / "world.db").write_text("this is a diary")
    listened.control.start()
    await listened.at_rest()
    (text,) = listened.failed
    assert text.startswith("Starting the world failed: the database cannot be opened")
    assert host.state is HostState.STOPPED


async def test_that_an_error_of_ours_is_shown_and_logged_with_its_traceback(
    host: Host,
    listened: Listened,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def broken() -> None:
        raise ValueError("a bug")

    monkeypatch.setattr(host, "start", broken)
    listened.control.start()
    await listened.at_rest()
    assert listened.failed == ["Starting the world failed: ValueError('a bug'); see the log."]
    assert any(record.exc_info for record in caplog.records)


async def test_that_two_requests_share_one_save(host: Host, listened: Listened) -> None:
    await host.start()
    listened.control.save_now()
    listened.control.save_now()
    assert listened.control.busy
    await listened.at_rest()
    assert listened.saving == [True, False]
    reasons = [SAVE_REASONS[int(reason)] for reason in host.metrics.saves.latest()["reason"]]
    assert reasons.count(SaveReason.MANUAL) == 1
    assert listened.failed == []
    await host.stop()


async def test_that_a_save_can_be_asked_for_again_when_the_last_is_through(
    host: Host, listened: Listened
) -> None:
    await host.start()
    for _ in range(2):
        listened.control.save_now()
        await listened.at_rest()
    assert listened.saving == [True, False, True, False]
    await host.stop()


async def test_that_a_save_without_a_world_says_so(listened: Listened) -> None:
    listened.control.save_now()
    assert listened.failed == ["Nothing was saved: the world is not running."]
    assert not listened.control.busy
    assert listened.saving == []


async def test_that_what_works_again_is_told_once(
    host: Host, listened: Listened, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise ValueError("a bug")

    listened.control.save_now()
    with monkeypatch.context() as patch:
        patch.setattr(host, "start", broken)
        listened.control.start()
        await listened.at_rest()
    assert listened.mended == []
    listened.control.start()
    await listened.at_rest()
    # That the world runs does not mean that anything was saved.
    assert listened.mended == listened.failed[1:]
    for _ in range(2):
        listened.control.save_now()
        await listened.at_rest()
    assert listened.mended == listened.failed[::-1]
    await host.stop()


async def test_that_a_save_cut_short_by_a_stop_is_through_when_the_world_has_stopped(
    host: Host, listened: Listened
) -> None:
    await host.start()
    listened.control.save_now()
    listened.control.stop()
    await listened.at_rest()
    assert listened.saving == [True, False]
    assert listened.failed == []
    assert host.state is HostState.STOPPED


async def test_that_saves_that_cannot_be_made_are_told(
    host: Host, listened: Listened, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 500)
    await host.start()
    # The first save needs this very loop to come to its end.
    await settle(host)
    with locked_world(tmp_path):
        listened.control.save_now()
        listened.control.stop()
        await listened.at_rest()
    assert listened.saving == [True, False]
    begins = sorted(text.partition(":")[0] for text in listened.failed)
    assert begins == ["Nothing was saved", "Stopping the world failed"]


async def test_that_a_backup_is_made_once_at_a_time_and_looked_at(
    host: Host, listened: Listened
) -> None:
    told: list[bool] = []
    listened.control.backing_up.connect(told.append)
    await host.start()
    listened.control.back_up()
    await until(lambda: told == [True])
    listened.control.back_up()
    await listened.at_rest()
    (made,) = await host.backups.manifests()
    await host.stop()
    assert made.verified is True
    assert told == [True, False]
    assert listened.failed == []


async def test_that_a_backup_that_fails_is_said(host: Host, listened: Listened) -> None:
    host.folder.backups.write_text("a file in the way")
    await host.start()
    listened.control.back_up()
    await listened.at_rest()
    await host.stop()
    (said,) = listened.failed
    assert said.startswith("Backing up failed: no backup could be made")


# What the database refuses ------------------------------------------------------------------------


async def refuse_an_order(host: Host) -> Simulation:
    """Have the database refuse what a player has ordered on his planet."""
    await host.start()
    account = await sync.register_account(NewAccount("ada", "a@b.c", "x"))
    assert isinstance(account, Account)
    await order(host, FoundHome(account.id, "ada"))
    await asyncio.to_thread(
        faults.sql,
        host.folder.database,
        "CREATE TRIGGER curse BEFORE UPDATE ON planets BEGIN SELECT RAISE(ABORT, 'cursed'); END",
    )
    assert isinstance(await order(host, StartBuilding(1, "metal_mine")), Unavailable)
    assert host.simulation is not None
    return host.simulation


async def lift_the_curse(host: Host) -> None:
    await asyncio.to_thread(faults.sql, host.folder.database, "DROP TRIGGER curse")


async def listed(listened: Listened) -> GroupSetAside:
    """Return the one group that is set aside, as the control tells of it."""
    told: list[tuple[GroupSetAside, ...]] = []
    listened.control.set_aside_listed.connect(told.append)
    listened.control.list_set_aside()
    await listened.at_rest()
    ((group,),) = told
    return group


@pytest.mark.sqlite_file
async def test_that_what_is_refused_is_listed_and_saved_again(
    host: Host, listened: Listened
) -> None:
    simulation = await refuse_an_order(host)
    group = await listed(listened)
    assert (group.owner_names, group.reason) == (("ada",), "cursed")
    await lift_the_curse(host)
    listened.control.release(group)
    await listened.at_rest()
    await until(lambda: simulation.status.quarantined == 0)
    assert listened.failed == []
    # There is no such group any more.
    listened.control.release(group)
    await listened.at_rest()
    (text,) = listened.failed
    assert text.startswith("Saving refused changes again failed: ")
    await host.stop()


@pytest.mark.sqlite_file
async def test_that_what_is_still_refused_when_the_world_stops_is_told(
    host: Host, listened: Listened
) -> None:
    await refuse_an_order(host)
    listened.control.stop()
    await listened.at_rest()
    assert host.not_saved == "one change that the database refuses was not saved"
    assert listened.failed == [f"Stopping the world failed: {host.not_saved}."]
    # All else was saved, by the very last save.
    monitor = Monitor(host)
    monitor.follow()
    assert monitor.saves.between(0.0)["reason"][-1] == FINAL
    assert monitor.read(monitor.now()).safety_level is Level.BAD


@pytest.mark.sqlite_file
async def test_that_what_is_refused_is_taken_back_to_what_the_database_holds(
    host: Host, listened: Listened
) -> None:
    simulation = await refuse_an_order(host)
    listened.control.drop(await listed(listened))
    await listened.at_rest()
    await until(lambda: simulation.status.quarantined == 0)
    await lift_the_curse(host)
    planet = await ask(host, ReportPlanet(1))
    assert isinstance(planet, PlanetReport)
    assert planet.queue == ()
    assert listened.failed == []
    await host.stop()


async def test_that_without_a_world_there_is_nothing_to_decide_on(listened: Listened) -> None:
    listened.control.list_set_aside()
    listened.control.release(GroupSetAside(1, (), 1, (), 0.0, "cursed"))
    await listened.at_rest()
    (text,) = listened.failed
    assert "the world is not running" in text


# Computer players ---------------------------------------------------------------------------------


async def test_that_computer_players_come_and_are_paused(host: Host, listened: Listened) -> None:
    await host.start()
    enlisting: list[bool] = []
    listened.control.enlisting.connect(enlisting.append)
    listened.control.enlist(3, None)
    await listened.at_rest()
    assert host.simulation is not None
    bots = host.simulation.bots
    assert bots.figures.total == 3
    assert enlisting == [True, False]
    for paused in (True, False):
        listened.control.pause_bots(paused)
        assert bots.figures.paused is paused
    assert listened.failed == []
    await host.stop()


async def test_that_a_world_without_room_for_computer_players_says_so(
    host: Host, listened: Listened
) -> None:
    host.overrides |= {"galaxies": 1, "systems": 1}
    await host.start()
    listened.control.enlist(20, None)
    await listened.at_rest()
    assert listened.failed == [
        "Adding computer players failed: There is no free place left in this universe."
    ]
    await host.stop()


async def test_that_no_computer_player_comes_into_a_stopped_world(
    host: Host, listened: Listened
) -> None:
    listened.control.enlist(3, None)
    listened.control.pause_bots(True)
    await listened.at_rest()
    assert listened.failed == ["Adding computer players failed: the world is not running."]
