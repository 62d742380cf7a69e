"""Messages: who gets which, what is read, and what makes room for what."""

from __future__ import annotations

from typing import Any

import pytest

from core import messages
from core.commands import (
    AcceptOffer,
    CancelBuilding,
    CreateOffer,
    DeleteMessage,
    DispatchFleet,
    DropSetAside,
    ReadMessage,
    RenamePlayer,
    SendMessage,
    StartBuilding,
    WriteToAll,
)
from core.components import MESSAGE, PLANET, Position
from core.ecs import Origin
from core.events import MessageWritten
from core.game import GameWorld
from core.mailboxes import Mailboxes
from core.messages import ListMessages, MessagePage, ReadableMessage
from core.rules import RULES
from core.systems import messages as letters
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.test_set_aside import refuse, stored_rows
from tests.worlds import (
    boxes_of,
    carry_out,
    everything_of,
    found,
    new_game,
    refused,
    reload,
    set_up,
)

LIMITS = RULES.messages


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> ManualStore:
    return ManualStore(at_once=True)


@pytest.fixture
def game(clock: ManualClock, store: ManualStore) -> GameWorld:
    game = new_game(clock, store, galaxies=1, systems=4)
    for player_id in (1, 2, 3):
        found(game, player_id)
    return game


def mailbox(
    game: GameWorld, player_id: int, category: str | None = None, **page: Any
) -> MessagePage:
    query = ListMessages(player_id, category, **{"limit": 50, **page})
    read: MessagePage = game.ask(query)[0]
    return read


def write(game: GameWorld, recipient_id: int, category: str, text: str) -> list[MessageWritten]:
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        return messages.write_message(game.state, recipient_id, category, text, game.time)


def test_that_a_message_reaches_whom_it_is_for(game: GameWorld) -> None:
    message_id = carry_out(game, SendMessage(1, 2, "Peace?"))
    page = mailbox(game, 2)
    assert page == MessagePage(
        total=1,
        unread=1,
        messages=(ReadableMessage(message_id, "player", 1, "player1", "Peace?", game.time, False),),
    )
    assert mailbox(game, 1).total == mailbox(game, 3).total == 0


def test_that_a_message_is_read_once_and_for_good(game: GameWorld) -> None:
    message_id = carry_out(game, SendMessage(1, 2, "Peace?"))
    carry_out(game, ReadMessage(2, message_id))
    page = mailbox(game, 2)
    assert (page.unread, page.messages[0].is_read) == (0, True)
    assert not game.execute(ReadMessage(2, message_id)).changed


def test_that_a_message_that_is_deleted_is_gone_after_a_restart_too(
    game: GameWorld, clock: ManualClock, store: ManualStore
) -> None:
    first = carry_out(game, SendMessage(1, 2, "Peace?"))
    second = carry_out(game, SendMessage(1, 2, "War?"))
    assert game.save_player_data().done()
    carry_out(game, DeleteMessage(2, first))
    assert game.save_player_data().done()
    again = reload(store, clock)
    assert [message.message_id for message in mailbox(again, 2).messages] == [second]
    assert boxes_of(again.state.mailboxes) == boxes_of(game.state.mailboxes)
    assert carry_out(again, SendMessage(1, 2, "Hm?")) > second


def test_that_the_newest_messages_come_first_page_by_page(
    game: GameWorld, clock: ManualClock
) -> None:
    for text in "abcde":
        write(game, 2, "battle" if text in "bd" else "transport", text)
        clock.advance(1.0)

    def texts(**page: Any) -> str:
        return "".join(message.text for message in mailbox(game, 2, **page).messages)

    assert texts() == "edcba"
    assert texts(limit=2, offset=1) == "dc"
    assert texts(category="battle") == "db"
    assert mailbox(game, 2, "battle", limit=1).total == 2
    assert mailbox(game, 2, "expedition") == MessagePage(0, 0, ())


def test_that_messages_are_kept_for_a_week(game: GameWorld, clock: ManualClock) -> None:
    carry_out(game, SendMessage(1, 2, "Peace?"))
    clock.advance(LIMITS.kept_s - 1)
    assert mailbox(game, 2).total == 1
    clock.advance(1.001)
    assert mailbox(game, 2).total == 0
    assert not len(game.state.world.tables[MESSAGE])


