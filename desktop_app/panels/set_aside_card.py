"""What the database refuses, and the host's decision on it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QHBoxLayout, QMessageBox, QPushButton

from core.queries import GroupSetAside
from desktop_app.monitor.levels import Level
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.wording import age, counted, grouped
from desktop_app.theme import Theme
from desktop_app.widgets.card import Card
from desktop_app.widgets.card_header import Figure
from desktop_app.widgets.quiet_line import QuietLine

LIST_INTERVAL_S = 2.0
NOTHING = "The database takes every change."
UNKNOWN = "Not known: the world is not running."
OWNERS_NAMED_MAX = 3


class SetAsideCard(Card):
    """Shows the group that has waited longest; the others follow when that one is decided on."""

    list_wanted = Signal()
    release_wanted = Signal(object)
    drop_wanted = Signal(object)

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Refused changes")
        self.groups: tuple[GroupSetAside, ...] = ()
        self._listed_at: float | None = None
        # From a decision until it is known what has become of it.
        self._deciding = False
        self._world_time, self._otherwise = 0.0, UNKNOWN
        self.what = QuietLine(theme, "Refused")
        self.reason = QuietLine(theme, "Why")
        self.others = QuietLine(theme, "Others")
        self.release = QPushButton("Save again")
        self.release.setToolTip("When what was wrong with the database is put right")
        self.release.clicked.connect(self._release)
        self.drop = QPushButton("Take back…")
        self.drop.setToolTip("Return to what the database holds")
        self.drop.clicked.connect(self._ask_whether_to_drop)
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self.others, 1)
        below.addWidget(self.release)
        below.addWidget(self.drop)
        self.add(self.what)
        self.add(self.reason)
        self.body.addStretch()
        self.body.addLayout(below)
        self._show()

    def show_reading(self, reading: Reading) -> None:
        """Show the groups as they were listed last, and ask for a new list now and then."""
        refused = reading.saves.refused if reading.running else 0
        if not refused:
            self.groups, self._listed_at = (), None
        elif not reading.stale and self._is_list_old(reading.at):
            self._listed_at = reading.at
            self.list_wanted.emit()
        if reading.running:
            level = Level.WARN if refused else Level.GOOD
            self.show_figures(Figure("set aside", grouped(refused), level=level, value_first=True))
        else:
            self.show_figures()
        otherwise = f"The database refuses {counted(refused, 'change')}." if refused else NOTHING
        self._otherwise = otherwise if reading.running else UNKNOWN
        self._world_time = reading.world.world_time
        self._show()

    def _is_list_old(self, at: float) -> bool:
        return self._listed_at is None or at - self._listed_at >= LIST_INTERVAL_S

    def show_groups(self, groups: tuple[GroupSetAside, ...]) -> None:
        """Take over a list of what is set aside, the oldest first."""
        self.groups = groups
        self._deciding = False
        self._show()

    def _show(self) -> None:
        """Show the first group, which is the one that the buttons are for."""
        first = self.groups[0] if self.groups else None
        said = self._otherwise if first is None else _described(first, self._world_time)
        self.what.show_text(said)
        self.reason.show_text("" if first is None else first.reason)
        more = len(self.groups) - 1
        self.others.show_text(f"and {counted(more, 'group')} more" if more > 0 else "")
        self.set_summary(said if first is None else f"{said}: {first.reason}")
        for button in (self.release, self.drop):
            button.setVisible(first is not None)
            button.setEnabled(first is not None and not self._deciding)

    def _release(self) -> None:
        self._decide(self.release_wanted, self.groups[0])

    def _decide(self, wanted: SignalInstance, group: GroupSetAside) -> None:
        self._deciding = True
        self._listed_at = None
        self._show()
        wanted.emit(group)

    def _ask_whether_to_drop(self) -> None:
        group = self.groups[0]
        # open(), not exec(): a nested event loop would hold up everything on this one.
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("Take back")
        box.setText(f"Take back {counted(group.aggregates, 'change')}{_of(group)}?")
        box.setInformativeText(
            "The world returns to what the database holds; what the database does not know goes."
            " This cannot be undone."
        )
        take_back = box.addButton("Take back", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton(QMessageBox.StandardButton.Cancel))
        take_back.clicked.connect(lambda: self._decide(self.drop_wanted, group))
        box.open()


def _described(group: GroupSetAside, world_time: float) -> str:
    since = age(max(0.0, world_time - group.since))
    return f"{counted(group.aggregates, 'change')}{_of(group)}, refused {since} ago"


def _of(group: GroupSetAside) -> str:
    """Return whose it is, as far as anybody's."""
    names = group.owner_names[:OWNERS_NAMED_MAX]
    more = len(group.owner_names) - len(names)
    if not names:
        return ""
    return f" of {', '.join(names)}" + (f" and {more} others" if more else "")
