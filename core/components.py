"""What things are made of: the components and the kinds of entities.

A field is a column in memory and, under the name that `core.persistence.columns` gives it, a
column in the database. Times are world time: UTC epoch seconds, `NEVER` where nothing is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from core import unit_orders
from core.ecs import Axis, Column, Kind
from core.ecs.component import (
    Bool,
    DueTime,
    FixedBool,
    FixedFloat64,
    FixedInt8,
    FixedInt16,
    FixedInt64,
    FixedText,
    Float64,
    Int16,
    Int64,
    Text,
)
from core.rules import RULES
from core.rules.missions import TARGETS

RESOURCES = Axis("resource", RULES.resources)
BUILDINGS = Axis("building", tuple(RULES.buildings))
TECHNOLOGIES = Axis("technology", tuple(RULES.technologies))
# What has a slider: see core.rules.production.
SLIDERS = Axis("slider", RULES.slid)
UNITS = Axis("unit", tuple(RULES.units))
PLACES = Axis("place", tuple(str(place + 1) for place in range(RULES.build_queue_limit)))
RESEARCH_PLACES = Axis(
    "place", tuple(str(place + 1) for place in range(RULES.research_queue_limit))
)

PerResource = Annotated[tuple[float, ...], Column(np.dtype(np.float64), RESOURCES)]
Levels = Annotated[tuple[int, ...], Column(np.dtype(np.int16), BUILDINGS)]
# The place in BUILDINGS counted from 1, negative if the item takes a level away, 0 for none.
QueuedBuildings = Annotated[
    tuple[int, ...], Column(np.dtype(np.int16), PLACES, names=BUILDINGS.labels)
]
TechnologyLevels = Annotated[tuple[int, ...], Column(np.dtype(np.int16), TECHNOLOGIES)]
# The place in TECHNOLOGIES counted from 1, 0 for none.
QueuedTechnologies = Annotated[
    tuple[int, ...], Column(np.dtype(np.int16), RESEARCH_PLACES, names=TECHNOLOGIES.labels)
]
PlanetIds = Annotated[tuple[int, ...], Column(np.dtype(np.int64), RESEARCH_PLACES)]
# In steps of RULES.sliders.
SliderSteps = Annotated[tuple[int, ...], Column(np.dtype(np.int8), SLIDERS)]
# Four bytes each, for a million planets have two dozen of them.
Counts = Annotated[tuple[int, ...], Column(np.dtype(np.int32), UNITS)]
# Whole units of each resource: what is under way, or lies in space.
Amounts = Annotated[tuple[int, ...], Column(np.dtype(np.int64), RESOURCES)]
# The place in UNITS counted from 1, 0 for none.
UnitCode = Annotated[int, Column(np.dtype(np.int16), names=UNITS.labels)]
FixedUnitCode = Annotated[int, Column(np.dtype(np.int16), names=UNITS.labels, fixed=True)]
UnitOrders = Annotated[str, Column(np.dtypes.StringDType(), check=unit_orders.check)]
MESSAGE_KINDS = RULES.messages.kinds
OFFER_STATES = ("open", "accepted", "cancelled", "expired")
# Each is a place in the names, counted from 1.
FixedResource = Annotated[int, Column(np.dtype(np.int8), names=RESOURCES.labels, fixed=True)]
FixedMessageKind = Annotated[int, Column(np.dtype(np.int8), names=MESSAGE_KINDS, fixed=True)]
OfferState = Annotated[int, Column(np.dtype(np.int8), names=OFFER_STATES)]
MISSIONS = tuple(RULES.missions)
FLEET_STATES = ("outbound", "holding", "returning")
OUTBOUND, HOLDING, RETURNING = range(1, len(FLEET_STATES) + 1)
# The places in these counted from 1.
MissionCode = Annotated[int, Column(np.dtype(np.int16), names=MISSIONS, fixed=True)]
TargetCode = Annotated[int, Column(np.dtype(np.int8), names=TARGETS, fixed=True)]
FleetState = Annotated[int, Column(np.dtype(np.int8), names=FLEET_STATES)]
REPORT_KINDS = ("battle", "espionage")
FixedReportKind = Annotated[int, Column(np.dtype(np.int8), names=REPORT_KINDS, fixed=True)]

NEVER = float("inf")
NOTHING_QUEUED = 0
NO_UNIT = 0
# Ids begin with 1.
NO_PLANET = 0


@dataclass(slots=True)
class Position:
    """Where a planet or a moon is. Never changes."""

    galaxy: FixedInt16
    system: FixedInt16
    position: FixedInt8


@dataclass(slots=True)
class Planet:
    """The nature of a planet or a moon, and its owner.

    A moon is a planet of its own at the place of another one: see core.settlement. It has a size
    of its own; that of a planet follows from its fields, and `diameter_km` is 0.
    """

    owner_id: FixedInt64
    name: Text
    temperature_max: Int16
    fields: Int16
    founded_at: Float64
    is_moon: FixedBool
    diameter_km: FixedInt16


@dataclass(slots=True)
class Stocks:
    """What lies on a planet as a function of time: see core.rules.stocks.

    The rates and capacities are those in force since `settled_at`; `boundary_at` is when the next
    stock fills up or runs dry.
    """

    amount: PerResource
    production: PerResource
    consumption: PerResource
    capacity: PerResource
    settled_at: Float64
    boundary_at: DueTime


@dataclass(slots=True)
class Ledger:
    """Everything that ever came onto a planet and everything that left it.

    amount = received + moved - spent, always: see core.invariants. `received` is the starting
    resources and what the stocks have grown by, less what was burnt: by production itself, or as
    fuel when a fleet sets out; `moved` is what was brought less what was taken away, in whole
    units: see Wreckage for what it adds up to over the world; `spent` is in whole units, refunds
    taken off. A score is made of what was spent, and fuel is worth no points.
    """

    received: PerResource
    moved: PerResource
    spent: PerResource


@dataclass(slots=True)
class Buildings:
    """The levels of a planet's buildings."""

    level: Levels


