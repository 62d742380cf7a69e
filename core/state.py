"""What a system may see: the world's tables, the rules, and which places are taken."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.battlefield import Battlefield, FoughtHere
from core.components import UNIVERSE, UNIVERSE_ID, Universe
from core.ecs import World
from core.galaxy import Galaxy
from core.mailboxes import Mailboxes
from core.rules import Economy, EconomySettings, Rules


@dataclass(slots=True)
class GameState:
    """Everything the game is made of. The simulation's alone."""

    world: World
    rules: Rules
    economy: Economy
    galaxy: Galaxy
    battles: Battlefield = field(default_factory=FoughtHere)
    mailboxes: Mailboxes = field(init=False)

    def __post_init__(self) -> None:
        self.mailboxes = Mailboxes(self.world)

    @property
    def universe(self) -> Universe:
        return self.world.component_for_entity(UNIVERSE, UNIVERSE_ID, Universe)

    def economy_settings(self) -> EconomySettings:
        return economy_settings_of(self.world)


def economy_settings_of(world: World) -> EconomySettings:
    """Return the settings that the economy of a world depends on."""
    universe = world.component_for_entity(UNIVERSE, UNIVERSE_ID, Universe)
    return EconomySettings(
        economy_speed=universe.economy_speed,
        basic_income=(
            universe.basic_income_metal,
            universe.basic_income_crystal,
            universe.basic_income_deuterium,
        ),
        energy_floor=universe.energy_floor,
    )
