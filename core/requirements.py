"""What something requires before it can be built or researched: buildings and technologies."""

from __future__ import annotations

from collections.abc import Mapping

from core.commands import Rejected


def unmet(name: str, requires: Mapping[str, int], levels: Mapping[str, int]) -> Rejected | None:
    """Return why these levels are not enough for a thing, None if they are."""
    missing = {needed: level for needed, level in requires.items() if levels[needed] < level}
    if not missing:
        return None
    wanted = ", ".join(f"{needed} {level}" for needed, level in sorted(missing.items()))
    return Rejected("requirements_not_met", f"{name} needs {wanted} first.", {"missing": missing})


def lack_of_energy(
    name: str, required: int, of_unused: bool, produced: float, used: float
) -> Rejected:
    """Return the refusal of what requires more energy than there is."""
    there = int(produced - used if of_unused else produced)
    kind = "unused energy" if of_unused else "energy produced"
    return Rejected(
        "insufficient_energy",
        f"{name} needs {required} {kind}; there is {there}.",
        {"missing": {"energy": required - there}, "energy_required": required},
    )
