"""How the host is: one sentence, and the three worst things to look at."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton

from desktop_app.monitor.levels import Level
from desktop_app.monitor.reading import Reading
from desktop_app.monitor.sentences import doubts, health_sentence, reassurances
from desktop_app.monitor.wording import age
from desktop_app.theme import Theme
from desktop_app.widgets.card import Card
from desktop_app.widgets.quiet_line import QuietLine
from desktop_app.widgets.statements import Statements

FINDINGS_MAX = 3


class HealthCard(Card):
    """What is wrong comes first; when nothing is, what is well."""

    inspect_wanted = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Health")
        self.sentence = QLabel()
        self.sentence.setObjectName("headline")
        self.statements = Statements(theme, "Findings", FINDINGS_MAX)
        self.last_failure = QuietLine(theme, "Last failed save")
        look = QPushButton("Inspect")
        look.setToolTip("Ctrl+2")
        look.clicked.connect(self.inspect_wanted)
        below = QHBoxLayout()
        below.addWidget(self.last_failure, 1)
        below.addWidget(look)
        self.add(self.sentence)
        self.add(self.statements)
        self.body.addStretch()
        self.body.addLayout(below)

    def show_reading(self, reading: Reading) -> None:
        sentence = health_sentence(reading)
        if sentence != self.sentence.text():
            self.sentence.setText(sentence)
            self.set_summary(sentence)
        said = [(Level.UNKNOWN, reading.doing)] if reading.doing else []
        said += [(Level.UNKNOWN, text) for text in doubts(reading)]
        said += [(finding.level, finding.text) for finding in reading.findings]
        room = max(0, FINDINGS_MAX - len(said))
        said += [(Level.GOOD, text) for text in reassurances(reading)[:room]]
        self.statements.show_statements(*said)
        failure = reading.saves.last_failure
        self.last_failure.show_text(
            "" if failure is None else f"last failed save {age(failure[0])} ago: {failure[1]}"
        )
