"""What computer players see of others, in worlds that are set up for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

import pytest

from core.bots import fleet_sight
from core.bots.driver import BotDriver
from core.bots.fleet_sight import Flights, Looker, own_fleets
from core.bots.market_sight import OFFERS_LOOKED_AT, Stall, market_seen
from core.bots.prey import RESTS_S, SEEN_LATELY_S, prey_of, unspied_place
from core.bots.sight import View, look
from core.bots.strength import Bot, Strength
from core.commands import (
    AcceptOffer,
    CreateOffer,
    DispatchFleet,
    FoundHome,
    RecallFleet,
    SetVacation,
)
from core.components import OFFER, PLAYER, UNITS
from core.ecs import Origin
from core.game import GameWorld
from core.reports import write_report
from core.rules.planets import Nature
from core.settlement import create_planet
from tests.bots.playing import played, saved
from tests.manual_clock import ManualClock
from tests.missions.war import units
from tests.worlds import carry_out, new_game, set_up

DAY_S = 86_400.0
HOMES = {1: (1, 5, 4), 2: (1, 5, 5), 3: (1, 6, 6), 4: (1, 20, 4)}
KNOWN = {"combustion_drive": 6, "impulse_drive": 3, "espionage": 4, "computer": 4, "shielding": 2}
SHIPS = {"small_cargo": 5, "espionage_probe": 6, "recycler": 2, "light_fighter": 5}
RICH = (9_000.0, 9_000.0, 9_000.0)
NATURE = Nature(fields=150, temperature_max=40)
BOT = Bot(1, "bot-1", Strength.HARD)


def neighbourhood(
    clock: ManualClock, players: Sequence[int] = (1, 2, 3, 4), away_days: float = 0.0
) -> GameWorld:
    """Return a world where 1 is a computer player and the others are people who were long away."""
    game = new_game(clock, galaxies=1, systems=40, inactive_after_days=1.0)
    for player_id in players:
        carry_out(game, FoundHome(player_id, f"player{player_id}", HOMES[player_id]))
    set_up(game, 1, amounts=RICH, technologies=KNOWN, units=SHIPS)
    if away_days:
        clock.advance(away_days * DAY_S)
        game.advance(clock.now())
    return game


def seen_by(game: GameWorld, strength: Strength = Strength.HARD, turn: int = 0) -> View:
    bot = Bot(1, "bot-1", strength)
    view = look(game.state, Looker(bot, turn, 60.0, Random(1), {1}), game.time)
    assert view is not None
    return view


def flights_of(game: GameWorld) -> Flights:
    flights = seen_by(game).flights
    assert flights is not None
    return flights


def tell(
    game: GameWorld, planet_id: int, at: float | None = None, **sections: Mapping[str, int]
) -> None:
    """Have 1 be told what probes have seen of a planet, by default at this instant."""
    galaxy, system, position = HOMES[planet_id]
    content = {
        "galaxy": galaxy,
        "system": system,
        "position": position,
        "type": "planet",
        "planet": planet_id,
        "resources": {"metal": 900, "crystal": 60, "deuterium": 7},
        **sections,
    }
    at = game.time if at is None else at
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        write_report(game.state, 1, "espionage", content, at)


def fight(game: GameWorld, at: float) -> None:
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        write_report(game.state, 1, "battle", {}, at)


# Whom he may raid ---------------------------------------------------------------------------------


def test_that_whoever_plays_or_is_on_vacation_is_not_looked_for() -> None:
    clock = ManualClock()
    game = neighbourhood(clock, away_days=2.0)
    assert unspied_place(game.state, 1, (1, 5), (), game.time) == HOMES[2]
    # Nor is he himself, who was away as long.
    assert unspied_place(game.state, 1, (1, 5), {2}, game.time) is None
    carry_out(game, SetVacation(3, on=True))
    assert unspied_place(game.state, 1, (1, 6), (), game.time) is None
    active = neighbourhood(ManualClock(), away_days=0.9)
    assert unspied_place(active.state, 1, (1, 5), (), active.time) is None


def test_that_nobody_is_spied_upon_again_soon() -> None:
    game = neighbourhood(ManualClock(), away_days=2.0)
    tell(game, 2, game.time - RESTS_S - 1)
    assert unspied_place(game.state, 1, (1, 5), (), game.time) == HOMES[2]
    tell(game, 2, game.time - RESTS_S)
    assert unspied_place(game.state, 1, (1, 5), (), game.time) is None


def test_that_he_knows_what_his_probes_have_seen_lately() -> None:
    game = neighbourhood(ManualClock(), away_days=2.0)
    tell(game, 2, fleet={"cruiser": 1}, defence={"light_laser": 2}, research={"weapons": 3})
    tell(game, 3, fleet={})
    second, first = prey_of(game.state, 1, (), game.time)
    assert (first.planet_id, first.place, first.amounts) == (2, HOMES[2], (900, 60, 7))
    assert first.defenders == {"cruiser": 1, "light_laser": 2}
    assert first.technologies == {"weapons": 3}
    assert (second.planet_id, second.defenders, second.technologies) == (3, None, None)
    assert prey_of(game.state, 1, {2, 3}, game.time) == ()
    assert prey_of(game.state, 2, (), game.time) == ()


@pytest.mark.parametrize("old_s", [SEEN_LATELY_S, SEEN_LATELY_S + 1])
def test_that_what_was_seen_long_ago_or_before_a_battle_is_forgotten(old_s: float) -> None:
    game = neighbourhood(ManualClock(), away_days=2.0)
    tell(game, 2, game.time - old_s)
    assert bool(prey_of(game.state, 1, (), game.time)) is (old_s == SEEN_LATELY_S)
    fight(game, game.time - 5)
    tell(game, 3, game.time - 6)
    assert prey_of(game.state, 1, (), game.time) == ()
    tell(game, 3, game.time - 5)
    assert len(prey_of(game.state, 1, (), game.time)) == 1


def test_that_who_came_back_or_went_on_vacation_meanwhile_is_no_prey() -> None:
    game = neighbourhood(ManualClock(), away_days=2.0)
    tell(game, 2)
    tell(game, 3)
    assert len(prey_of(game.state, 1, (), game.time)) == 2
    carry_out(game, SetVacation(3, on=True))
    game.state.world.tables[PLAYER].set(2, "Presence.active_at", game.time)
    assert prey_of(game.state, 1, (), game.time) == ()


# Fleets -------------------------------------------------------------------------------------------


def test_that_he_sees_attacks_and_looks_at_the_planet_that_is_attacked_first() -> None:
    clock = ManualClock()
    game = neighbourhood(clock, away_days=2.0)
    set_up(game, 2, amounts=RICH, technologies=KNOWN, units={"light_fighter": 1, "small_cargo": 1})
    carry_out(game, DispatchFleet(2, "transport", HOMES[1], {"small_cargo": 1}))
    assert flights_of(game).attacks == {}
    voyage = carry_out(game, DispatchFleet(2, "attack", HOMES[1], {"light_fighter": 1}))
    flights = flights_of(game)
    assert flights.attacks == {1: voyage.arrives_at}
    # It takes longer than two turns and a half.
    assert not flights.flees
    clock.set(voyage.arrives_at - 150.0)
    game.advance(clock.now())
    assert flights_of(game).flees
    carry_out(game, RecallFleet(2, voyage.fleet_id))
    assert flights_of(game).attacks == {}


def test_that_he_knows_his_fleets_and_how_many_more_may_fly() -> None:
    game = neighbourhood(ManualClock(), (1, 2))
    carry_out(game, DispatchFleet(1, "transport", HOMES[2], {"small_cargo": 2}))
    flights = flights_of(game)
    (own,) = flights.fleets
    assert (own.mission, own.outbound, own.origin_id, own.target_id) == ("transport", True, 1, 2)
    assert (own.target, own.counts[UNITS.index("small_cargo")]) == (HOMES[2], 2)
    # One and four of computers, less one.
    assert flights.slots_free == 4
    carry_out(game, RecallFleet(1, own.fleet_id))
    (own,) = flights_of(game).fleets
    assert not own.outbound


def test_that_easy_ones_see_neither_fleets_nor_the_market() -> None:
    view = seen_by(neighbourhood(ManualClock(), (1, 2)), Strength.EASY)
    assert (view.flights, view.market) == (None, None)


def test_that_he_looks_no_further_than_his_neighbourhood(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[tuple[int, int]] = []
    monkeypatch.setitem(fleet_sight.SPIES_AT_ONE_OF, Strength.HARD, 1)
    monkeypatch.setattr(
        fleet_sight, "unspied_place", lambda _state, _id, system, *_: looked.append(system)
    )
    game = neighbourhood(ManualClock(), (1,))
    for seed in range(60):
        look(game.state, Looker(BOT, 0, 60.0, Random(seed), {1}), game.time)
    # Eight systems either way of the fifth of forty, which are a ring.
    assert {system for _, system in looked} == {*range(1, 14), 38, 39, 40} | {37}


# The market ---------------------------------------------------------------------------------------


def test_that_he_sees_the_latest_open_offers_of_people_and_counts_the_others() -> None:
    game = neighbourhood(ManualClock(), (1, 2, 3))
    for player_id in (2, 3):
        set_up(game, player_id, amounts=RICH)
    offers = [
        carry_out(game, CreateOffer(player_id, "metal", 300, "crystal", 200 + player_id))
        for player_id in (1, 2, 3, 3)
    ]
    carry_out(game, AcceptOffer(2, offers[2].offer_id))
    market = market_seen(game.state, 1, {1, 2})
    assert market.stalls == (Stall(offers[3].offer_id, 0, 300, 1, 203),)
    assert (market.of_bots, market.own) == (2, 1)


def test_that_a_crowded_market_is_not_looked_through() -> None:
    game = neighbourhood(ManualClock(), (1, 2))
    set_up(game, 2, amounts=RICH)
    for _ in range(5):
        carry_out(game, CreateOffer(2, "metal", 3, "crystal", 2))
    # As if so many had come after the first four.
    game.state.world.next_id[OFFER] += OFFERS_LOOKED_AT - 1
    assert [stall.offer_id for stall in market_seen(game.state, 1, {1}).stalls] == [5]


# All together -------------------------------------------------------------------------------------


def play(game: GameWorld, clock: ManualClock, strength: Strength, seconds: float) -> BotDriver:
    driver = BotDriver(game, [Bot(1, "bot-1", strength)], lambda: 0.0)
    driver.begin(game.time)
    saved(game)
    played(driver, game, clock, seconds)
    return driver


@pytest.mark.parametrize("strength", [Strength.MEDIUM, Strength.HARD])
def test_that_the_inactive_are_spied_upon_and_raided_and_nobody_else(strength: Strength) -> None:
    clock = ManualClock()
    game = neighbourhood(clock, away_days=2.0)
    for player_id in (2, 3, 4):
        set_up(game, player_id, levels={"metal_mine": 20}, amounts=RICH)
    carry_out(game, SetVacation(3, on=True))
    results = arrivals(game)
    driver = play(game, clock, strength, DAY_S / 2)
    assert ("espionage", 2, "spied") in results
    assert ("attack", 2, "won") in results
    assert {planet_id for _, planet_id, _ in results} == {2}
    assert driver.refused == 0


def test_that_ships_and_goods_are_away_when_an_attack_comes_and_home_again_afterwards() -> None:
    clock = ManualClock()
    game = neighbourhood(clock, (1, 2))
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        colony_id = create_planet(game.state, 1, "Colony", (1, 9, 7), NATURE, game.time)
    # Nothing can be built any more, so that nothing else is to be decided.
    set_up(game, colony_id, levels={"metal_mine": 1}, fields=1)
    set_up(
        game, 1, levels={"metal_mine": 1}, fields=1, amounts=RICH, technologies=KNOWN, units=SHIPS
    )
    set_up(game, 2, amounts=RICH, technologies=KNOWN, units={"light_fighter": 9})
    voyage = carry_out(game, DispatchFleet(2, "attack", HOMES[1], {"light_fighter": 9}))
    results = arrivals(game, 2)
    driver = play(game, clock, Strength.HARD, voyage.arrives_at - game.time)
    # All ships are under way, with as much as they can carry; nothing was there to be fought.
    assert units(game, 1) == {}
    play(game, clock, Strength.HARD, 60)
    assert results == {("attack", 1, "won")}
    fleets = own_fleets(game.state, 1)
    assert [(fleet.mission, fleet.outbound) for fleet in fleets] == [("deploy", False)]
    play(game, clock, Strength.HARD, 3_600)
    assert units(game, 1) == SHIPS
    assert driver.refused == 0


def arrivals(game: GameWorld, owner_id: int = 1) -> set[tuple[str, int, str]]:
    found: set[tuple[str, int, str]] = set()

    def note(event: object, *_: object) -> None:
        voyage, result = getattr(event, "voyage", None), getattr(event, "result", None)
        if voyage is not None and result is not None and voyage.owner_id == owner_id:
            found.add((voyage.mission, voyage.target_id, result))

    game.on_event = note
    return found
