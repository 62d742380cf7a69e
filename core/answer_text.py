"""Values of outcomes as text and back: what an accepted command is answered, to be kept.

Only plain values and the frozen dataclasses named here are known; whatever makes an answer of
another type fails at once. A field that such a class gets later needs a default, or answers that
were kept before cannot be read any more.
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any, Final

from core.friendships import Friend
from core.offers import TradeOffer
from core.systems.construction import Item
from core.systems.founding import Home
from core.systems.moons import Jump, PhalanxScan, SeenFleet
from core.systems.planets import PlanetSetup
from core.systems.research import ResearchItem
from core.systems.shipyard import UnitItem
from core.vacation import VacationReport
from core.voyages import Voyage

ANSWER_TYPES: Final[dict[str, type]] = {
    known.__name__: known
    for known in (
        Friend,
        Item,
        Home,
        ResearchItem,
        PlanetSetup,
        TradeOffer,
        UnitItem,
        VacationReport,
        Voyage,
        *(PhalanxScan, SeenFleet, Jump),
    )
}
# As many fleets as one look shows, of every ship there is.
ANSWER_CHARACTERS_MAX = 65_536


def text_of(value: object) -> str:
    """Return a value as ASCII text. Raise TypeError or ValueError if it cannot be kept."""
    text = json.dumps(_plain(value), separators=(",", ":"))
    if len(text) > ANSWER_CHARACTERS_MAX:
        raise ValueError(f"an answer of {len(text)} characters is too long to be kept")
    return text


def value_of(text: str) -> Any:
    """Return the value that a text was made of, equal to it in every bit."""
    return _value(json.loads(text))


def _plain(value: Any) -> Any:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case tuple():
            return [_plain(each) for each in value]
        case _ if type(value) in ANSWER_TYPES.values():
            fields = (field.name for field in dataclasses.fields(value))
            return {type(value).__name__: {name: _plain(getattr(value, name)) for name in fields}}
        case _:
            raise TypeError(f"{type(value).__name__} is not among the types of answers")


def _value(plain: Any) -> Any:
    match plain:
        case list():
            return tuple(_value(each) for each in plain)
        case dict():
            ((name, fields),) = plain.items()
            return ANSWER_TYPES[name](**{key: _value(each) for key, each in fields.items()})
        case _:
            return plain
