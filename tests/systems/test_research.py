"""Research: what is ordered, paid, finished, cancelled, and what it does to all planets."""

from __future__ import annotations

from typing import Any

import pytest

from core import stockpiles
from core.commands import (
    CancelBuilding,
    CancelResearch,
    ChangeSettings,
    DemolishBuilding,
    StartBuilding,
    StartResearch,
)
from core.components import (
    NEVER,
    PLANET,
    PLAYER,
    Knowledge,
    Planet,
    Position,
    ResearchQueue,
    Stocks,
)
from core.ecs import Mark, Origin
from core.events import (
    BuildItemDropped,
    Event,
    MessageWritten,
    ResearchDropped,
    ResearchFinished,
    ResearchStarted,
    StocksChanged,
)
from core.game import GameWorld
from core.knowledge import known_on, technologies_of
from core.queries import ReportPlanet, ReportResearch
from core.systems.research import ResearchItem, research_queue_of
from tests.manual_clock import ManualClock
from tests.worlds import carry_out, found, new_game, refused, set_up

RICH = (1e9, 1e9, 1e9)
ROOMY = {"metal_storage": 30, "crystal_storage": 30, "deuterium_tank": 30}
LAB = {**ROOMY, "research_lab": 1}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    """Return a world in which player 1 has planets 1 and 2, and somebody else has planet 3."""
    game = new_game(clock)
    for number in (1, 2, 3):
        found(game, number)
    give(game, 2, to=1)
    set_up(game, 1, levels=LAB, amounts=RICH)
    set_up(game, 2, levels=ROOMY, amounts=RICH)
    return game


@pytest.fixture
def events(game: GameWorld) -> list[Event]:
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    return events


def give(game: GameWorld, planet_id: int, to: int) -> None:
    with game.state.world.unit_of_work(Origin.COMMAND, game.clock.now()):
        planet = game.state.world.component_for_entity(PLANET, planet_id, Planet)
        # Owners are for ever, as far as commands go.
        game.state.world.tables[PLANET].set(planet_id, "Planet.owner_id", to)
        planet.name = "Colony"


def queue(game: GameWorld, player_id: int = 1) -> tuple[ResearchItem, ...]:
    return research_queue_of(game.state, player_id)


def names(game: GameWorld) -> list[tuple[str, int]]:
    return [(item.technology, item.level) for item in queue(game)]


def known(game: GameWorld, player_id: int = 1) -> dict[str, int]:
    levels = technologies_of(game.state.world, player_id)
    return {name: level for name, level in levels.items() if level}


def research(game: GameWorld, *technologies: str, planet_id: int | None = 1) -> list[ResearchItem]:
    return [carry_out(game, StartResearch(1, name, planet_id)) for name in technologies]


def amounts(game: GameWorld, planet_id: int = 1) -> tuple[float, ...]:
    stock = game.state.world.component_for_entity(PLANET, planet_id, Stocks)
    return stockpiles.amounts_at(stock, game.time)


def pass_time(game: GameWorld, clock: ManualClock, seconds: float) -> None:
    clock.advance(seconds)
    game.advance(clock.now())


def seconds_of(item: ResearchItem) -> float:
    assert item.started_at is not None
    assert item.due_at is not None
    return item.due_at - item.started_at


# Ordering -----------------------------------------------------------------------------------------


def test_that_an_order_is_paid_by_its_planet_when_it_starts(game: GameWorld) -> None:
    (item,) = research(game, "energy")
    # 3600 · 800 / (1000 · 2) = 1440 seconds in a lab of level 1.
    assert item == ResearchItem("energy", 1, 1, (0, 800, 400), game.time, game.time + 1440)
    assert amounts(game, 1) == pytest.approx((1e9, 1e9 - 800, 1e9 - 400), abs=1)
    assert amounts(game, 2) == pytest.approx(RICH)
    assert game.state.world.tables[PLANET].get(1, "Ledger.spent") == (0, 800, 400)