def test_that_too_many_of_a_kind_push_out_the_oldest_of_that_kind(game: GameWorld) -> None:
    write(game, 2, "espionage", "seen")
    for number in range(LIMITS.kept_most + 3):
        write(game, 2, "battle", str(number))
    page = mailbox(game, 2, "battle", limit=200)
    assert page.total == LIMITS.kept_most
    assert page.messages[-1].text == "3"
    assert mailbox(game, 2, "espionage").total == 1


def test_that_a_message_that_the_database_refuses_holds_up_no_other(game: GameWorld) -> None:
    for number in range(LIMITS.kept_most):
        write(game, 2, "battle", str(number))
    table = game.state.world.tables[MESSAGE]
    game.state.world.marks[MESSAGE].set_aside(table.ids[:1].copy())
    write(game, 2, "battle", "new")
    texts = {message.text for message in mailbox(game, 2, limit=300).messages}
    assert {"0", "2", "new"} <= texts
    assert "1" not in texts


@pytest.mark.parametrize(
    ("command", "refused_id"), [(SendMessage(1, 2, "War?"), 2), (DeleteMessage(2, 1), 1)], ids=str
)
def test_that_what_the_host_takes_back_is_taken_back_in_the_mailbox_too(
    game: GameWorld, store: ManualStore, command: SendMessage | DeleteMessage, refused_id: int
) -> None:
    carry_out(game, SendMessage(1, 2, "Peace?"))
    assert game.save_player_data().done()
    carry_out(game, command)
    group = refuse(game, store, ("message", refused_id))
    carry_out(game, DropSetAside(group.id, stored_rows(store, group)))
    assert [message.text for message in mailbox(game, 2).messages] == ["Peace?"]
    assert boxes_of(game.state.mailboxes) == boxes_of(Mailboxes(game.state.world))


