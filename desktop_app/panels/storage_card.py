"""Where the world is kept, and what of it is on disk."""

from __future__ import annotations

from desktop_app.monitor.reading import Reading, SaveFigures
from desktop_app.monitor.sentences import UNKNOWN
from desktop_app.monitor.wording import age, duration, grouped, size
from desktop_app.theme import Theme
from desktop_app.widgets.card import Card
from desktop_app.widgets.facts import Facts


class StorageCard(Card):
    """The database, the latest save, what is waiting to be written."""

    def __init__(self, theme: Theme, database: str) -> None:
        super().__init__(theme, "Storage")
        self._database = database
        self.facts = Facts(theme, "Storage", lines=5)
        self.add(self.facts)
        self.body.addStretch()

    def show_reading(self, reading: Reading) -> None:
        saves, machine = reading.saves, reading.machine
        ago = saves.saved_ago_s
        self.facts.show_facts(
            {
                "database": self._database,
                "last save": UNKNOWN if ago is None else f"{age(ago)} ago",
                "changes to write": _to_write(saves),
                "write-ahead log": _size(machine.wal_bytes),
                "free disk": _size(machine.disk_free_bytes),
            }
        )


def _size(number: float | None) -> str:
    return UNKNOWN if number is None else size(number)


def _to_write(saves: SaveFigures) -> str:
    if saves.at_risk is None:
        return UNKNOWN
    if not saves.to_write:
        return "none"
    ages = f"oldest {duration(saves.oldest_age_s)} of {duration(saves.allowed_age_s)}"
    return f"{grouped(saves.to_write)}, {ages}"