@dataclass(slots=True)
class BuildQueue:
    """What is being built: the first place is active, waiting ones follow without a gap.

    `paid` is what the active item cost and what cancelling it gives back.
    """

    queued: QueuedBuildings
    paid: PerResource
    started_at: Float64
    finish_at: DueTime


@dataclass(slots=True)
class Knowledge:
    """What a planet knows of its owner's research: a copy, for a planet's events read only it.

    It is made anew in the unit of work that changes what it is a copy of. `lab_busy` says that his
    research runs, so that no lab of his can be worked on; `on_vacation` that nothing is produced.
    """

    technology: TechnologyLevels
    lab_busy: Bool
    on_vacation: Bool


@dataclass(slots=True)
class Power:
    """What a player sets of a planet's production, and how its reactor is.

    `reactor_runs` is false while the reactor has shut down for want of fuel, and `restart_at` is
    when the stock will cover its burn again.
    """

    slider: SliderSteps
    reactor_runs: Bool
    restart_at: DueTime


@dataclass(slots=True)
class Units:
    """How many ships, defences and missiles stand on a planet, as far as they were settled.

    What has left the shipyard since is not in it: see core.unit_stock.
    """

    count: Counts


@dataclass(slots=True)
class UnitQueue:
    """What the shipyard of a planet builds: one order is active, others wait in turn.

    Of `units_ordered` pieces of `unit_building` the n-th is delivered at `units_begun_at` + n ·
    `seconds_per_unit`; `units_delivered` of them were settled. `units_due_at` is the next instant
    at which that has to be done. The orders that wait are text of core.unit_orders.
    """

    unit_building: UnitCode
    units_ordered: Int64
    units_delivered: Int64
    units_begun_at: Float64
    seconds_per_unit: Int64
    units_due_at: DueTime
    units_waiting: UnitOrders