def test_that_a_waiting_item_is_not_paid_and_has_no_times(game: GameWorld) -> None:
    research(game, "energy")
    before = amounts(game)
    (item,) = research(game, "computer")
    assert item == ResearchItem("computer", 1, 1, (0, 400, 600), None, None)
    assert amounts(game) == pytest.approx(before, abs=1)


def test_that_items_of_one_type_count_up_and_each_has_its_own_price(
    game: GameWorld, clock: ManualClock
) -> None:
    first, second, third = research(game, "computer", "computer", "computer")
    assert [item.level for item in (first, second, third)] == [1, 2, 3]
    assert third.cost == (0, 1600, 2400)
    # 3600 · 400 / 2000, and twice and four times as much.
    pass_time(game, clock, 720 + 1440 + 1)
    assert known(game) == {"computer": 2}
    (active,) = queue(game)
    assert active.started_at == pytest.approx(first.started_at + 720 + 1440)  # type: ignore[operator]
    assert seconds_of(active) == 2880


def test_that_the_queue_holds_five_items(game: GameWorld) -> None:
    research(game, *["computer"] * 5)
    refusal = refused(game, StartResearch(1, "computer", 1))
    assert (refusal.code, refusal.facts) == ("queue_full", {"limit": 5})


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (StartResearch(1, "alchemy"), "unknown_type"),
        (StartResearch(1, "metal_mine"), "unknown_type"),
        (StartResearch(1, "energy", 3), "not_yours"),
        (StartResearch(1, "energy", 99), "not_yours"),
        (StartResearch(9, "energy"), "no_home"),
        (CancelResearch(9, 0), "no_home"),
        (CancelResearch(1, 0), "no_such_item"),
        (CancelResearch(1, -1), "no_such_item"),
    ],
)
def test_that_nonsense_is_refused(game: GameWorld, command: Any, code: str) -> None:
    assert refused(game, command).code == code


def test_that_a_technology_needs_what_it_requires(game: GameWorld) -> None:
    refusal = refused(game, StartResearch(1, "laser", 1))
    assert (refusal.code, refusal.facts) == ("requirements_not_met", {"missing": {"energy": 2}})
    # The lab must stand where the research is done.
    refusal = refused(game, StartResearch(1, "energy", 2))
    assert refusal.facts == {"missing": {"research_lab": 1}}


def test_that_what_is_queued_before_counts_as_known(game: GameWorld) -> None:
    research(game, "energy", "energy", "laser")
    assert names(game) == [("energy", 1), ("energy", 2), ("laser", 1)]


def test_that_what_cannot_be_paid_is_refused_with_what_is_missing(game: GameWorld) -> None:
    set_up(game, 1, levels=LAB, amounts=(500, 500, 399.5))
    refusal = refused(game, StartResearch(1, "energy", 1))
    assert refusal.code == "insufficient_resources"
    assert refusal.facts["missing"] == {"crystal": 300, "deuterium": 1}


