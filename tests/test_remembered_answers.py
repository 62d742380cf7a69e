"""A request with a key is carried out once, whatever happens between it and its repetition."""

from __future__ import annotations

from typing import Any

import pytest

from core import remembered_answers
from core.commands import (
    HOST_ACCOUNT_ID,
    Accepted,
    CancelBuilding,
    DropSetAside,
    FoundHome,
    Once,
    PlainCommand,
    ReleaseSetAside,
    RequestKey,
    SelectPlanet,
    StartBuilding,
    Unavailable,
)
from core.components import PLANET, PLAYER, REMEMBERED_ANSWER, Ledger
from core.game import GameWorld
from core.quarantine import SET_ASIDE
from core.remembered_answers import KEPT_S
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.test_set_aside import refuse, stored_rows
from tests.worlds import (
    bits_of,
    carry_out,
    everything_of,
    found,
    new_game,
    refused,
    reload,
    stored_bits,
)


def once(command: PlainCommand, text: str = "a", *, account_id: int = 1, request: int = 1) -> Once:
    return Once(RequestKey(account_id, text, request), command)


BUILD = once(StartBuilding(1, "metal_mine"))


def spent(game: GameWorld, planet_id: int = 1) -> Any:
    return game.state.world.component_for_entity(PLANET, planet_id, Ledger).spent


def answer_ids(game: GameWorld) -> list[int]:
    return sorted(game.state.world.tables[REMEMBERED_ANSWER].ids.tolist())


def settled(store: ManualStore | None = None, clock: ManualClock | None = None) -> GameWorld:
    """Return a world with two homes, everything saved."""
    game = new_game(clock or ManualClock(), store or ManualStore(at_once=True))
    for number in (1, 2):
        found(game, number)
    assert game.save_player_data().done()
    return game


def test_that_a_repeated_request_gets_the_first_answer_and_changes_nothing() -> None:
    game = settled()
    first = carry_out(game, BUILD)
    before = everything_of(game)
    executed = game.execute(BUILD)
    assert executed.outcome == Accepted(first)
    assert not executed.changed
    assert everything_of(game) == before
    # Without a key it is another order.
    assert carry_out(game, StartBuilding(1, "metal_mine")).level == 2


def test_that_an_answer_is_in_the_same_save_as_its_effect_or_neither_is() -> None:
    store = ManualStore(at_once=True)
    game = settled(store)
    carry_out(game, BUILD)
    store.at_once = False
    save = game.save_player_data()
    (batch, _) = store.waiting[0]
    assert frozenset({("planet", 1), ("remembered_answer", 1)}) in batch.groups
    assert {rows.table for rows in batch.rows} == {"planet", "remembered_answer"}
    store.commit()
    assert save.done()
    game.writer.take_completions()


def test_that_a_repeated_request_gets_the_first_answer_after_a_restart() -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = settled(store, clock)
    first = carry_out(game, BUILD)
    paid = spent(game)
    game.save_player_data()
    clock.advance(60)
    again = reload(store, clock)
    again.advance(clock.now())
    before = everything_of(again)
    assert carry_out(again, BUILD) == first
    assert spent(again) == paid
    assert everything_of(again) == before


def test_that_what_was_not_saved_is_judged_anew_after_a_kill() -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = settled(store, clock)
    carry_out(game, BUILD)
    again = reload(store, clock)
    assert answer_ids(again) == []
    assert carry_out(again, BUILD).level == 1
    assert carry_out(again, BUILD).level == 1


def test_that_the_answer_to_a_repeated_request_shows_what_is_not_saved_yet() -> None:
    # So whoever repeats it waits for the same commit.
    game = settled(ManualStore(at_once=True))
    carry_out(game, BUILD)
    executed = game.execute(BUILD)
    assert executed.shown == {(REMEMBERED_ANSWER, 1)}
    assert not game.writer.is_kept(executed.shown)
    game.save_player_data()
    assert game.writer.is_kept(executed.shown)


