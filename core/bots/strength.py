"""How well a computer player plays, and who is one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Strength(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Bot:
    """A computer player; the id is that of his account and of his player."""

    player_id: int
    name: str
    strength: Strength
