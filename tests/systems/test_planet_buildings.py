"""What other buildings and technologies change about building: fields, times, prices, needs."""

from __future__ import annotations

import pytest

from core.commands import CancelBuilding, DemolishBuilding, StartBuilding
from core.events import BuildItemDropped, Event
from core.game import GameWorld
from core.queries import ReportPlanet
from core.systems.construction import Item
from tests.manual_clock import ManualClock
from tests.worlds import carry_out, found, new_game, refused, set_up

RICH = (1e12, 1e12, 1e12)
ROOMY = {"metal_storage": 40, "crystal_storage": 40, "deuterium_tank": 40}
# What a terraformer needs; the solar plant gives 20 · 20 · 1.1^20 = 2691 energy.
ADVANCED = {**ROOMY, "robot_factory": 10, "nanite_factory": 1, "solar_plant": 20}
KNOWN = {"computer": 10, "energy": 12, "ion": 0}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    game = new_game(clock)
    found(game, 1)
    return game


def seconds_of(item: Item) -> float:
    assert item.started_at is not None
    assert item.due_at is not None
    return item.due_at - item.started_at


def pass_time(game: GameWorld, clock: ManualClock, seconds: float) -> None:
    clock.advance(seconds)
    game.advance(clock.now())


# Requirements -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("building", "levels", "technologies", "missing"),
    [
        ("fusion_reactor", {"deuterium_synthesizer": 5}, {"energy": 2}, {"energy": 3}),
        (
            "fusion_reactor",
            {"deuterium_synthesizer": 4},
            {},
            {"deuterium_synthesizer": 5, "energy": 3},
        ),
        ("nanite_factory", {"robot_factory": 10}, {"computer": 9}, {"computer": 10}),
        ("terraformer", {"nanite_factory": 1}, {"energy": 11}, {"energy": 12}),
        ("missile_silo", {}, {}, {"shipyard": 1}),
    ],
)
def test_that_a_building_needs_technologies_too(
    game: GameWorld,
    building: str,
    levels: dict[str, int],
    technologies: dict[str, int],
    missing: dict[str, int],
) -> None:
    set_up(game, levels={**ROOMY, **levels}, amounts=RICH, technologies=technologies)
    refusal = refused(game, StartBuilding(1, building))
    assert (refusal.code, refusal.facts) == ("requirements_not_met", {"missing": missing})


def test_that_a_building_whose_needs_are_met_is_built(game: GameWorld, clock: ManualClock) -> None:
    set_up(
        game,
        levels={**ROOMY, "deuterium_synthesizer": 5},
        amounts=RICH,
        technologies={"energy": 3},
    )
    item = carry_out(game, StartBuilding(1, "fusion_reactor"))
    assert item.cost == (900, 360, 180)
    pass_time(game, clock, seconds_of(item) + 1)
    assert game.ask(ReportPlanet(1))[0].levels["fusion_reactor"] == 1


# Times and prices ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nanite", "seconds"),
    [
        (0, 1_963),  # 3600 · 15 000 / (2500 · 11) = 1963.6, the max() term being 1
        (1, 981),
        (3, 245),
    ],
)
def test_that_a_nanite_factory_halves_times(game: GameWorld, nanite: int, seconds: int) -> None:
    levels = {**ROOMY, "robot_factory": 10, "nanite_factory": nanite, "metal_mine": 13}
    set_up(game, levels=levels, amounts=RICH, technologies=KNOWN)
    # Level 14 costs 60 and 15 · 1.5^13 = 194.6: 11 677 and 2919.
    item = carry_out(game, StartBuilding(1, "metal_mine"))
    assert item.cost[:2] == (11_677, 2_919)
    assert seconds_of(item) == int(3600 * 14_596 / (2500 * 11 * 2**nanite))


def test_that_the_nanite_factory_itself_is_no_quicker_at_first(game: GameWorld) -> None:
    set_up(game, levels={**ROOMY, "robot_factory": 10}, amounts=RICH, technologies=KNOWN)
    # 3600 · 1 500 000 / (2500 · 11)
    assert seconds_of(carry_out(game, StartBuilding(1, "nanite_factory"))) == 196_363


