"""The command log holds each command that has changed the world, in the save of its changes."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

import pytest

from core.command_log import command_of, entry_of
from core.commands import (
    AdoptRules,
    CancelBuilding,
    ChangeSettings,
    Command,
    DemolishBuilding,
    DropSetAside,
    FoundHome,
    Once,
    RequestKey,
    SelectPlanet,
    StartBuilding,
)
from core.components import LOGGED_COMMAND, PLANET, PLAYER
from core.game import GameWorld
from core.save_batch import TableRows
from core.systems import construction
from tests.databases import rows_in
from tests.hosts import order, running_host
from tests.manual_clock import ManualClock
from tests.store import ManualStore, names_in
from tests.worlds import carry_out, found, new_game, refused, reload


def logging_game(store: ManualStore) -> GameWorld:
    """Return a world with a home, all of it on disk, that keeps a log."""
    game = new_game(ManualClock(), store, command_log=True)
    found(game, 1)
    game.attach(lambda: None)
    game.save_player_data()
    store.commit()
    game.writer.take_completions()
    return game


def numbers_in(store: ManualStore) -> list[int]:
    return sorted(store.rows[LOGGED_COMMAND.name])


@pytest.mark.parametrize(
    "command",
    [
        FoundHome(7, "ada"),
        FoundHome(7, "Zoë \u2603", (1, 2, None), "Home"),
        StartBuilding(7, "metal_mine"),
        StartBuilding(7, "metal_mine", 3),
        DemolishBuilding(7, "metal_mine"),
        CancelBuilding(7, 0),
        SelectPlanet(7, 3),
        ChangeSettings({"economy_speed": 0.1 + 0.2, "galaxies": 3, "registration_open": False}),
        ChangeSettings(MappingProxyType({"galaxies": 3})),
        AdoptRules(2**62 - 1),
        Once(RequestKey(7, "key", 2**62), FoundHome(7, "ada", (1, 2, None))),
    ],
    ids=str,
)
def test_that_a_command_comes_back_from_the_log_as_it_was(command: Command) -> None:
    entry = entry_of(command, 1.5)
    assert entry.at == 1.5
    assert command_of(entry) == command


def test_that_what_json_has_no_word_for_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot be logged"):
        entry_of(DropSetAside(1, (TableRows("planet", [], {}),)), 1.5)  # type: ignore[arg-type]


def test_that_nothing_is_logged_unless_it_is_asked_for() -> None:
    store = ManualStore(at_once=True)
    game = new_game(ManualClock(), store)
    found(game, 1)
    game.save_player_data()
    assert numbers_in(store) == []


def test_that_a_command_goes_with_what_it_has_changed() -> None:
    store = ManualStore()
    game = logging_game(store)
    carry_out(game, StartBuilding(1, "metal_mine"))
    game.pump(after_tick=False)
    ((batch, _),) = store.waiting
    assert names_in(batch) == {(PLANET.name, 1), (LOGGED_COMMAND.name, 2)}
    assert batch.groups == (frozenset(names_in(batch)),)
    store.commit()
    row = store.rows[LOGGED_COMMAND.name][2]
    assert row["LoggedCommand.at"] == game.time
    assert row["LoggedCommand.command"] == "StartBuilding"


def test_that_what_was_refused_or_changed_nothing_is_not_logged() -> None:
    store = ManualStore()
    game = logging_game(store)
    refused(game, StartBuilding(1, "palace"))
    carry_out(game, FoundHome(1, "again"))
    carry_out(game, StartBuilding(1, "metal_mine"))
    assert game.state.world.tables[LOGGED_COMMAND].ids.tolist() == [1, 2]


def test_that_a_command_that_failed_is_not_logged_and_uses_up_no_number(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = ManualStore()
    game = logging_game(store)
    with monkeypatch.context() as patched:
        patched.setattr(construction, "start_building", None)
        game.execute(StartBuilding(1, "metal_mine"))
    carry_out(game, StartBuilding(1, "metal_mine"))
    assert game.state.world.tables[LOGGED_COMMAND].ids.tolist() == [1, 2]
    caplog.clear()


def test_that_a_command_whose_save_failed_goes_with_the_next() -> None:
    store = ManualStore()
    clock = ManualClock()
    game = new_game(clock, store, command_log=True)
    found(game, 1)
    game.attach(lambda: None)
    for committed in (False, True):
        game.pump(after_tick=False)
        store.fail(committed=committed)
        game.writer.take_completions()
        carry_out(game, StartBuilding(1, "metal_mine"))
        clock.advance(3.0)
    game.pump(after_tick=False)
    assert (LOGGED_COMMAND.name, 1) in names_in(store.commit())
    assert numbers_in(store) == [1, 2, 3]


def test_that_a_command_is_refused_with_what_it_has_changed() -> None:
    store = ManualStore()
    game = logging_game(store)
    found(game, 2)
    game.pump(after_tick=False)
    store.commit()
    game.writer.take_completions()
    store.refusing.add((PLANET.name, 1))
    carry_out(game, StartBuilding(1, "metal_mine"))
    carry_out(game, StartBuilding(2, "metal_mine"))
    game.pump(after_tick=False)
    store.commit()
    game.writer.take_completions()
    assert numbers_in(store) == [1, 2, 4]
    again = reload(store, ManualClock(game.time), command_log=True)
    carry_out(again, StartBuilding(1, "metal_mine"))
    # The number of what is lost is not given out again.
    assert again.state.world.tables[LOGGED_COMMAND].ids.tolist() == [1, 2, 4, 5]
    assert again.state.world.tables[PLAYER].ids.tolist() == [1, 2]


async def test_that_the_log_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with running_host(tmp_path, command_log=True) as host:
        await order(host, ChangeSettings({"economy_speed": 2.0}))
    async with running_host(tmp_path, command_log=True) as host:
        await order(host, ChangeSettings({"economy_speed": 3.0}))
    logged = await rows_in(
        tmp_path, "SELECT id, command, arguments FROM logged_commands ORDER BY id"
    )
    assert logged == [
        (1, "ChangeSettings", '{"values":{"economy_speed":2.0}}'),
        (2, "ChangeSettings", '{"values":{"economy_speed":3.0}}'),
    ]
