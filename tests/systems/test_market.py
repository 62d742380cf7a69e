"""Trading: what leaves whom, what reaches whom, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.commands import (
    AcceptOffer,
    CancelOffer,
    ChangeSettings,
    CreateOffer,
    FoundHome,
    StartBuilding,
)
from core.components import (
    OFFER,
    PLANET,
    PLAYER,
    RESOURCES,
    Deal,
    Ledger,
    Offer,
    Planet,
    Stocks,
    Trader,
)
from core.ecs import Mark, Origin
from core.events import Event, MessageWritten, OfferChanged, StocksChanged
from core.game import GameWorld
from core.offers import OPEN, ListOffers, ListTrades, TradeOffer
from core.rules import RULES
from core.stockpiles import amounts_at
from core.systems.founding import Home
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import carry_out, found, new_game, refused, reload, set_up

DAY_S = 86_400.0
ALL_OF_IT = CreateOffer(1, "metal", 300, "crystal", 200)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    """Return a world without income in which two players have 1000 of everything."""
    nothing: dict[str, Any] = dict.fromkeys(
        (f"basic_income_{name}" for name in RESOURCES.labels), 0.0
    )
    game = new_game(clock, galaxies=1, systems=4, **nothing)
    for player_id in (1, 2, 3):
        found(game, player_id)
        set_up(game, player_id, amounts=(1000.0, 1000.0, 1000.0))
    return game


def stocks_of(game: GameWorld, planet_id: int) -> tuple[float, ...]:
    stock = game.state.world.component_for_entity(PLANET, planet_id, Stocks)
    return amounts_at(stock, game.time)


def moved(game: GameWorld, planet_id: int) -> tuple[float, ...]:
    return game.state.world.component_for_entity(PLANET, planet_id, Ledger).moved


def missing_in(game: GameWorld) -> list[float]:
    """Return by how much what was moved, what is in offers and what fees took is off."""
    world = game.state.world
    total = [0.0] * len(RESOURCES)
    kept = [
        *(moved(game, planet_id) for planet_id in world.tables[PLANET].ids.tolist()),
        *(
            world.component_for_entity(PLAYER, player_id, Trader).fees_paid
            for player_id in world.tables[PLAYER].ids.tolist()
        ),
    ]
    for amounts in kept:
        total = [sum(pair) for pair in zip(total, amounts, strict=True)]
    for offer_id in world.tables[OFFER].ids.tolist():
        offer = world.component_for_entity(OFFER, offer_id, Offer)
        if world.component_for_entity(OFFER, offer_id, Deal).state == OPEN:
            total[offer.offered - 1] += offer.offered_amount
    return total


def second_planet(game: GameWorld, player_id: int, system: int) -> int:
    """Give a player a second planet, as a colony will be."""
    home: Home = found_elsewhere(game, player_id + 10, system)
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        owners = game.state.world.tables[PLANET]
        owners.set(home.planet_id, "Planet.owner_id", player_id)
        game.state.world.delete_entity(PLAYER, player_id + 10)
    set_up(game, home.planet_id, amounts=(1000.0, 1000.0, 1000.0))
    return home.planet_id


def found_elsewhere(game: GameWorld, player_id: int, system: int) -> Home:
    home: Home = carry_out(game, FoundHome(player_id, f"player{player_id}", (1, system, None)))
    return home


def lose(game: GameWorld, planet_id: int) -> None:
    """Have a planet go, as one that was abandoned."""
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        game.state.world.delete_entity(PLANET, planet_id)


def status_of(game: GameWorld, offer_id: int = 1) -> str:
    (offer,) = (
        each for each in game.ask(ListOffers(None, 200))[0].offers if each.offer_id == offer_id
    )
    return str(offer.status)


def test_that_what_is_offered_leaves_the_planet_at_once(game: GameWorld) -> None:
    offer = carry_out(game, ALL_OF_IT)
    assert offer == TradeOffer(
        offer_id=1,
        seller_id=1,
        seller_name="player1",
        offered="metal",
        offered_amount=300,
        requested="crystal",
        requested_amount=200,
        status="open",
        created_at=game.time,
        expires_at=game.time + 7 * DAY_S,
        closed_at=None,
        buyer_id=None,
        buyer_name=None,
        fee=0,
    )
    assert stocks_of(game, 1) == (700, 1000, 1000)
    assert moved(game, 1) == (-300, 0, 0)
    assert missing_in(game) == [0, 0, 0]


def test_that_accepting_swaps_both_sides(game: GameWorld) -> None:
    carry_out(game, ALL_OF_IT)
    closed = carry_out(game, AcceptOffer(2, 1))
    assert stocks_of(game, 1) == (700, 1200, 1000)
    assert stocks_of(game, 2) == (1300, 800, 1000)
    assert (closed.status, closed.buyer_id, closed.buyer_name) == ("accepted", 2, "player2")
    assert (closed.closed_at, closed.expires_at) == (game.time, None)
    assert missing_in(game) == [0, 0, 0]


def test_that_trade_is_no_spending(game: GameWorld) -> None:
    carry_out(game, ChangeSettings({"market_fee_percent": 25.0}))
    carry_out(game, ALL_OF_IT)
    carry_out(game, AcceptOffer(2, 1))
    for planet_id in (1, 2):
        ledger = game.state.world.component_for_entity(PLANET, planet_id, Ledger)
        assert ledger.spent == (0, 0, 0)


@pytest.mark.parametrize(
    ("percent", "gets", "fee"), [(0.0, 200, 0), (2.5, 195, 5), (33.3, 134, 66), (100.0, 0, 200)]
)
def test_that_a_fee_comes_off_the_proceeds_and_stays_in_sight(
    game: GameWorld, percent: float, gets: int, fee: int
) -> None:
    carry_out(game, ALL_OF_IT)
    carry_out(game, ChangeSettings({"market_fee_percent": percent}))
    closed = carry_out(game, AcceptOffer(2, 1))
    assert closed.fee == fee
    assert stocks_of(game, 1) == (700, 1000 + gets, 1000)
    assert stocks_of(game, 2) == (1300, 800, 1000)
    trader = game.state.world.component_for_entity(PLAYER, 1, Trader)
    assert trader.fees_paid == (0, fee, 0)
    assert missing_in(game) == [0, 0, 0]


def test_that_the_planets_that_are_named_trade(game: GameWorld) -> None:
    sellers, buyers = second_planet(game, 1, 2), second_planet(game, 2, 3)
    carry_out(game, replace(ALL_OF_IT, planet_id=sellers))
    carry_out(game, AcceptOffer(2, 1, buyers))
    assert stocks_of(game, sellers) == (700, 1200, 1000)
    assert stocks_of(game, buyers) == (1300, 800, 1000)
    assert stocks_of(game, 1) == stocks_of(game, 2) == (1000, 1000, 1000)


@pytest.mark.parametrize("ends", ["accepted", "cancelled", "expired"])
def test_that_home_receives_for_a_planet_that_is_gone(
    game: GameWorld, clock: ManualClock, ends: str
) -> None:
    colony = second_planet(game, 1, 2)
    carry_out(game, replace(ALL_OF_IT, planet_id=colony))
    lose(game, colony)
    match ends:
        case "accepted":
            carry_out(game, AcceptOffer(2, 1))
        case "cancelled":
            carry_out(game, CancelOffer(1, 1))
        case _:
            clock.advance(7 * DAY_S + 1)
            game.advance(clock.now())
    assert status_of(game) == ends
    expected = (1000, 1200, 1000) if ends == "accepted" else (1300, 1000, 1000)
    assert stocks_of(game, 1) == expected


def test_that_cancelling_returns_what_was_offered(game: GameWorld) -> None:
    carry_out(game, ALL_OF_IT)
    assert carry_out(game, CancelOffer(1, 1)).status == "cancelled"
    assert stocks_of(game, 1) == (1000, 1000, 1000)
    assert moved(game, 1) == (0, 0, 0)
    assert missing_in(game) == [0, 0, 0]


def test_that_an_offer_expires_at_its_instant(game: GameWorld, clock: ManualClock) -> None:
    offer = carry_out(game, replace(ALL_OF_IT, expires_in_s=3600.0))
    clock.set(offer.expires_at - 0.001)
    game.advance(clock.now())
    assert status_of(game) == "open"
    clock.advance(100.0)
    game.advance(clock.now())
    (closed,) = game.ask(ListTrades(1, 10))[0].offers
    assert (closed.status, closed.closed_at) == ("expired", offer.expires_at)
    assert stocks_of(game, 1) == (1000, 1000, 1000)
    assert missing_in(game) == [0, 0, 0]
    assert refused(game, AcceptOffer(2, 1)).code == "offer_closed"


def test_that_the_setting_says_how_long_an_offer_stands(
    game: GameWorld, clock: ManualClock
) -> None:
    carry_out(game, ChangeSettings({"market_offer_days": 0.5}))
    offer = carry_out(game, ALL_OF_IT)
    assert offer.expires_at == game.time + DAY_S / 2
    # What stands already is not called back.
    carry_out(game, ChangeSettings({"market_offer_days": 0.01}))
    clock.advance(DAY_S / 4)
    game.advance(clock.now())
    assert status_of(game) == "open"


def test_that_an_offer_is_forgotten_when_it_has_been_over_for_long(
    game: GameWorld, clock: ManualClock
) -> None:
    carry_out(game, ALL_OF_IT)
    carry_out(game, AcceptOffer(2, 1))
    clock.advance(RULES.market.history_s - 1)
    assert game.ask(ListTrades(2, 10))[0].total == 1
    clock.advance(2)
    assert game.ask(ListTrades(2, 10))[0].total == 0
    assert refused(game, AcceptOffer(3, 1)).code == "no_such_item"
    assert missing_in(game) == [0, 0, 0]


def test_that_a_sellers_latest_offers_are_remembered_and_no_more(game: GameWorld) -> None:
    carry_out(game, replace(ALL_OF_IT, offered_amount=1))
    for number in range(2, RULES.market.history_most + 3):
        carry_out(game, replace(ALL_OF_IT, offered_amount=2))
        carry_out(game, CancelOffer(1, number))
    page = game.ask(ListTrades(1, 200))[0]
    # The open one stays, whatever its age.
    assert page.total == RULES.market.history_most + 1
    assert {offer.offer_id for offer in page.offers} == {1, *range(3, number + 1)}
    assert missing_in(game) == [0, 0, 0]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (replace(ALL_OF_IT, offered="spice"), "unknown_type"),
        (replace(ALL_OF_IT, requested="spice"), "unknown_type"),
        (replace(ALL_OF_IT, requested="metal"), "bad_value"),
        (replace(ALL_OF_IT, offered_amount=0), "bad_value"),
        (replace(ALL_OF_IT, requested_amount=-5), "bad_value"),
        (replace(ALL_OF_IT, offered_amount=RULES.market.amount_most + 1), "bad_value"),
        (replace(ALL_OF_IT, requested_amount=RULES.market.amount_most + 1), "bad_value"),
        (replace(ALL_OF_IT, expires_in_s=0.0), "bad_value"),
        (replace(ALL_OF_IT, expires_in_s=400 * DAY_S), "bad_value"),
        (replace(ALL_OF_IT, expires_in_s=float("nan")), "bad_value"),
        (replace(ALL_OF_IT, offered_amount=1001), "insufficient_resources"),
        (replace(ALL_OF_IT, planet_id=2), "not_yours"),
        (replace(ALL_OF_IT, planet_id=99), "not_yours"),
        (replace(ALL_OF_IT, player_id=99), "no_home"),
        (AcceptOffer(1, 1), "own_offer"),
        (AcceptOffer(2, 9), "no_such_item"),
        (AcceptOffer(2, 1, 1), "not_yours"),
        (AcceptOffer(2, 2), "insufficient_resources"),
        (AcceptOffer(2, 3), "offer_closed"),
        (CancelOffer(2, 1), "not_yours"),
        (CancelOffer(1, 3), "offer_closed"),
        (CancelOffer(1, 9), "no_such_item"),
    ],
    ids=str,
)
def test_that_what_the_rules_refuse_changes_nothing(
    game: GameWorld, command: CreateOffer | AcceptOffer | CancelOffer, code: str
) -> None:
    carry_out(game, ALL_OF_IT)
    carry_out(game, CreateOffer(1, "metal", 1, "crystal", 1001))
    carry_out(game, ALL_OF_IT)
    carry_out(game, CancelOffer(1, 3))
    assert refused(game, command).code == code


def test_that_what_is_missing_is_told(game: GameWorld) -> None:
    refusal = refused(game, replace(ALL_OF_IT, offered_amount=1234))
    assert refusal.facts == {"missing": {"metal": 234}}


def test_that_a_player_has_a_bounded_number_of_open_offers(game: GameWorld) -> None:
    one = replace(ALL_OF_IT, offered_amount=1)
    for _ in range(RULES.market.open_offers_most):
        carry_out(game, one)
    assert refused(game, one).code == "too_many_offers"
    carry_out(game, CancelOffer(1, 1))
    carry_out(game, one)
    carry_out(game, replace(one, player_id=2))


def test_that_two_who_accept_do_not_both_get_it(game: GameWorld) -> None:
    carry_out(game, ALL_OF_IT)
    carry_out(game, AcceptOffer(3, 1))
    assert refused(game, AcceptOffer(2, 1)).code == "offer_closed"


def test_that_what_lies_in_an_offer_cannot_be_built_with(game: GameWorld) -> None:
    carry_out(game, replace(ALL_OF_IT, offered_amount=1000))
    assert refused(game, StartBuilding(1, "metal_mine")).code == "insufficient_resources"


def test_that_both_sides_go_with_one_save(clock: ManualClock) -> None:
    store = ManualStore()
    game = new_game(clock, store, galaxies=1, systems=4)
    for player_id in (1, 2):
        found(game, player_id)
    carry_out(game, replace(ALL_OF_IT, offered_amount=100))
    game.save_player_data()
    while store.waiting:
        store.commit()
    carry_out(game, AcceptOffer(2, 1))
    game.attach(lambda: None)
    game.pump(after_tick=False)
    (batch, _) = store.waiting[0]
    tables = {rows.table: sorted(rows.ids.tolist()) for rows in batch.rows}
    assert tables == {"planet": [1, 2], "offer": [1], "message": [1]}
    together = {("planet", 1), ("planet", 2), ("offer", 1), ("message", 1)}
    assert any(together <= group for group in batch.groups)
    # Killed before the commit, nobody has traded.
    store.lose()
    again = reload(store, clock)
    assert status_of(again) == "open"
    assert missing_in(again) == [0, 0, 0]


def test_that_offers_are_listed_by_status_the_newest_first(game: GameWorld) -> None:
    for _ in range(4):
        carry_out(game, replace(ALL_OF_IT, offered_amount=10))
    carry_out(game, CancelOffer(1, 2))
    carry_out(game, AcceptOffer(2, 3))
    by_status = {
        status: [offer.offer_id for offer in game.ask(ListOffers(status, 10))[0].offers]
        for status in ("open", "accepted", "cancelled", "expired", None)
    }
    assert by_status == {
        "open": [4, 1],
        "accepted": [3],
        "cancelled": [2],
        "expired": [],
        None: [4, 3, 2, 1],
    }
    page = game.ask(ListOffers(None, 2, 1))[0]
    assert (page.total, [offer.offer_id for offer in page.offers]) == (4, [3, 2])
    assert [offer.offer_id for offer in game.ask(ListTrades(2, 10))[0].offers] == [3]
    assert game.ask(ListTrades(3, 10))[0].offers == ()


def test_that_both_planets_and_both_players_are_told(game: GameWorld) -> None:
    told: list[Event] = []
    game.on_event = lambda event, shown, urgent: told.append(event)
    carry_out(game, ALL_OF_IT)
    at = game.time
    assert [type(event) for event in told] == [StocksChanged, OfferChanged]
    told.clear()
    closed = carry_out(game, AcceptOffer(2, 1))
    at = game.time
    assert told == [
        StocksChanged(at, 2, 2),
        StocksChanged(at, 1, 1),
        OfferChanged(at, closed),
        MessageWritten(at, 1, 1, "system"),
    ]


def test_that_an_offer_that_the_database_refuses_holds_up_no_other(game: GameWorld) -> None:
    for number in range(1, RULES.market.history_most + 1):
        carry_out(game, replace(ALL_OF_IT, offered_amount=1))
        carry_out(game, CancelOffer(1, number))
    marks = game.state.world.marks[OFFER]
    marks.set_aside(game.state.world.tables[OFFER].ids[:1].copy())
    assert marks.flags_of(1) & Mark.ASIDE
    carry_out(game, replace(ALL_OF_IT, offered_amount=1))
    carry_out(game, CancelOffer(1, number + 1))
    assert 1 in game.state.world.tables[OFFER]
    assert 2 not in game.state.world.tables[OFFER]


def test_that_a_new_owner_of_a_planet_gets_nothing_of_its_old_offers(game: GameWorld) -> None:
    colony = second_planet(game, 1, 2)
    carry_out(game, replace(ALL_OF_IT, planet_id=colony))
    table = game.state.world.tables[PLANET]
    table.set(colony, "Planet.owner_id", 3)
    assert game.state.world.component_for_entity(PLANET, colony, Planet).owner_id == 3
    carry_out(game, CancelOffer(1, 1))
    assert stocks_of(game, 1) == (1300, 1000, 1000)