def test_that_a_waiting_item_that_cannot_be_paid_is_dropped(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    set_up(game, 1, levels=LAB, amounts=(0, 1000, 1000))
    research(game, "energy", "energy", "computer")
    pass_time(game, clock, 1441)
    # 200 crystal are left, and a few more were made: computer costs 400.
    assert [event for event in events if isinstance(event, ResearchDropped)] == [
        ResearchDropped(events[-1].at, 1, "energy", "insufficient_resources"),
        ResearchDropped(events[-1].at, 1, "computer", "insufficient_resources"),
    ]
    assert queue(game) == ()
    assert game.state.world.tables[PLAYER].get(1, "ResearchQueue.finish_at") == NEVER


def test_that_a_technology_cannot_be_raised_beyond_the_highest_level(game: GameWorld) -> None:
    set_up(game, 1, levels={**ROOMY, "research_lab": 12}, technologies={"energy": 100})
    assert refused(game, StartResearch(1, "energy", 1)).code == "level_limit"


def test_that_astrophysics_is_priced_in_hundreds(game: GameWorld) -> None:
    set_up(
        game,
        1,
        levels={**ROOMY, "research_lab": 3},
        amounts=RICH,
        technologies={"impulse_drive": 3, "espionage": 4, "astrophysics": 3},
    )
    (item,) = research(game, "astrophysics")
    # 4000 · 1.75³ = 21 437.5 and 42 875, which are rounded to 21 400 and 42 900.
    assert item.cost == (21_400, 42_900, 21_400)
    assert seconds_of(item) == 57_870  # 3600 · 64 300 / 4000


# Time ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lab", "speeds", "seconds"),
    [
        (1, {}, 1440),  # 3600 · 800 / (1000 · 2)
        (4, {}, 576),  # · 5
        (9, {"research_speed": 3.0}, 96),
        (9, {"research_speed": 2.0, "economy_speed": 4.0}, 36),
    ],
)
def test_that_a_better_lab_and_a_faster_world_take_less_time(
    game: GameWorld, lab: int, speeds: dict[str, float], seconds: int
) -> None:
    set_up(game, 1, levels={**ROOMY, "research_lab": lab}, amounts=RICH)
    if speeds:
        carry_out(game, ChangeSettings(speeds))
    (item,) = research(game, "energy")
    assert seconds_of(item) == seconds


@pytest.mark.parametrize(
    ("network", "other_lab", "seconds"),
    [
        (0, 9, 2160),  # 3600 · 2400 / (1000 · 4): the lab here alone, of level 3
        (1, 9, 664),  # / 13 000: 664.6
        (5, 9, 664),  # there is only one more
        (1, 2, 2160),  # it is too low for espionage
        (1, 3, 1234),  # / 7000: 1234.3
    ],
)
def test_that_the_network_joins_the_best_labs_that_are_good_enough(
    game: GameWorld, network: int, other_lab: int, seconds: int
) -> None:
    set_up(game, 2, levels={**ROOMY, "research_lab": other_lab})
    technologies = {"research_network": network, "espionage": 1}
    set_up(
        game,
        1,
        levels={**ROOMY, "research_lab": 3},
        amounts=RICH,
        technologies=technologies,
    )
    (item,) = research(game, "espionage")
    assert item.cost == (400, 2000, 400)
    assert seconds_of(item) == seconds