@dataclass(slots=True)
class Gate:
    """From when on ships may jump through a moon's gate again; 0 if none ever did."""

    gate_ready_at: Float64


@dataclass(slots=True)
class Player:
    """Somebody who plays. The id is that of his account."""

    name: Text
    home_id: Int64
    active_planet_id: Int64
    joined_at: Float64


@dataclass(slots=True)
class Research:
    """The levels of a player's technologies; his planets have copies: see Knowledge."""

    level: TechnologyLevels


@dataclass(slots=True)
class ResearchQueue:
    """What is being researched: the first place is active, waiting ones follow without a gap.

    `planet_id` has the planet of each item, whose lab it is done in and which pays for it, 0 where
    there is none. `paid` is what the active item cost and what cancelling it gives back.
    """

    queued: QueuedTechnologies
    planet_id: PlanetIds
    paid: PerResource
    started_at: Float64
    finish_at: DueTime


@dataclass(slots=True)
class Trader:
    """What a player's trades have cost him: fees, which left the world, in whole units.

    Over the world, what was `moved` adds up with this and with what is under way to nothing, as
    long as nobody has fought: see Wreckage.
    """

    fees_paid: PerResource


@dataclass(slots=True)
class Wreckage:
    """What battles have brought into the world and taken out of it, in whole units.

    Ships become debris where a player has attacked: `debris_made` is his. Cargo goes down with the
    ships that carry it: `cargo_lost` is that of the player whose fleet it was. So over the world
    what was `moved` (that of `Legacy` and `Departed`, too), the cargo of all fleets, what is in
    open offers, all fees, the debris that is left and the cargo that was lost add up to the debris
    that was made and to all Finds.
    """

    debris_made: Amounts
    cargo_lost: Amounts


@dataclass(slots=True)
class Finds:
    """What a player's expeditions have found and brought into the world, in whole units.

    It came from nowhere, as debris does, and counts with it in the law of Wreckage.
    """

    resources_found: Amounts


@dataclass(slots=True)
class Presence:
    """When a player was last seen, to the hour or so: see core.presence."""

    active_at: Float64


@dataclass(slots=True)
class Vacation:
    """Whether a player is on vacation, and since when; his planets have copies: see Knowledge."""

    on_vacation: Bool
    vacation_since: Float64


@dataclass(slots=True)
class Legacy:
    """What is left in the books of planets that a player has given up: their ledgers' sums.

    What was spent there stays in his score. What was moved adds up with everything else that was:
    what lay there has left the world.
    """

    spent: PerResource
    moved: PerResource


@dataclass(slots=True)
class Fleet:
    """Ships on a mission, with what they carry.

    `random_seed` is drawn from the world's and the fleet's id when it sets out: whatever is left to
    chance on its way comes from it. `target_unit` is what missiles are aimed at first.
    """

    owner_id: FixedInt64
    mission: MissionCode
    ships: Counts
    cargo: Amounts
    random_seed: FixedInt64
    target_unit: FixedUnitCode


@dataclass(slots=True)
class Course:
    """Whence and whither a fleet flies.

    The places are those of when it set out; `target_id` is the planet or the moon that was there, 0
    for none.
    """

    origin_id: FixedInt64
    origin_type: TargetCode
    origin_galaxy: FixedInt16
    origin_system: FixedInt16
    origin_position: FixedInt8
    target_type: TargetCode
    target_galaxy: FixedInt16
    target_system: FixedInt16
    target_position: FixedInt8
    target_id: FixedInt64


@dataclass(slots=True)
class Flight:
    """When a fleet is where: it is `fleet_due_at` that its state changes next.

    `returns_at` is when it is home again if nothing keeps it; after a recall as long after that as
    it had flown. It flies at `speed_tenths` of its speed.
    """

    fleet_state: FleetState
    speed_tenths: FixedInt8
    departed_at: FixedFloat64
    arrives_at: FixedFloat64
    hold_s: FixedInt64
    returns_at: Float64
    fleet_due_at: DueTime