def test_that_an_order_that_changes_nothing_is_remembered_too() -> None:
    game = settled()
    select = once(SelectPlanet(1, 1))
    assert carry_out(game, select) == 1
    assert answer_ids(game) == [1]
    assert carry_out(game, select) == 1
    assert answer_ids(game) == [1]


def test_that_a_key_that_was_sent_with_another_request_is_refused() -> None:
    game = settled()
    carry_out(game, BUILD)
    other = once(StartBuilding(1, "solar_plant"), request=2)
    assert refused(game, other).code == "idempotency_key_reused"


def test_that_a_refusal_is_not_remembered() -> None:
    game = settled()
    cancel = once(CancelBuilding(1, 0))
    assert refused(game, cancel).code == "no_such_item"
    carry_out(game, StartBuilding(1, "metal_mine"))
    assert carry_out(game, cancel) == ()
    assert carry_out(game, cancel) == ()


def test_that_everybody_has_keys_of_his_own() -> None:
    game = settled()
    for player_id in (1, 2):
        carry_out(game, once(StartBuilding(player_id, "metal_mine"), account_id=player_id))
    select = once(SelectPlanet(1, 1), account_id=HOST_ACCOUNT_ID)
    carry_out(game, select)
    assert answer_ids(game) == [1, 2, 3]


def test_that_an_answer_that_cannot_be_kept_undoes_its_command(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("core.answer_text.ANSWER_CHARACTERS_MAX", 10)
    game = settled()
    before = everything_of(game)
    assert isinstance(game.execute(BUILD).outcome, Unavailable)
    assert everything_of(game) == before
    assert "too long" in caplog.text
    caplog.clear()


# How answers go -----------------------------------------------------------------------------------


def test_that_an_answer_is_forgotten_after_a_day_and_goes_with_the_next_one() -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = settled(store, clock)
    carry_out(game, BUILD)
    clock.advance(KEPT_S - 1)
    assert carry_out(game, BUILD).level == 1
    clock.advance(2)
    assert carry_out(game, BUILD).level == 2
    assert answer_ids(game) == [2]
    game.save_player_data()
    assert store.rows["remembered_answer"].keys() == {2}
    assert stored_bits(store, game.state.world) == bits_of(game.state.world)


def test_that_each_new_answer_takes_a_few_along_that_are_over() -> None:
    clock = ManualClock()
    game = settled(clock=clock)
    for number in range(6):
        carry_out(game, once(SelectPlanet(1, 1), f"old{number}"))
    clock.advance(KEPT_S + 1)
    counts = []
    for number in range(4):
        carry_out(game, once(SelectPlanet(2, 2), f"new{number}", account_id=2))
        counts.append(len(answer_ids(game)))
    assert counts == [5, 4, 3, 4]


def test_that_an_account_with_too_many_answers_loses_its_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remembered_answers, "ANSWERS_PER_ACCOUNT_MAX", 3)
    game = settled()
    carry_out(game, once(SelectPlanet(2, 2), account_id=2))
    for number in range(5):
        carry_out(game, once(SelectPlanet(1, 1), f"key{number}"))
    assert answer_ids(game) == [1, 4, 5, 6]
    assert len(game.answers) == 4


def test_that_a_command_that_is_undone_forgets_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered_answers, "ANSWERS_PER_ACCOUNT_MAX", 2)
    store = ManualStore(at_once=True)
    game = settled(store)
    for text in ("a", "b"):
        carry_out(game, once(SelectPlanet(1, 1), text))
    game.save_player_data()
    carry_out(game, StartBuilding(2, "metal_mine"))
    refuse(game, store, ("planet", 2))
    before = everything_of(game)
    # It has been carried out, and an answer been forgotten for it, before that is seen.
    touching = once(StartBuilding(2, "solar_plant"), "c")
    assert isinstance(game.execute(touching).outcome, Unavailable)
    assert everything_of(game) == before
    for text in ("a", "b"):
        assert not game.execute(once(SelectPlanet(1, 1), text)).changed
    carry_out(game, once(SelectPlanet(1, 1), "d"))
    assert answer_ids(game) == [2, 3]


# What the database refuses ------------------------------------------------------------------------