@pytest.mark.parametrize(
    ("ion", "price"),
    [
        (0, (400, 120, 200)),
        (3, (352, 105, 176)),  # 88 %
        (10, (240, 72, 120)),
        (25, (0, 0, 0)),
        (30, (0, 0, 0)),
    ],
)
def test_that_ion_technology_makes_demolition_cheaper(
    game: GameWorld, ion: int, price: tuple[int, ...]
) -> None:
    set_up(game, levels={"robot_factory": 1}, amounts=(9e3, 9e3, 9e3), technologies={"ion": ion})
    item = carry_out(game, DemolishBuilding(1, "robot_factory"))
    assert item.cost == price
    assert seconds_of(item) == 106  # 3600 · 520 / (2500 · 3.5 · 2)
    assert game.ask(ReportPlanet(1))[0].queue == (item,)


# Fields -------------------------------------------------------------------------------------------


def test_that_a_terraformer_makes_room(game: GameWorld, clock: ManualClock) -> None:
    used = sum(ADVANCED.values())
    set_up(game, levels=ADVANCED, amounts=RICH, fields=used + 1, technologies=KNOWN)
    item = carry_out(game, StartBuilding(1, "terraformer"))
    # It is not there yet, and what is being built may still be cancelled.
    assert refused(game, StartBuilding(1, "metal_mine")).code == "no_free_fields"
    pass_time(game, clock, seconds_of(item) + 1)
    report, _ = game.ask(ReportPlanet(1))
    assert report.fields == used + 6
    for _ in range(5):
        carry_out(game, StartBuilding(1, "metal_mine"))


def test_that_two_levels_of_a_terraformer_make_a_field_more(game: GameWorld) -> None:
    set_up(game, levels={**ADVANCED, "terraformer": 4}, fields=150)
    assert game.ask(ReportPlanet(1))[0].fields == 150 + 22


def test_that_a_terraformer_whose_fields_are_used_cannot_go(game: GameWorld) -> None:
    levels = {**ADVANCED, "terraformer": 2}
    used = sum(levels.values())
    # 11 fields are won and one is taken by the level that goes; 5 would be left of them.
    set_up(game, levels=levels, amounts=RICH, fields=used - 7, technologies=KNOWN)
    refusal = refused(game, DemolishBuilding(1, "terraformer"))
    assert refusal.code == "no_free_fields"
    assert refusal.facts == {"fields": used - 2, "fields_used": used - 1}
    set_up(game, levels=levels, amounts=RICH, fields=used - 6, technologies=KNOWN)
    carry_out(game, DemolishBuilding(1, "terraformer"))


def test_that_fields_of_a_terraformer_that_goes_are_not_built_upon(game: GameWorld) -> None:
    levels = {**ADVANCED, "terraformer": 1}
    used = sum(levels.values())
    set_up(game, levels=levels, amounts=RICH, fields=used, technologies=KNOWN)
    carry_out(game, DemolishBuilding(1, "terraformer"))
    # 5 are free now; when it is gone the one that it stood on is.
    assert refused(game, StartBuilding(1, "metal_mine")).code == "no_free_fields"
    carry_out(game, CancelBuilding(1, 0))
    carry_out(game, StartBuilding(1, "metal_mine"))


# Energy -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("solar_plant", "mine", "terraformer", "enough"),
    [
        (13, 0, 0, False),  # 20 · 13 · 1.1^13 = 897.6
        (14, 0, 0, True),  # 1063.3
        (14, 25, 0, True),  # what uses it does not count: 10 · 25 · 1.1^25 = 2708.7
        (18, 0, 1, True),  # 2001.6 for level 2, which needs 2000
        (17, 0, 1, False),  # 1718.5
    ],
)
def test_that_a_terraformer_needs_energy_that_is_produced(
    game: GameWorld, solar_plant: int, mine: int, terraformer: int, enough: bool
) -> None:
    levels = {
        **ADVANCED,
        "solar_plant": solar_plant,
        "metal_mine": mine,
        "terraformer": terraformer,
    }
    set_up(game, levels=levels, amounts=RICH, fields=250, technologies=KNOWN)
    if enough:
        carry_out(game, StartBuilding(1, "terraformer"))
    else:
        refusal = refused(game, StartBuilding(1, "terraformer"))
        assert refusal.code == "insufficient_energy"
        assert refusal.facts["energy_required"] == 1000 * 2**terraformer


def test_that_a_waiting_terraformer_without_energy_is_dropped(
    game: GameWorld, clock: ManualClock
) -> None:
    levels = {**ADVANCED, "solar_plant": 14}
    set_up(game, levels=levels, amounts=RICH, fields=250, technologies=KNOWN)
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    item = carry_out(game, DemolishBuilding(1, "solar_plant"))
    carry_out(game, StartBuilding(1, "terraformer"))
    pass_time(game, clock, seconds_of(item) + 1)
    assert BuildItemDropped(item.due_at, 1, 1, "terraformer", "insufficient_energy") in events