@dataclass(slots=True)
class Debris:
    """What is left of ships, beside a planet or where one might be."""

    galaxy: FixedInt16
    system: FixedInt16
    position: FixedInt8
    left: Amounts


@dataclass(slots=True)
class Universe:
    """The settings of a world; `random_seed` is drawn when it is created.

    `rules_fingerprint` names the rules that the rates in force were computed by.
    """

    galaxies: Int16
    systems: Int16
    economy_speed: Float64
    research_speed: Float64
    fleet_speed_war: Float64
    fleet_speed_peaceful: Float64
    fleet_speed_holding: Float64
    starter_metal: Float64
    starter_crystal: Float64
    starter_deuterium: Float64
    basic_income_metal: Float64
    basic_income_crystal: Float64
    basic_income_deuterium: Float64
    energy_floor: Float64
    registration_open: Bool
    require_start_choice: Bool
    debris_from_ships_percent: Float64
    debris_from_defence_percent: Float64
    deuterium_in_debris: Bool
    defence_repair_percent: Float64
    moon_chance_percent_max: Int16
    loot_share_percent: Float64
    expedition_weight_ships: Float64
    expedition_weight_resources: Float64
    expedition_weight_delay: Float64
    expedition_weight_early: Float64
    expedition_weight_nothing: Float64
    expedition_weight_lost: Float64
    expedition_weight_pirates: Float64
    expedition_weight_aliens: Float64
    market_fee_percent: Float64
    market_offer_days: Float64
    newbie_protection: Bool
    inactive_after_days: Float64
    long_inactive_after_days: Float64
    random_seed: Int64
    rules_fingerprint: Int64


@dataclass(slots=True)
class Offer:
    """What somebody gives for what, in whole units. While it is open the offered amount is here.

    `planet_id` is where it came from and where what is paid for it goes.
    """

    seller_id: FixedInt64
    planet_id: FixedInt64
    offered: FixedResource
    offered_amount: FixedInt64
    requested: FixedResource
    requested_amount: FixedInt64
    created_at: FixedFloat64


@dataclass(slots=True)
class Deal:
    """What has become of an offer. The buyer and his planet are 0, unless it was accepted.

    It expires while it is open; afterwards it is remembered until `forgotten_at`. `fee` is what of
    the requested amount the seller did not get.
    """

    state: OfferState
    expires_at: DueTime
    forgotten_at: DueTime
    closed_at: Float64
    buyer_id: Int64
    buyer_planet_id: Int64
    fee: Int64


@dataclass(slots=True)
class Message:
    """What a player can read; the sender is 0 where no player wrote it."""

    owner_id: FixedInt64
    sender_id: FixedInt64
    category: FixedMessageKind
    text: FixedText
    sent_at: FixedFloat64
    is_read: Bool
    forgotten_at: DueTime


@dataclass(slots=True)
class Friendship:
    """That a player has accepted another as his friend, whose fleets may hold at his planets.

    It goes one way: whether the friend has done the same is another friendship.
    """

    owner_id: FixedInt64
    friend_id: FixedInt64
    accepted_at: FixedFloat64


@dataclass(slots=True)
class Report:
    """What a player was told of a battle, or what his probes have seen: JSON of core.reports."""

    owner_id: FixedInt64
    report_kind: FixedReportKind
    text: FixedText
    reported_at: FixedFloat64
    forgotten_at: DueTime


@dataclass(slots=True)
class Departed:
    """What is left in the books of a player who was removed: no name, and what adds up with others.

    `moved` is what was moved on all of his planets, with what his fleets carried, what lay in his
    offers, his fees and what he lost in wars, less the debris he made and what he found: see
    Wreckage. All of it has left the world. `account_id` is that of his account, which is deleted
    in the save of this: nobody comes back under its number. It is 0 of who left before that was
    kept.
    """

    account_id: FixedInt64
    left_at: FixedFloat64
    moved: PerResource


