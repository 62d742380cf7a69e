"""What a setting of a world may be."""

from __future__ import annotations

import math
from dataclasses import dataclass

from core.rules.entry import Entry

SettingValue = bool | int | float


@dataclass(frozen=True, slots=True)
class Setting:
    """What a setting of a world is at first, and between which numbers it may lie."""

    default: SettingValue
    least: float | None = None
    most: float | None = None

    @property
    def permitted(self) -> str:
        """Say in words which values it may have."""
        if isinstance(self.default, bool):
            return "true or false"
        kind = "a whole number" if isinstance(self.default, int) else "a number"
        return f"{kind} from {self.least:.15g} to {self.most:.15g}"

    def permits(self, value: object) -> bool:
        """Return whether it may have a value; no NaN lies between two numbers."""
        if isinstance(self.default, bool) or isinstance(value, bool):
            return isinstance(self.default, bool) and isinstance(value, bool)
        number = int if isinstance(self.default, int) else (int, float)
        if not isinstance(value, number) or self.least is None or self.most is None:
            return False
        return bool(self.least <= value <= self.most)


def read_setting(entry: Entry) -> Setting:
    default = entry.value("default")
    if isinstance(default, bool):
        return Setting(default)
    if not isinstance(default, int | float):
        raise entry.refusal("default", f"is {default!r} instead of a number, true or false")
    # As they stand in the file: the limits of a whole number are shown as whole numbers.
    setting = Setting(default, entry.value("least"), entry.value("most"))
    for key in ("least", "most"):
        entry.number(key, least=-math.inf, most=math.inf)
    if not setting.permits(default):
        raise entry.refusal("default", f"is {default!r}; permitted is {setting.permitted}")
    return setting
