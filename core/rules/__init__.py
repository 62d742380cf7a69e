"""The rules of the game: resources/rules.toml, checked, and pure formulas over it."""

from typing import Final

from core.resources import resource_path
from core.rules.catalog import Rules, load_rules
from core.rules.economy import Economy, EconomySettings, Rates

RULES: Final = load_rules(resource_path("rules.toml"))
ECONOMY: Final = Economy(RULES)

__all__ = ["ECONOMY", "RULES", "Economy", "EconomySettings", "Rates", "Rules", "load_rules"]