@dataclass(slots=True)
class RememberedAnswer:
    """The answer to a request that came with a key, so that a repeated one gets it again.

    It is made in the same unit of work as what the request has changed: both are on the disk, or
    neither is. `account_id` is 0 for the host's token; `fingerprint` is the request's; `answer` is
    text of core.answer_text.
    """

    account_id: FixedInt64
    request_key: FixedText
    fingerprint: FixedInt64
    answer: FixedText
    answered_at: FixedFloat64


@dataclass(slots=True)
class LoggedCommand:
    """A command that was carried out, by its class and as JSON: see core.command_log.

    The id is its number in the log.
    """

    at: Float64
    command: Text
    arguments: Text


UNIVERSE = Kind("universe", Universe, constant=True)
PLAYER = Kind(
    "player", Player, Research, ResearchQueue, Trader, Wreckage, Finds, Presence, Vacation, Legacy
)
PLANET = Kind(
    "planet",
    Position,
    Planet,
    Stocks,
    Ledger,
    Buildings,
    BuildQueue,
    Knowledge,
    Power,
    Units,
    UnitQueue,
    Gate,
)
OFFER = Kind("offer", Offer, Deal)
MESSAGE = Kind("message", Message)
FRIENDSHIP = Kind("friendship", Friendship)
FLEET = Kind("fleet", Fleet, Course, Flight)
DEBRIS = Kind("debris", Debris)
DEPARTED = Kind("departed", Departed)
REPORT = Kind("report", Report)
REMEMBERED_ANSWER = Kind("remembered_answer", RememberedAnswer)
LOGGED_COMMAND = Kind("logged_command", LoggedCommand)

# In the order in which a save writes them: who is referred to comes first.
KINDS = (
    UNIVERSE,
    PLAYER,
    PLANET,
    OFFER,
    MESSAGE,
    FRIENDSHIP,
    FLEET,
    DEBRIS,
    REPORT,
    DEPARTED,
    REMEMBERED_ANSWER,
    LOGGED_COMMAND,
)
UNIVERSE_ID = 1

__all__ = [
    "BUILDINGS",
    "DEBRIS",
    "DEPARTED",
    "FLEET",
    "FLEET_STATES",
    "FRIENDSHIP",
    "HOLDING",
    "KINDS",
    "LOGGED_COMMAND",
    "MESSAGE",
    "MESSAGE_KINDS",
    "MISSIONS",
    "NEVER",
    "NOTHING_QUEUED",
    "NO_PLANET",
    "NO_UNIT",
    "OFFER",
    "OFFER_STATES",
    "OUTBOUND",
    "PLACES",
    "PLANET",
    "PLAYER",
    "REMEMBERED_ANSWER",
    "REPORT",
    "REPORT_KINDS",
    "RESEARCH_PLACES",
    "RESOURCES",
    "RETURNING",
    "SLIDERS",
    "TECHNOLOGIES",
    "UNITS",
    "UNIVERSE",
    "UNIVERSE_ID",
    "BuildQueue",
    "Buildings",
    "Course",
    "Deal",
    "Debris",
    "Departed",
    "Finds",
    "Fleet",
    "Flight",
    "Friendship",
    "Gate",
    "Knowledge",
    "Ledger",
    "Legacy",
    "LoggedCommand",
    "Message",
    "Offer",
    "Planet",
    "Player",
    "Position",
    "Power",
    "Presence",
    "RememberedAnswer",
    "Report",
    "Research",
    "ResearchQueue",
    "Stocks",
    "Trader",
    "UnitQueue",
    "Units",
    "Universe",
    "Vacation",
    "Wreckage",
]