def test_that_research_ends_at_its_exact_instant_on_all_planets(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    (item,) = research(game, "energy")
    pass_time(game, clock, 5_000)
    assert known(game) == {"energy": 1}
    for planet_id in (1, 2):
        assert known_on(game.state.world, planet_id)["energy"] == 1
        stock = game.state.world.component_for_entity(PLANET, planet_id, Stocks)
        assert stock.settled_at == item.due_at
        assert game.state.world.marks[PLANET].flags_of(planet_id) & Mark.URGENT
    assert known_on(game.state.world, 3)["energy"] == 0
    assert events[0] == ResearchStarted(item.started_at or 0, 1, "energy", 1)
    finished = [event for event in events if event.at == item.due_at]
    assert finished == [
        ResearchFinished(item.due_at or 0, 1, "energy", 1),
        StocksChanged(item.due_at or 0, 1, 1),
        StocksChanged(item.due_at or 0, 1, 2),
    ]


def test_that_what_changes_no_rates_re_bases_no_stocks(game: GameWorld, clock: ManualClock) -> None:
    before = game.state.world.tables[PLANET].get(2, "Stocks.settled_at")
    research(game, "computer")
    pass_time(game, clock, 5_000)
    assert known_on(game.state.world, 2)["computer"] == 1
    assert game.state.world.tables[PLANET].get(2, "Stocks.settled_at") == before


def test_that_the_next_item_starts_at_the_instant_of_the_one_before(
    game: GameWorld, clock: ManualClock
) -> None:
    first, _ = research(game, "energy", "computer")
    pass_time(game, clock, 1440.5)
    (item,) = queue(game)
    assert (item.technology, item.started_at) == ("computer", first.due_at)
    assert seconds_of(item) == 720


# Cancelling ---------------------------------------------------------------------------------------


def test_that_a_cancelled_active_item_is_refunded_in_full(
    game: GameWorld, clock: ManualClock
) -> None:
    before = game.state.world.tables[PLANET].get(1, "Ledger.spent")
    research(game, "energy")
    pass_time(game, clock, 100)
    assert carry_out(game, CancelResearch(1, 0)) == ()
    assert game.state.world.tables[PLANET].get(1, "Ledger.spent") == before
    assert amounts(game) == pytest.approx(RICH, abs=10)
    queue_row = game.state.world.component_for_entity(PLAYER, 1, ResearchQueue)
    assert (queue_row.paid, queue_row.finish_at) == ((0, 0, 0), NEVER)
    pass_time(game, clock, 1e6)
    assert known(game) == {}


def test_that_the_refund_goes_to_the_planet_that_paid(game: GameWorld) -> None:
    set_up(game, 2, levels=LAB, amounts=RICH)
    research(game, "energy", planet_id=2)
    assert amounts(game, 2)[1] == pytest.approx(1e9 - 800, abs=1)
    carry_out(game, CancelResearch(1, 0))
    assert amounts(game, 2) == pytest.approx(RICH, abs=1)
    assert amounts(game, 1) == pytest.approx(RICH, abs=1)


def test_that_later_items_of_the_type_are_renumbered(game: GameWorld) -> None:
    research(game, "energy", "computer", "computer", "computer")
    carry_out(game, CancelResearch(1, 1))
    assert names(game) == [("energy", 1), ("computer", 1), ("computer", 2)]


def test_that_items_that_lose_their_prerequisite_go_too(
    game: GameWorld, events: list[Event]
) -> None:
    research(game, "computer", "energy", "energy", "laser")
    events.clear()
    left = carry_out(game, CancelResearch(1, 2))
    assert [(item.technology, item.level) for item in left] == [("computer", 1), ("energy", 1)]
    assert events == [
        ResearchDropped(game.time, 1, "laser", "requirements_not_met"),
        MessageWritten(game.time, 1, 1, "system"),
    ]


def test_that_cancelling_the_active_item_starts_the_next_that_can_be(
    game: GameWorld, events: list[Event]
) -> None:
    research(game, "energy", "combustion_drive", "computer")
    events.clear()
    carry_out(game, CancelResearch(1, 0))
    assert names(game) == [("computer", 1)]
    assert queue(game)[0].started_at == game.time
    assert events[0] == ResearchDropped(game.time, 1, "combustion_drive", "requirements_not_met")


# Labs ---------------------------------------------------------------------------------------------


def test_that_no_lab_is_worked_on_while_research_runs(game: GameWorld) -> None:
    research(game, "energy")
    for planet_id in (1, 2):
        refusal = refused(game, StartBuilding(1, "research_lab", planet_id))
        assert refusal.code == "research_running"
    assert refused(game, DemolishBuilding(1, "research_lab", 1)).code == "research_running"
    carry_out(game, CancelResearch(1, 0))
    carry_out(game, StartBuilding(1, "research_lab", 2))


def test_that_no_research_starts_while_a_lab_is_worked_on(
    game: GameWorld, clock: ManualClock
) -> None:
    item = carry_out(game, StartBuilding(1, "research_lab", 2))
    assert refused(game, StartResearch(1, "energy", 1)).code == "lab_in_work"
    pass_time(game, clock, item.due_at - clock.now() + 1)
    research(game, "energy", planet_id=2)


def test_that_a_lab_of_somebody_else_is_nobody_s_business(game: GameWorld) -> None:
    set_up(game, 3, levels=ROOMY, amounts=RICH)
    carry_out(game, StartBuilding(3, "research_lab", 3))
    research(game, "energy")
    knowledge = game.state.world.component_for_entity(PLANET, 3, Knowledge)
    assert knowledge.lab_busy is False


def test_that_a_lab_whose_turn_comes_while_research_runs_is_dropped(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    mine = carry_out(game, StartBuilding(1, "metal_mine", 1))
    carry_out(game, StartBuilding(1, "research_lab", 1))
    carry_out(game, StartBuilding(1, "solar_plant", 1))
    research(game, "energy")
    pass_time(game, clock, 31)
    (dropped,) = [event for event in events if isinstance(event, BuildItemDropped)]
    assert dropped == BuildItemDropped(mine.due_at, 1, 1, "research_lab", "research_running")
    carry_out(game, CancelBuilding(1, 0, 1))


def test_that_planets_know_whether_research_runs(game: GameWorld, clock: ManualClock) -> None:
    def busy() -> list[bool]:
        column = game.state.world.tables[PLANET].array("Knowledge.lab_busy")
        return [bool(each) for each in column]

    assert busy() == [False, False, False]
    research(game, "energy", "computer")
    assert busy() == [True, True, False]
    pass_time(game, clock, 1441)
    assert busy() == [True, True, False]
    pass_time(game, clock, 5000)
    assert busy() == [False, False, False]


# Energy -------------------------------------------------------------------------------------------


def test_that_graviton_needs_energy_that_nothing_uses(game: GameWorld) -> None:
    levels = {**ROOMY, "research_lab": 12, "solar_plant": 56}
    set_up(game, 1, levels=levels, amounts=RICH)
    # 20 · 56 · 1.1^56 = 232 921.
    refusal = refused(game, StartResearch(1, "graviton", 1))
    assert refusal.code == "insufficient_energy"
    assert refusal.facts["energy_required"] == 300_000
    # 20 · 59 · 1.1^59 = 326 626, less 10 · 40 · 1.1^40 = 18 104 for a mine.
    set_up(game, 1, levels={**levels, "solar_plant": 59, "metal_mine": 40}, amounts=RICH)
    (item,) = research(game, "graviton")
    assert (item.cost, seconds_of(item)) == ((0, 0, 0), 1)
    carry_out(game, CancelResearch(1, 0))
    # Less 10 · 45 · 1.1^45 = 32 801 there is not enough.
    set_up(game, 1, levels={**levels, "solar_plant": 59, "metal_mine": 45}, amounts=RICH)
    assert refused(game, StartResearch(1, "graviton", 1)).code == "insufficient_energy"


# Effects ------------------------------------------------------------------------------------------


def test_that_plasma_raises_the_mines_of_all_planets_at_its_instant(
    game: GameWorld, clock: ManualClock
) -> None:
    built = {**ROOMY, "metal_mine": 10, "solar_plant": 20, "research_lab": 4}
    known_before = {"energy": 8, "laser": 10, "ion": 5}
    set_up(game, 2, levels=built)
    set_up(game, 1, levels=built, amounts=RICH, technologies=known_before)
    before = {i: rate_of(game, i) for i in (1, 2)}
    (item,) = research(game, "plasma")
    assert {i: rate_of(game, i) for i in (1, 2)} == before
    pass_time(game, clock, seconds_of(item) + 1)
    for planet_id in (1, 2):
        slot = game.state.world.component_for_entity(PLANET, planet_id, Position).position
        bonus = 1 + game.state.rules.slots[slot - 1].bonus[0]
        # 30 · 10 · 1.1^10 = 778.122738, of which one per cent comes on top.
        assert rate_of(game, planet_id) - before[planet_id] == pytest.approx(7.78122738 * bonus)


def rate_of(game: GameWorld, planet_id: int) -> float:
    return game.state.world.component_for_entity(PLANET, planet_id, Stocks).production[0]


# Asking -------------------------------------------------------------------------------------------


def test_that_a_player_sees_what_he_has_researched(game: GameWorld, clock: ManualClock) -> None:
    research(game, "energy", "computer")
    pass_time(game, clock, 1441)
    report, shown = game.ask(ReportResearch(1))
    assert report.technologies["energy"] == 1
    assert [item.technology for item in report.queue] == ["computer"]
    assert (PLAYER, 1) in shown
    planet, _ = game.ask(ReportPlanet(1, 2))
    assert planet.technologies == report.technologies
    assert planet.research_queue == report.queue
