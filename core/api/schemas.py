"""What requests hold: the wire formats of bodies, with types of their own."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from core.api.context import ID_MAX
from core.bots.strength import Strength
from core.config import BOTS_MOST
from core.rules import RULES

USERNAME = re.compile(r"[A-Za-z0-9_-]{3,32}")
PlanetId = Annotated[int, Field(ge=1, le=ID_MAX)]
_TYPE_CHARACTERS_MAX = 64


def _as_type(name: str) -> str:
    """Cut a name off that is longer than any there is: so it is unknown, and short to repeat."""
    return name if len(name) <= _TYPE_CHARACTERS_MAX else name[:_TYPE_CHARACTERS_MAX] + "…"


TypeName = Annotated[str, Field(min_length=1, examples=["metal_mine"]), AfterValidator(_as_type)]

TypeInPath = Annotated[str, Path(min_length=1, examples=["metal_mine"]), AfterValidator(_as_type)]


def _as_text(text: str) -> str:
    """Refuse half characters, which JSON can hold and UTF-8 cannot."""
    if not text.isascii() and text.encode(errors="ignore").decode() != text:
        raise ValueError("this holds half of a character")
    return text


Text = Annotated[str, AfterValidator(_as_text)]
# Longer than any name or password there is, and short enough to be compared and counted.
Guess = Annotated[Text, Field(max_length=1_000)]


def _as_shown(name: str) -> str:
    """Refuse names that cannot be seen or that change what stands around them."""
    name = name.strip()
    if not name or not name.isprintable():
        raise ValueError("a name has letters that can be seen, and nothing else")
    return name


PlanetName = Annotated[
    str, Field(min_length=1, max_length=40, examples=["New Hope"]), AfterValidator(_as_shown)
]


class Body(BaseModel):
    """A request's body: what is not known is left out, and a number is no text."""

    model_config = ConfigDict(extra="ignore", strict=True)


class Registration(Body):
    # Their limits are checked later: api.md answers 400 with the reason, not 422.
    username: Annotated[Text, Field(examples=["mira"], description="3–32 of letters, digits, _, -")]
    email: Annotated[Text, Field(examples=["mira@example.org"])]
    password: Annotated[Text, Field(examples=["correct horse"], description="8–128 characters")]


class LoginBody(Body):
    username: Annotated[Guess, Field(examples=["mira"])]
    password: Annotated[Guess, Field(examples=["correct horse"])]


class PasswordChange(Body):
    old: Annotated[Guess, Field(examples=["correct horse"])]
    new: Annotated[Text, Field(examples=["battery staple"], description="8–128 characters")]


class BuildOrder(Body):
    building_type: TypeName
    planet: Annotated[PlanetId | None, Field(description="the active planet if none is named")] = (
        None
    )


class ResearchOrder(Body):
    research_type: Annotated[TypeName, Field(examples=["energy"])]
    planet: Annotated[PlanetId | None, Field(description="the active planet if none is named")] = (
        None
    )


class UnitsOrder(Body):
    ship_type: Annotated[TypeName, Field(examples=["rocket_launcher"])]
    quantity: Annotated[int, Field(ge=1, le=RULES.limits.unit_order_most, examples=[10])]
    planet: Annotated[PlanetId | None, Field(description="the active planet if none is named")] = (
        None
    )


# In a planet's sliders; more of them than there are is no mistake of ours.
_SLIDERS_MAX = 64
Percent = Annotated[int, Field(ge=0, le=100)]


class PlanetChange(Body):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "New Hope", "sliders": {"metal_mine": 70}}]}
    )

    name: PlanetName | None = None
    sliders: Annotated[
        dict[TypeName, Percent],
        Field(
            max_length=_SLIDERS_MAX,
            description="in per cent, by tens; those that are not named stay as they are",
        ),
    ] = {}

    @model_validator(mode="after")
    def _changes_something(self) -> PlanetChange:
        if self.name is None and not self.sliders:
            raise ValueError("there is neither a name nor a slider")
        return self


