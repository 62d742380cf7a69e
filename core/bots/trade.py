"""The market: what is left over for what the next order lacks. Only people's offers are taken.

Computer players would soon pass the same goods round among themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from core.bots.strength import Strength
from core.bots.turn import Turn
from core.commands import AcceptOffer, Command, CreateOffer
from core.components import RESOURCES
from core.rules.arithmetic import SECONDS_PER_DAY
from core.rules.market import fair_amount

# A store is full enough to sell from when this part of it is used.
FULL = 0.8
# What is asked for, and what is paid, of what is fair.
ASKED = {Strength.MEDIUM: 0.9, Strength.HARD: 1.0}
PAID_MOST = {Strength.MEDIUM: 1.1, Strength.HARD: 1.0}
# So many of the latest offers are computer players' at most: there is room for people's.
OF_BOTS_MOST = 10
OFFER_S = SECONDS_PER_DAY
# Less than this is not worth the trouble.
LEAST = 500


def take_offer(turn: Turn, price: Sequence[int]) -> list[Command]:
    """Accept an offer of what the next order lacks, if it is fair and the price is left over."""
    market = turn.view.market
    if market is None:
        return []
    for stall in market.stalls:
        left_over = turn.left[stall.requested] - price[stall.requested]
        fair = fair_amount(turn.rules.market, stall.offered, stall.offered_amount, stall.requested)
        if (
            turn.left[stall.offered] < price[stall.offered]
            and stall.requested_amount <= left_over
            and stall.requested_amount <= PAID_MOST[turn.strength] * fair
        ):
            turn.spend(_amounts(stall.requested, stall.requested_amount))
            return [AcceptOffer(turn.view.player_id, stall.offer_id, turn.view.planet_id)]
    return []


def make_offer(turn: Turn, price: Sequence[int]) -> list[Command]:
    """Offer some of what fills a store for what the next order lacks, once at a time."""
    view, market, rules = turn.view, turn.view.market, turn.rules.market
    if market is None or market.own or market.of_bots >= OF_BOTS_MOST:
        return []
    for lacking, (there, wanted) in enumerate(zip(turn.left, price, strict=True)):
        missing = math.ceil(wanted - there)
        if missing < LEAST:
            continue
        for offered, capacity in enumerate(view.capacities):
            surplus = int(turn.left[offered] - price[offered])
            if offered == lacking or turn.left[offered] < FULL * capacity:
                continue
            amount = min(surplus, fair_amount(rules, lacking, missing, offered), rules.amount_most)
            requested = int(ASKED[turn.strength] * fair_amount(rules, offered, amount, lacking))
            if amount < LEAST or requested < 1:
                continue
            turn.spend(_amounts(offered, amount))
            return [
                CreateOffer(
                    view.player_id,
                    RESOURCES.labels[offered],
                    amount,
                    RESOURCES.labels[lacking],
                    requested,
                    view.planet_id,
                    OFFER_S,
                )
            ]
    return []


def _amounts(resource: int, amount: int) -> tuple[int, ...]:
    return tuple(amount if place == resource else 0 for place in range(len(RESOURCES)))
