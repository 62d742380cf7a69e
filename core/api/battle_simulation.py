"""What would come of a battle: the bodies of the question, and its answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from core.api.answers import Answer
from core.api.fleet_schemas import CargoAmounts, ShipCounts
from core.api.schemas import Body, TypeName
from core.battles import SETTINGS_OF_BATTLE
from core.combat import RUNS_MAX, BattleOrder, Forecast, Participant, Target
from core.combat.by_rules import aftermath_of, laws_of, participant_of, stats_of
from core.commands import Rejected
from core.components import RESOURCES, UNITS
from core.forecast_worker import ForecastOrder
from core.rules import RULES

_TECHNOLOGIES_MAX = 64
_SEED_MAX = 2**53
_SEEDS_AT_FIRST = 20

Technologies = Annotated[
    dict[TypeName, Annotated[int, Field(ge=0, le=RULES.level_limit)]],
    Field(
        max_length=_TECHNOLOGIES_MAX,
        examples=[{"weapons": 4, "shielding": 3, "armour": 5, "hyperspace": 2}],
        description="levels; weapons, shielding and armour count, and what makes more cargo room",
    ),
]
Seeds = Annotated[
    Annotated[int, Field(ge=1, le=RUNS_MAX)]
    | Annotated[
        list[Annotated[int, Field(ge=0, le=_SEED_MAX)]], Field(min_length=1, max_length=RUNS_MAX)
    ],
    Field(description="how many battles are fought (with seeds 0, 1, …), or their very seeds"),
]


class AttackingSide(Body):
    ships: ShipCounts
    technologies: Technologies = Field(default_factory=dict)


class DefendingSide(Body):
    ships: ShipCounts = Field(default_factory=dict)
    defence: Annotated[ShipCounts, Field(examples=[{"rocket_launcher": 20}])] = Field(
        default_factory=dict
    )
    technologies: Technologies = Field(default_factory=dict)
    resources: Annotated[
        CargoAmounts, Field(description="what lies on the planet: loot is taken of it")
    ] = Field(default_factory=dict)


class BattleQuestion(Body):
    attacker: AttackingSide
    defender: DefendingSide
    seeds: Seeds = _SEEDS_AT_FIRST


class MeanAmounts(Answer):
    metal: float
    crystal: float
    deuterium: float


MeanUnits = Annotated[dict[str, float], Field(examples=[{"light_fighter": 2.25}])]


class BattleForecast(Answer):
    """How often the attacker wins, neither does, and he loses; everything else is a mean.

    `runs` is less than the number of seeds if the battles are so large that time ran out.
    """

    runs: int
    wins: int
    draws: int
    losses: int
    loot: MeanAmounts
    debris: MeanAmounts
    rounds: float
    moon_chance_percent: float
    attacker_lost: MeanUnits
    defender_lost: MeanUnits
    defender_restored: Annotated[MeanUnits, Field(description="of those lost, afterwards")]


def forecast_order(body: BattleQuestion, settings: Mapping[str, Any]) -> ForecastOrder | Rejected:
    """Return what is to be fought under a world's settings, or why there is no such battle."""
    attacker, defender = body.attacker, body.defender
    refusal = _malformed(body)
    if refusal is not None:
        return refusal
    try:
        order = BattleOrder(
            stats=stats_of(RULES),
            laws=laws_of(RULES),
            aftermath=aftermath_of(RULES, {name: settings[name] for name in SETTINGS_OF_BATTLE}),
            attackers=(_participant(attacker.ships, attacker.technologies),),
            defenders=(
                _participant({**defender.ships, **defender.defence}, defender.technologies),
            ),
            seed=0,
        )
    except ValueError as error:
        return Rejected("bad_value", f"There is no such battle: {error}.")
    return ForecastOrder(order, _seeds(body.seeds), _target(body, settings["loot_share_percent"]))


def battle_forecast(forecast: Forecast) -> BattleForecast:
    return BattleForecast(
        runs=forecast.runs,
        wins=forecast.attackers_won,
        draws=forecast.draws,
        losses=forecast.defenders_won,
        loot=_amounts(forecast.loot),
        debris=_amounts(forecast.debris),
        rounds=forecast.rounds,
        moon_chance_percent=forecast.moon_chance_percent,
        attacker_lost=_units(forecast.attackers_losses[0]),
        defender_lost=_units(forecast.defenders_losses[0]),
        defender_restored=_units(forecast.defenders_restored[0]),
    )


def _malformed(body: BattleQuestion) -> Rejected | None:
    ships = {name for name, unit in RULES.units.items() if unit.kind.is_ship}
    defence = RULES.units.keys() - ships
    flying = {name for name in ships if RULES.units[name].can_be_sent}
    return (
        _unknown(body.attacker.ships, flying, "ship that can be sent")
        or _unknown(body.defender.ships, ships, "ship")
        or _unknown(body.defender.defence, defence, "defence")
        or _unknown(body.defender.resources, RESOURCES.labels, "resource")
        or _unknown(body.attacker.technologies, RULES.technologies, "technology")
        or _unknown(body.defender.technologies, RULES.technologies, "technology")
        or _nobody(body.attacker.ships)
    )


def _unknown(names: Mapping[str, int], known: Any, what: str) -> Rejected | None:
    for name in names:
        if name not in known:
            return Rejected("unknown_type", f"There is no {what} called {name}.")
    return None


def _nobody(ships: Mapping[str, int]) -> Rejected | None:
    if any(ships.values()):
        return None
    return Rejected("bad_value", "An attack has one ship at least.")


def _participant(counts: Mapping[str, int], technologies: Mapping[str, int]) -> Participant:
    return participant_of(RULES, RULES.unit_table.counts(counts), technologies)


def _seeds(seeds: int | list[int]) -> tuple[int, ...]:
    return tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)


def _target(body: BattleQuestion, share_percent: float) -> Target:
    metal, crystal, deuterium = (body.defender.resources.get(name, 0) for name in RESOURCES.labels)
    flight = RULES.flight
    level = body.attacker.technologies.get(flight.room_technology, 0)
    return Target(
        stock=(metal, crystal, deuterium),
        share_percent=share_percent,
        cargo=(tuple(unit.cargo for unit in RULES.units.values()),),
        room_percent=100 + flight.room_percent * level,
    )


def _amounts(means: Sequence[float]) -> MeanAmounts:
    return MeanAmounts(**dict(zip(RESOURCES.labels, means, strict=True)))


def _units(means: Sequence[float]) -> dict[str, float]:
    return {name: mean for name, mean in zip(UNITS.labels, means, strict=True) if mean}