class StartChoice(Body):
    galaxy: Annotated[int, Field(ge=1, le=1000, examples=[1])]
    system: Annotated[int, Field(ge=1, le=499, examples=[12])]
    position: Annotated[
        Annotated[int, Field(ge=1, le=15)] | None,
        Field(examples=[7], description="the first free one if none is named"),
    ] = None
    name: Annotated[PlanetName | None, Field(description="of the planet")] = None


Amount = Annotated[int, Field(ge=1, le=RULES.market.amount_most)]
ResourceName = Annotated[str, Field(min_length=1, examples=["metal"]), AfterValidator(_as_type)]


class OfferOrder(Body):
    offered_resource: ResourceName
    offered_amount: Annotated[Amount, Field(examples=[300])]
    requested_resource: Annotated[ResourceName, Field(examples=["crystal"])]
    requested_amount: Annotated[Amount, Field(examples=[200])]
    planet: Annotated[PlanetId | None, Field(description="the active planet if none is named")] = (
        None
    )
    expires_in_hours: Annotated[
        Annotated[float, Field(ge=0.01, le=RULES.market.offer_days_most * 24, strict=False)] | None,
        Field(examples=[48], description="what the world's settings say if none is named"),
    ] = None


class TradeOrder(Body):
    planet: Annotated[PlanetId | None, Field(description="the active planet if none is named")] = (
        None
    )


_UNSEEN = "\n\r\t\u200c\u200d"


def _as_letter(text: str) -> str:
    """Refuse what cannot be seen, but for the ends of lines and what joins letters; and blanks."""
    if not text.strip() or not all(each.isprintable() or each in _UNSEEN for each in text):
        raise ValueError("a text has letters that can be seen")
    return text


class Letter(Body):
    to: Annotated[Guess, Field(examples=["jonas"], description="a user name")]
    text: Annotated[
        str,
        Field(max_length=RULES.messages.characters_most, examples=["Peace?"]),
        AfterValidator(_as_letter),
    ]


class HostsLetter(Body):
    text: Annotated[
        str,
        Field(max_length=RULES.messages.characters_most, examples=["Back at noon."]),
        AfterValidator(_as_letter),
    ]


class AdminChange(Body):
    on: Annotated[bool, Field(examples=[True])]


class NewName(Body):
    # As in a registration.
    username: Annotated[Text, Field(examples=["mira"], description="3–32 of letters, digits, _, -")]


_WHOLE_MAX = 2**63 - 1
SettingValue = (
    Annotated[bool, Field(strict=True)]
    | Annotated[int, Field(strict=True, ge=-_WHOLE_MAX, le=_WHOLE_MAX)]
    | Annotated[float, Field(strict=True, allow_inf_nan=False)]
)
# More of them than there are is no mistake of ours.
_SETTINGS_MAX = 100


class SettingsChange(Body):
    settings: Annotated[
        dict[TypeName, SettingValue],
        Field(
            min_length=1,
            max_length=_SETTINGS_MAX,
            description="those that are not named stay as they are",
            examples=[{"economy_speed": 2.0}],
        ),
    ]


class VacationChange(Body):
    on: Annotated[bool, Field(examples=[True])]


class BotsChange(Body):
    number: Annotated[
        Annotated[int, Field(ge=1, le=BOTS_MOST)] | None,
        Field(examples=[30], description="that there are to be at least; none is removed"),
    ] = None
    strength: Annotated[
        Strength | None,
        # A body knows no enumerations, only their names.
        Field(strict=False, description="of those that are new; each in turn if none is named"),
    ] = None
    paused: Annotated[bool | None, Field(description="whether none of them has a turn")] = None

    @model_validator(mode="after")
    def _changes_something(self) -> BotsChange:
        if self.number is None and self.paused is None:
            raise ValueError("there is neither a number nor whether they are paused")
        return self


class FriendNamed(Body):
    user: Annotated[
        Guess | PlanetId, Field(examples=["jonas"], description="a user name, or a player's id")
    ]