def test_that_nobody_fills_a_mailbox_that_nobody_reads(game: GameWorld) -> None:
    last = carry_out(game, SendMessage(1, 2, "Peace?"))
    for _ in range(LIMITS.unread_of_one_sender_most - 1):
        carry_out(game, SendMessage(1, 2, "Peace?"))
    assert refused(game, SendMessage(1, 2, "Peace?")).code == "mailbox_full"
    carry_out(game, SendMessage(3, 2, "Trade?"))
    carry_out(game, SendMessage(1, 3, "Peace?"))
    carry_out(game, ReadMessage(2, last))
    carry_out(game, SendMessage(1, 2, "Peace?"))


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (SendMessage(9, 2, "Peace?"), "no_home"),
        (SendMessage(1, 9, "Peace?"), "no_such_player"),
        (SendMessage(1, 2, ""), "bad_value"),
        (SendMessage(1, 2, "a\0b"), "bad_value"),
        (SendMessage(1, 2, "x" * (LIMITS.characters_most + 1)), "bad_value"),
        (ReadMessage(1, 1), "no_such_item"),
        (ReadMessage(2, 9), "no_such_item"),
        (DeleteMessage(1, 1), "no_such_item"),
        (DeleteMessage(2, 9), "no_such_item"),
        (DeleteMessage(2, 1, "system"), "no_such_item"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_that_what_the_rules_refuse_changes_nothing(
    game: GameWorld, command: SendMessage | ReadMessage | DeleteMessage, code: str
) -> None:
    carry_out(game, SendMessage(1, 2, "Peace?"))
    assert refused(game, command).code == code


def test_that_nobody_writes_to_who_is_not_there(game: GameWorld) -> None:
    before = everything_of(game)
    assert write(game, 99, "battle", "lost") == []
    assert everything_of(game) == before


def test_that_an_undone_unit_leaves_the_mailboxes_as_they_were(game: GameWorld) -> None:
    for number in range(LIMITS.kept_most):
        write(game, 2, "battle", str(number))
    before = everything_of(game)

    def write_and_fail() -> None:
        with game.state.world.unit_of_work(Origin.EVENT, game.time):
            messages.write_message(game.state, 2, "battle", "never", game.time)
            messages.write_message(game.state, 1, "battle", "never", game.time)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_and_fail()
    assert everything_of(game) == before


# Notices ------------------------------------------------------------------------------------------


def test_that_a_dropped_item_is_told_in_the_save_of_the_queue_it_left(
    game: GameWorld, clock: ManualClock
) -> None:
    carry_out(game, StartBuilding(1, "solar_plant"))
    carry_out(game, StartBuilding(1, "solar_plant"))
    set_up(game, 1, amounts=(0.0, 0.0, 0.0))
    assert game.save_player_data().done()
    seen: list[tuple[type, bool]] = []
    game.on_event = lambda event, shown, urgent: seen.append((type(event), urgent))
    clock.advance(3600)
    game.advance(clock.now())
    (notice,) = mailbox(game, 1, "system").messages
    assert notice.text == (
        "solar_plant was dropped from the building queue of Homeworld:"
        " there was not enough to pay for it."
    )
    assert notice.sender_id is None
    assert notice.sent_at < game.time
    # It would be there twice if the event were not in the same save.
    assert (MessageWritten, True) in seen
    urgent = game.state.world.marks
    assert {kind.name for kind in urgent if urgent[kind].urgent_count} == {"planet", "message"}


def test_that_what_a_player_cancels_himself_may_cost_him_others(game: GameWorld) -> None:
    set_up(game, 1, levels={"robot_factory": 1}, amounts=(9e3, 9e3, 9e3))
    for building in ("metal_mine", "robot_factory", "shipyard"):
        carry_out(game, StartBuilding(1, building))
    carry_out(game, CancelBuilding(1, 1))
    (notice,) = mailbox(game, 1, "system").messages
    assert notice.text.endswith("of Homeworld: what it needs was not there.")


def test_that_the_seller_is_told_of_what_became_of_his_offers(
    game: GameWorld, clock: ManualClock
) -> None:
    carry_out(game, CreateOffer(1, "metal", 30, "crystal", 20))
    carry_out(game, CreateOffer(1, "metal", 10, "crystal", 5, expires_in_s=60.0))
    carry_out(game, AcceptOffer(2, 1))
    clock.advance(61)
    assert [notice.text for notice in mailbox(game, 1, "system").messages] == [
        "Your offer of 10 metal has expired; they are back on your planet.",
        "player2 has bought your 30 metal for 20 crystal.",
    ]
    assert mailbox(game, 2).total == 0


def test_that_goods_from_others_are_told_to_whom_they_come(
    game: GameWorld, clock: ManualClock
) -> None:
    set_up(game, 1, units={"small_cargo": 2}, amounts=(9e3, 9e3, 9e3))
    where = game.state.world.component_for_entity(PLANET, 2, Position)
    place = (where.galaxy, where.system, where.position)
    goods = {"metal": 4_000, "deuterium": 500}
    voyage = carry_out(game, DispatchFleet(1, "transport", place, {"small_cargo": 2}, goods))
    empty = DispatchFleet(1, "transport", place, {"small_cargo": 1})
    set_up(game, 1, units={"small_cargo": 1})
    set_up(game, 1, technologies={"computer": 1})
    carry_out(game, empty)
    clock.set(voyage.returns_at)
    game.advance(clock.now())
    # Of the fleet that brought nothing there is nothing to tell, nor to him who planned it.
    (told,) = mailbox(game, 2).messages
    assert (told.category, told.sent_at) == ("transport", voyage.arrives_at)
    assert told.text == "player1 has brought 4000 metal, 500 deuterium to Homeworld."
    assert mailbox(game, 1).total == 0


def test_that_a_fleet_that_achieves_nothing_says_why(game: GameWorld, clock: ManualClock) -> None:
    set_up(game, 1, units={"recycler": 1}, amounts=(9e3, 9e3, 9e3))
    voyage = carry_out(game, DispatchFleet(1, "harvest", (1, 3, 8), {"recycler": 1}))
    clock.set(voyage.arrives_at)
    game.advance(clock.now())
    (told,) = mailbox(game, 1).messages
    assert told.category == "system"
    assert told.text == "Your fleet to 1:3:8 (harvest) achieved nothing: there was nothing there."


def test_that_the_host_writes_to_all_but_for_whom_the_database_refuses(
    game: GameWorld, store: ManualStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "PORTION", 2)
    game.save_player_data()
    carry_out(game, RenamePlayer(2, "new"))
    refuse(game, store, ("player", 2))
    found(game, 4)
    assert carry_out(game, WriteToAll("Back at noon.")) == (2, 3)
    assert carry_out(game, WriteToAll("Back at noon.", 3)) == (1, 4)
    told = {each: [m.text for m in mailbox(game, each).messages] for each in (1, 3, 4)}
    assert told == {each: ["Back at noon."] for each in (1, 3, 4)}
    assert game.state.mailboxes.of(2) == []
    assert refused(game, WriteToAll("")).code == "bad_value"
