"""Computer players in a hosted world: they come, nobody logs in as one, and they stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import sync
from core.api.passwords import Passwords
from core.components import PLAYER
from tests.hosts import running_host


@pytest.mark.parametrize("start_is_chosen", [False, True])
async def test_that_bots_have_homes_and_are_there_after_a_restart(
    tmp_path: Path, start_is_chosen: bool
) -> None:
    async with running_host(tmp_path, bots=3, require_start_choice=start_is_chosen) as host:
        assert host.game is not None
        assert host.game.state.world.tables[PLAYER].ids.tolist() == [1, 2, 3]
        credentials = await sync.find_credentials("bot-1")
        assert credentials is not None
        passwords = Passwords(workers=1)
        assert not await passwords.matches("easy", credentials.password_hash)
        assert not await passwords.matches("bot:easy", credentials.password_hash)
        passwords.close()
    async with running_host(tmp_path) as host:
        assert host.game is not None
        assert host.game.state.world.tables[PLAYER].ids.tolist() == [1, 2, 3]
        assert [bot.name for bot in await sync.keep_bots(0)] == ["bot-1", "bot-2", "bot-3"]
