"""Players who stay away are removed from a running world, with their accounts, after a backup."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from core import sync
from core.backup_shelf import BackupReason
from core.commands import Accepted, FoundHome, NotePresence, Rejected, RemovePlayer
from core.components import PLAYER
from core.errors import BackupError
from desktop_app.application import Host
from desktop_app.cleanup import Cleanup
from tests.api.hosting import Player, client_of, enter, game_of, hosting, simulation_of
from tests.hosts import order

DAY_S = 86_400.0


def stay_away(host: Host, player_id: int, days: float = 31.0) -> None:
    """Have somebody have been away; what is done with him saves it."""
    players = game_of(host).state.world.tables[PLAYER]
    seen_at = players.get(player_id, "Presence.active_at")
    players.set(player_id, "Presence.active_at", seen_at - days * DAY_S)


class Backups:
    """Counts the backups that are asked for, and those who were in the world then."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.players: list[int] = []
        self.failure: Exception | None = None

    async def make(self, reason: BackupReason) -> None:
        assert reason is BackupReason.SCHEDULED
        self.players.append(len(game_of(self._host).state.world.tables[PLAYER]))
        if self.failure is not None:
            raise self.failure


def cleanup_of(host: Host, backups: Backups) -> Cleanup:
    return Cleanup(host.settings, simulation_of(host), backups.make)


def present(host: Host) -> list[int]:
    return sorted(game_of(host).state.world.tables[PLAYER].ids.tolist())


async def test_that_who_stays_away_is_removed_after_a_backup(tmp_path: Path) -> None:
    async with hosting(tmp_path, cleanup_days=30) as host, client_of(host) as client:
        mira, jonas, eve = [await enter(client, name) for name in ("mira", "jonas", "eve")]
        backups = Backups(host)
        cleanup = cleanup_of(host, backups)
        assert await cleanup.clean_up() == 0
        assert backups.players == []
        stay_away(host, mira.id)
        stay_away(host, jonas.id, days=29.0)
        assert await cleanup.clean_up() == 1
        assert backups.players == [3]
        assert present(host) == [jonas.id, eve.id]
        assert await sync.find_account(mira.id) is None
        assert await sync.find_account(jonas.id) is not None
        for path in ("/auth/me", "/player/{id}"):
            assert (await mira.get(path)).status_code == 401
        start = await mira.post("/player/{id}/choose-start", {"galaxy": 1, "system": 3})
        assert start.status_code == 401
        # The name is free again; whoever comes by it is somebody else.
        again = await enter(client, "mira")
        assert again.id > eve.id
        assert (await again.get("/player/{id}")).status_code == 200
    async with hosting(tmp_path, cleanup_days=30) as host, client_of(host) as client:
        assert present(host) == [jonas.id, eve.id, again.id]
        assert (await client.get("/healthz")).json()["status"] == "ok"


async def test_that_administrators_stay(tmp_path: Path) -> None:
    async with hosting(tmp_path, cleanup_days=30) as host, client_of(host) as client:
        mira = await enter(client)
        await sync.grant_admin(mira.id)
        stay_away(host, mira.id)
        backups = Backups(host)
        assert await cleanup_of(host, backups).clean_up() == 0
        assert (present(host), backups.players) == ([mira.id], [])


async def test_that_nobody_goes_without_a_backup(tmp_path: Path) -> None:
    async with hosting(tmp_path, cleanup_days=30) as host, client_of(host) as client:
        mira = await enter(client)
        stay_away(host, mira.id)
        backups = Backups(host)
        backups.failure = BackupError("the disk is full")
        with pytest.raises(BackupError, match="the disk is full"):
            await cleanup_of(host, backups).clean_up()
        assert present(host) == [mira.id]


async def test_that_who_comes_back_meanwhile_stays(tmp_path: Path) -> None:
    async with hosting(tmp_path, cleanup_days=30) as host, client_of(host) as client:
        mira = await enter(client)
        stay_away(host, mira.id)

        class Returning(Backups):
            async def make(self, reason: BackupReason) -> None:
                await come_back(host, mira)
                await super().make(reason)

        backups = Returning(host)
        assert await cleanup_of(host, backups).clean_up() == 0
        assert (present(host), backups.players) == ([mira.id], [1])
        assert await sync.find_account(mira.id) is not None


async def test_that_an_account_goes_in_the_transaction_of_its_player(tmp_path: Path) -> None:
    async with hosting(tmp_path, cleanup_days=30) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        stay_away(host, mira.id)
        # Whoever removes him does no more than that: the program ends right afterwards.
        command = RemovePlayer(mira.id, 30 * DAY_S)
        while (await order(host, command)) == Accepted(False):
            pass
        assert await sync.find_account(mira.id) is None
    async with hosting(tmp_path, cleanup_days=30) as host, client_of(host):
        assert present(host) == [jonas.id]
        assert await sync.find_account(mira.id) is None


async def test_that_nobody_founds_a_home_between_his_removal_and_its_commit(
    tmp_path: Path,
) -> None:
    async with hosting(tmp_path, cleanup_days=30) as host, client_of(host) as client:
        mira, jonas = await enter(client, "mira"), await enter(client, "jonas")
        stay_away(host, mira.id)
        # Both are taken before anything of it can be on the disk.
        removed, outcome = await asyncio.gather(
            order(host, RemovePlayer(mira.id, 30 * DAY_S)), order(host, FoundHome(mira.id, "mira"))
        )
        assert isinstance(removed, Accepted)
        assert isinstance(outcome, Rejected)
        assert outcome.code == "no_such_player"
        # Nothing is left that the database would refuse.
        assert (await asyncio.wrap_future(host.save_now())).set_aside == 0
        assert present(host) == [jonas.id]
        assert simulation_of(host).status.set_aside == 0


async def come_back(host: Host, player: Player) -> Any:
    return await order(host, NotePresence(player.id))


async def test_that_nobody_is_ever_removed_unless_the_host_says_so(tmp_path: Path) -> None:
    async with hosting(tmp_path) as host, client_of(host) as client:
        mira = await enter(client)
        stay_away(host, mira.id, days=10_000.0)
        # It ends at once.
        await cleanup_of(host, Backups(host)).run()
        assert present(host) == [mira.id]
