"""Reactors that burn, run dry and start again, and the sliders of a planet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from core import stockpiles
from core.commands import CancelBuilding, ChangePlanet, ChangeSettings, StartBuilding
from core.components import NEVER, PLANET, Power, Stocks
from core.ecs import Mark, Origin
from core.events import Event, StocksChanged
from core.game import GameWorld
from core.queries import ReportPlanet
from core.systems.planets import PlanetSetup
from tests.manual_clock import ManualClock
from tests.store import ManualStore
from tests.worlds import Bits, bits_of, carry_out, found, new_game, refused, reload, set_up

# A reactor of level 5 burns 50 · 1.1^5 = 80.5255 an hour.
REACTOR = {"deuterium_synthesizer": 1, "fusion_reactor": 5, "solar_plant": 10}
BURN = 80.5255
# Where it is 60 °C at most a synthesizer of level 1 makes 10 · 1.1 · (1.44 - 0.004 · 40) an hour.
INCOME = 14.08


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def game(clock: ManualClock) -> GameWorld:
    game = new_game(clock)
    found(game, 1)
    return game


@pytest.fixture
def events(game: GameWorld) -> list[Event]:
    events: list[Event] = []
    game.on_event = lambda event, shown, urgent: events.append(event)
    return events


def fuel(game: GameWorld, deuterium: float, levels: Mapping[str, int] = REACTOR) -> None:
    set_up(game, levels=levels, amounts=(5_000, 5_000, deuterium), temperature_max=60)


def stock_of(game: GameWorld) -> Stocks:
    return game.state.world.component_for_entity(PLANET, 1, Stocks)


def power_of(game: GameWorld) -> Power:
    return game.state.world.component_for_entity(PLANET, 1, Power)


def deuterium(game: GameWorld) -> float:
    return stockpiles.amounts_at(stock_of(game), game.time)[2]


def pass_time(game: GameWorld, clock: ManualClock, seconds: float) -> None:
    clock.advance(seconds)
    game.advance(clock.now())


def run_dry(game: GameWorld, clock: ManualClock) -> float:
    """Let the reactor burn all there is, and return when that was."""
    fuel(game, 10)
    dry_at: float = stock_of(game).boundary_at
    pass_time(game, clock, dry_at - clock.now() + 1)
    assert not power_of(game).reactor_runs
    return dry_at


# Burning ------------------------------------------------------------------------------------------


def test_that_a_reactor_burns_what_lies_there(game: GameWorld, clock: ManualClock) -> None:
    fuel(game, 1_000)
    assert stock_of(game).consumption == pytest.approx((0, 0, BURN))
    assert stock_of(game).production[2] == pytest.approx(INCOME)
    pass_time(game, clock, 3600)
    assert deuterium(game) == pytest.approx(1_000 + INCOME - BURN)


def test_that_a_reactor_shuts_down_at_the_instant_at_which_it_runs_dry(
    game: GameWorld, clock: ManualClock, events: list[Event]
) -> None:
    begun_at = clock.now()
    dry_at = run_dry(game, clock)
    # 10 / (80.5255 - 14.08) of an hour.
    assert dry_at - begun_at == pytest.approx(541.79, abs=0.01)
    assert events == [StocksChanged(dry_at, 1, 1)]
    assert stock_of(game).settled_at == dry_at
    assert stock_of(game).consumption == (0, 0, 0)
    assert game.state.world.marks[PLANET].flags_of(1) & Mark.WAITING
    report, _ = game.ask(ReportPlanet(1))
    # The solar plant's 200 · 1.1^10 is left.
    assert report.energy_produced == pytest.approx(518.748492)


def test_that_a_reactor_that_shut_down_starts_again_with_fuel_for_an_hour(
    game: GameWorld, clock: ManualClock
) -> None:
    dry_at = run_dry(game, clock)
    restart_at = power_of(game).restart_at
    # What comes in makes 80.5255 in 5.7191 hours.
    assert restart_at - dry_at == pytest.approx(BURN / INCOME * 3600)
    pass_time(game, clock, restart_at - clock.now() - 1)
    assert not power_of(game).reactor_runs
    pass_time(game, clock, 2)
    assert power_of(game).reactor_runs
    assert power_of(game).restart_at == NEVER
    assert stock_of(game).settled_at == restart_at
    assert stock_of(game).amount[2] == pytest.approx(BURN)
    assert stock_of(game).consumption[2] == pytest.approx(BURN)
    # And so on, for ever.
    pass_time(game, clock, 30 * 86_400)
    assert game.set_aside_count == 0


def test_that_a_reactor_that_its_income_pays_never_shuts_down(
    game: GameWorld, clock: ManualClock
) -> None:
    fuel(game, 0, {"deuterium_synthesizer": 3, "fusion_reactor": 1, "solar_plant": 10})
    # 30 · 1.331 · 1.28 = 51.1 come in, 11 are burnt.
    assert power_of(game).reactor_runs
    pass_time(game, clock, 3600)
    assert deuterium(game) == pytest.approx(51.1104 - 11)


def test_that_a_reactor_that_is_built_without_fuel_does_not_run(
    game: GameWorld, clock: ManualClock
) -> None:
    levels = {"deuterium_synthesizer": 5, "fusion_reactor": 4}
    set_up(
        game,
        levels=levels,
        amounts=(9_447, 3_779, 1_889),
        temperature_max=260,
        technologies={"energy": 3},
    )
    # Level 5 costs 900 · 1.8^4 = 9447.8 metal, 3779.1 crystal and 1889.6 deuterium.
    item = carry_out(game, StartBuilding(1, "fusion_reactor"))
    assert item.cost == (9_447, 3_779, 1_889)
    pass_time(game, clock, item.due_at - clock.now() + 1)
    # 50 · 1.61051 · (1.44 - 0.004 · 240) = 38.7 come in at most, and 80.5 would be burnt.
    assert not power_of(game).reactor_runs
    assert stock_of(game).consumption[2] == 0


def test_that_paying_the_last_fuel_shuts_a_reactor_down(game: GameWorld) -> None:
    fuel(game, 200)
    with game.state.world.unit_of_work(Origin.COMMAND, game.time):
        stockpiles.pay(game.state, 1, (0, 0, 200), game.time)
    assert deuterium(game) == 0
    assert not power_of(game).reactor_runs
    assert power_of(game).restart_at == pytest.approx(game.time + BURN / INCOME * 3600)


@pytest.mark.parametrize("deuterium_left", [5.0, 0.01])
def test_that_an_order_that_leaves_any_fuel_starts_a_reactor(
    game: GameWorld, clock: ManualClock, deuterium_left: float
) -> None:
    run_dry(game, clock)
    pass_time(game, clock, deuterium_left / INCOME * 3600)
    carry_out(game, StartBuilding(1, "metal_mine"))
    assert power_of(game).reactor_runs
    assert stock_of(game).consumption[2] == pytest.approx(BURN)


def test_that_an_order_that_waits_starts_a_reactor_too(game: GameWorld, clock: ManualClock) -> None:
    fuel(game, 10)
    # It takes 411 seconds, 100 fewer than the fuel lasts.
    set_up(game, levels=REACTOR, amounts=(5_000, 5_000, 5))
    carry_out(game, StartBuilding(1, "metal_storage"))
    dry_at = stock_of(game).boundary_at
    pass_time(game, clock, dry_at - clock.now() + 5)
    assert not power_of(game).reactor_runs
    carry_out(game, StartBuilding(1, "metal_mine"))
    assert power_of(game).reactor_runs


def test_that_a_refund_starts_a_reactor(game: GameWorld, clock: ManualClock) -> None:
    # It takes 213 seconds, and what is left lasts for 108.
    fuel(game, 202)
    carry_out(game, StartBuilding(1, "robot_factory"))
    pass_time(game, clock, 120)
    assert not power_of(game).reactor_runs
    carry_out(game, CancelBuilding(1, 0))
    assert power_of(game).reactor_runs
    assert deuterium(game) == pytest.approx(200, abs=0.1)


def test_that_a_store_that_is_too_small_for_an_hour_of_fuel_waits_for_ever(
    game: GameWorld, clock: ManualClock
) -> None:
    run_dry(game, clock)
    # An hour's burn is 200 times as much, and the store holds 10 000.
    carry_out(game, ChangeSettings({"economy_speed": 200.0}))
    assert not power_of(game).reactor_runs
    assert power_of(game).restart_at == NEVER


def test_that_a_faster_world_burns_faster(game: GameWorld, clock: ManualClock) -> None:
    fuel(game, 1_000)
    carry_out(game, ChangeSettings({"economy_speed": 3.0}))
    assert stock_of(game).consumption[2] == pytest.approx(3 * BURN)
    assert power_of(game).reactor_runs


def test_that_energy_technology_makes_a_reactor_give_more(game: GameWorld) -> None:
    fuel(game, 1_000)
    before = game.ask(ReportPlanet(1))[0].energy_produced
    set_up(game, levels=REACTOR, technologies={"energy": 3})
    after = game.ask(ReportPlanet(1))[0].energy_produced
    # 150 · 1.05^5 = 191.44 and 150 · 1.08^5 = 220.40.
    assert after - before == pytest.approx(220.39921152 - 191.442234375)


# Sliders ------------------------------------------------------------------------------------------


def test_that_a_slider_takes_effect_from_its_instant_on(
    game: GameWorld, clock: ManualClock
) -> None:
    levels = {"metal_mine": 2, "solar_plant": 9, "metal_storage": 5}
    set_up(game, levels=levels, amounts=(0, 0, 0))
    full = stock_of(game).production[0]
    begun_at = clock.now()
    clock.advance(1800)
    setup = carry_out(game, ChangePlanet(1, 1, None, {"metal_mine": 0}))
    changed_at = game.time
    assert dict(setup.sliders)["metal_mine"] == 0
    assert dict(setup.sliders)["solar_plant"] == 100
    # The basic income of 30 is what is left of 30 and 20 · 3.63.
    basic = stock_of(game).production[0]
    assert basic == pytest.approx(full * 30 / 102.6)
    clock.advance(1800)
    game.advance(clock.now())
    there = stockpiles.amounts_at(stock_of(game), clock.now())[0]
    expected = full * (changed_at - begun_at) / 3600 + basic * (clock.now() - changed_at) / 3600
    assert there == pytest.approx(expected)


def test_that_sliders_that_are_not_named_stay(game: GameWorld) -> None:
    carry_out(game, ChangePlanet(1, 1, None, {"metal_mine": 30}))
    setup = carry_out(game, ChangePlanet(1, 1, "Second Home", {"crystal_mine": 50}))
    assert isinstance(setup, PlanetSetup)
    assert setup.name == "Second Home"
    sliders = dict(setup.sliders)
    assert (sliders["metal_mine"], sliders["crystal_mine"]) == (30, 50)
    assert sliders["solar_satellite"] == 100


def test_that_a_slider_of_a_reactor_sets_its_burn(game: GameWorld) -> None:
    fuel(game, 1_000)
    carry_out(game, ChangePlanet(1, 1, None, {"fusion_reactor": 40}))
    assert stock_of(game).consumption[2] == pytest.approx(0.4 * BURN)
    assert game.ask(ReportPlanet(1))[0].energy_produced == pytest.approx(
        518.748492 + 0.4 * 191.442234375
    )


def test_that_a_slider_starts_a_reactor_if_there_is_any_fuel(
    game: GameWorld, clock: ManualClock
) -> None:
    run_dry(game, clock)
    carry_out(game, ChangePlanet(1, 1, None, {"solar_plant": 50}))
    assert power_of(game).reactor_runs


def test_that_a_reactor_that_is_set_to_nothing_is_no_reactor_that_ran_dry(
    game: GameWorld, clock: ManualClock
) -> None:
    run_dry(game, clock)
    carry_out(game, ChangePlanet(1, 1, None, {"fusion_reactor": 0}))
    assert power_of(game).reactor_runs
    assert stock_of(game).consumption[2] == 0
    pass_time(game, clock, 3600)
    assert deuterium(game) == pytest.approx(INCOME, abs=0.1)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (ChangePlanet(1, 1, None, {"shipyard": 50}), "unknown_type"),
        (ChangePlanet(1, 1, None, {"metal_mine": 55}), "bad_value"),
        (ChangePlanet(1, 1, None, {"metal_mine": 110}), "bad_value"),
        (ChangePlanet(1, 1, None, {"metal_mine": -10}), "bad_value"),
        (ChangePlanet(1, 1, "New", {"crystal_mine": 20, "metal_mine": 1}), "bad_value"),
        (ChangePlanet(1, 9, "New"), "not_yours"),
        (ChangePlanet(9, 1, "New"), "no_home"),
    ],
)
def test_that_nonsense_is_refused(game: GameWorld, command: Any, code: str) -> None:
    assert refused(game, command).code == code


def test_that_what_is_as_it_was_changes_nothing(game: GameWorld) -> None:
    before = stock_of(game).settled_at
    executed = game.execute(ChangePlanet(1, 1, None, {"metal_mine": 100}))
    assert not executed.changed
    assert stock_of(game).settled_at == before


# The laws of time hold for reactors, too ----------------------------------------------------------


def burnt(steps: int, *, restarts: bool) -> Bits:
    """Let a reactor run dry and start again for some days, looked at in so many steps."""
    clock, store = ManualClock(), ManualStore(at_once=True)
    game = new_game(clock, store)
    found(game, 1)
    fuel(game, 10)
    assert game.save_player_data().done()
    begun_at = clock.now()
    for step in range(1, steps + 1):
        clock.set(begun_at + 5 * 86_400 * step / steps)
        if restarts:
            game = reload(store, clock)
        game.advance(clock.now())
        game.ask(ReportPlanet(1))
        if step % 3 == 0:
            assert game.save_player_data().done()
    # It has run dry and started again many times.
    assert stock_of(game).settled_at > begun_at + 4 * 86_400
    return bits_of(game.state.world)


def test_that_no_tick_and_no_restart_changes_when_a_reactor_runs() -> None:
    once = burnt(1, restarts=False)
    for steps in (7, 400):
        for restarts in (False, True):
            assert burnt(steps, restarts=restarts) == once
