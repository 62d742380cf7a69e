"""Power cuts in a world of neighbours who fly to one another, fight, trade, research and go.

As in tests/power_cuts.py, whose commands are given here, too. No row is refused: what an event
makes that was refused gets another id when it comes again, and fleets make planets and reports.
"""

from __future__ import annotations

import random
from dataclasses import replace

from core.commands import (
    AbandonPlanet,
    AcceptFriend,
    DispatchFleet,
    OrderUnits,
    PlainCommand,
    RecallFleet,
    RemovePlayer,
    RevokeFriend,
    SendMessage,
)
from core.components import DEPARTED, FLEET, OFFER, PLANET, REPORT
from core.game import GameWorld
from tests.power_cuts import NEW_WORLD, PROGRAM, PowerCuts
from tests.test_fleet_laws import AT_HOME, DEFENCE, FLYING, HOMES, populate
from tests.worlds import new_game, set_up

PLACES = (*HOMES.values(), (1, 1, 7), (1, 2, 4))
LEVELS = {"robot_factory": 2, "shipyard": 2, "research_lab": 3, "missile_silo": 8}
MANY_FLEETS = {"computer": 9, "energy": 2}
INCOME = {f"basic_income_{name}": 900.0 for name in ("metal", "crystal", "deuterium")}
FLEETS_TRIED = 120
# Who is removed does not come back, and the play ends with the last of them.
REMOVED = 3
SHIP_OF = {
    "transport": "small_cargo",
    "deploy": "small_cargo",
    "colonize": "colony_ship",
    "espionage": "espionage_probe",
    "attack": "cruiser",
    "harvest": "recycler",
    "hold": "light_fighter",
    "expedition": "small_cargo",
    "missiles": "interplanetary_missile",
}


class FleetCuts(PowerCuts):
    """Power cuts while fleets are under way."""

    refuses = False

    def _new_game(self) -> GameWorld:
        """Return a world whose players are there already, with ships: nobody's command made it."""
        given = {**NEW_WORLD, **INCOME, **PROGRAM, "command_log": False}
        game = new_game(self._clock, self._store, self._metrics, **given)
        populate(game)
        for planet_id in game.state.world.tables[PLANET].ids.tolist():
            ships = {name: 10 * count for name, count in (AT_HOME | DEFENCE).items()}
            set_up(game, planet_id, levels=LEVELS, units=ships, technologies=FLYING | MANY_FLEETS)
        game.save_player_data()
        self._store.commit()
        self._start()
        return self._game

    def _any_command(self) -> PlainCommand:
        if self.dice.random() < 0.5:
            return super()._any_command()
        return any_fleet_command(self.dice)

    def _abandon_planets(self) -> None:
        """Leave that to the players: what an event founds has its id before or after these."""

    def made(self) -> dict[str, int]:
        """Return how much of some kinds was made in all, as the counters on the disk have it."""
        clock = self._store.clock
        assert clock is not None
        kinds = (FLEET, REPORT, OFFER, DEPARTED, PLANET)
        return {kind.name: clock.next_ids[kind.name] - 1 for kind in kinds}


def any_fleet_command(dice: random.Random) -> PlainCommand:
    player_id, other_id = dice.choice(tuple(HOMES)), dice.choice(tuple(HOMES))
    mission = dice.choice((*SHIP_OF, "attack", "attack", "transport"))
    ships = {SHIP_OF[mission]: dice.randint(1, 3)}
    if mission in ("transport", "attack", "deploy"):
        ships["light_fighter"] = dice.randint(1, 2)
    dispatch = DispatchFleet(
        player_id,
        mission,
        (1, 1, 16) if mission == "expedition" else dice.choice(PLACES),
        ships,
        {} if mission == "missiles" else dice.choice(({}, {"metal": 40, "deuterium": 3})),
        dice.choice((4, 10)),
        dice.choice((1, 2)),
    )
    choices: list[tuple[float, PlainCommand]] = [
        (20, dispatch),
        (2, replace(dispatch, speed_tenths=10, planet_id=dice.randint(1, 6))),
        (3, RecallFleet(player_id, dice.randint(1, FLEETS_TRIED))),
        (1, AcceptFriend(player_id, other_id)),
        (1, RevokeFriend(player_id, other_id)),
        (3, OrderUnits(player_id, dice.choice(("light_fighter", "rocket_launcher")), 2)),
        (1, AbandonPlanet(player_id, dice.randint(1, 6))),
        (1, SendMessage(player_id, other_id, "Peace?")),
        (0.5, RemovePlayer(REMOVED, 0.0)),
    ]
    weights = [weight for weight, _ in choices]
    return dice.choices([command for _, command in choices], weights)[0]