def test_that_a_refused_effect_takes_its_answer_along() -> None:
    store = ManualStore(at_once=True)
    game = settled(store)
    carry_out(game, BUILD)
    group = refuse(game, store, ("planet", 1))
    assert group.aggregates == {(PLANET, 1), (REMEMBERED_ANSWER, 1)}
    assert not store.rows["remembered_answer"]
    before = everything_of(game)
    # Its outcome is open: it must not be said that nothing was done.
    assert game.execute(BUILD).outcome == SET_ASIDE
    assert everything_of(game) == before
    carry_out(game, ReleaseSetAside(group.id))
    game.save_player_data()
    assert store.rows["remembered_answer"].keys() == {1}
    assert not game.execute(BUILD).changed


def test_that_what_is_dropped_is_judged_anew() -> None:
    store = ManualStore(at_once=True)
    game = settled(store)
    carry_out(game, BUILD)
    group = refuse(game, store, ("planet", 1))
    carry_out(game, DropSetAside(group.id, stored_rows(store, group)))
    assert answer_ids(game) == []
    assert carry_out(game, BUILD).level == 1
    game.save_player_data()
    assert stored_bits(store, game.state.world) == bits_of(game.state.world)


def test_that_a_dropped_group_gives_an_answer_back_that_had_gone_in_it() -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = settled(store, clock)
    carry_out(game, once(SelectPlanet(2, 2), account_id=2))
    game.save_player_data()
    clock.advance(KEPT_S + 1)
    carry_out(game, BUILD)
    group = refuse(game, store, ("planet", 1))
    assert group.aggregates == {(PLANET, 1), (REMEMBERED_ANSWER, 1), (REMEMBERED_ANSWER, 2)}
    carry_out(game, DropSetAside(group.id, stored_rows(store, group)))
    assert answer_ids(game) == [1]
    carry_out(game, once(SelectPlanet(1, 1)))
    assert answer_ids(game) == [3]
    game.save_player_data()
    assert stored_bits(store, game.state.world) == bits_of(game.state.world)


def test_that_an_answer_that_is_over_and_set_aside_holds_up_nobody() -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = settled(store, clock)
    carry_out(game, BUILD)
    group = refuse(game, store, ("planet", 1))
    carry_out(game, once(SelectPlanet(2, 2), account_id=2))
    clock.advance(KEPT_S + 1)
    for text in ("b", "c"):
        carry_out(game, once(SelectPlanet(2, 2), text, account_id=2))
    assert answer_ids(game) == [1, 3, 4]
    # The key itself is free when the host has decided.
    assert isinstance(game.execute(BUILD).outcome, Unavailable)
    carry_out(game, ReleaseSetAside(group.id))
    assert carry_out(game, BUILD).level == 2


def test_that_the_hosts_decision_is_made_once() -> None:
    store = ManualStore(at_once=True)
    game = settled(store)
    carry_out(game, StartBuilding(1, "metal_mine"))
    group = refuse(game, store, ("planet", 1))
    release = once(ReleaseSetAside(group.id), account_id=HOST_ACCOUNT_ID)
    assert carry_out(game, release) == 1
    # It does not hang on what is saved again, and may be refused again.
    store.refusing = {("planet", 1)}
    game.save_player_data()
    assert carry_out(game, release) == 1
    (again,) = game.quarantine
    drop = once(DropSetAside(again.id, stored_rows(store, again)), "b", account_id=HOST_ACCOUNT_ID)
    assert carry_out(game, drop) == 1
    assert carry_out(game, drop) == 1
    assert not game.quarantine


def test_that_a_home_that_is_chosen_with_a_key_is_founded_once() -> None:
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = settled(store, clock)
    choose = once(FoundHome(3, "cyd", (1, 1, 5), must_be_homeless=True), account_id=3)
    home = carry_out(game, choose)
    game.save_player_data()
    again = reload(store, clock)
    assert carry_out(again, choose) == home
    assert len(again.state.world.tables[PLAYER]) == 3
    assert refused(again, choose.command).code == "already_settled"
