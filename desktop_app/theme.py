"""Colours and fonts of the window, light and dark, following the system while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from desktop_app.monitor.levels import Level


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one theme. The three hues are told apart under every colour vision."""

    window: str
    surface: str
    border: str
    selected: str
    text: str
    muted: str
    faint: str
    good: str
    good_faint: str
    warn: str
    bad: str
    on_good: str

    def level(self, level: Level) -> str:
        """Return the colour of a level; its shape and its word are never left out."""
        match level:
            case Level.UNKNOWN:
                return self.muted
            case Level.GOOD:
                return self.good
            case Level.WATCH | Level.WARN:
                return self.warn
            case Level.BAD:
                return self.bad


DARK = Palette(
    window="#14161b",
    surface="#1b1e25",
    border="#2a2f3a",
    selected="#232732",
    text="#eceff4",
    muted="#9aa3b5",
    faint="#5d6576",
    good="#4cb5f5",
    good_faint="#27536f",
    warn="#f5d547",
    bad="#f0508c",
    on_good="#0b1a26",
)
LIGHT = Palette(
    window="#f4f5f7",
    surface="#ffffff",
    border="#dfe3ea",
    selected="#e9edf3",
    text="#171a21",
    muted="#5a6478",
    faint="#a3abba",
    good="#0067a5",
    good_faint="#a9cde6",
    warn="#8f6b00",
    bad="#8e0038",
    on_good="#ffffff",
)


class Theme(QObject):
    """The palette and the fonts in use. `changed` is emitted when the system's theme changes."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.palette = LIGHT
        self.font = QGuiApplication.font()
        self.font_px = max(12, QFontInfo(self.font).pixelSize())
        self.mono = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        self.mono.setStyleHint(QFont.StyleHint.Monospace)
        self.mono.setPixelSize(self.font_px - 1)
        self.font.setPixelSize(self.font_px)
        self.bold = self.sized(0, QFont.Weight.DemiBold)
        hints = QGuiApplication.styleHints()
        hints.colorSchemeChanged.connect(self.use)
        self.use(hints.colorScheme())

    def use(self, scheme: Qt.ColorScheme) -> None:
        """Take the palette of a colour scheme."""
        palette = DARK if _is_dark(scheme) else LIGHT
        if palette is not self.palette:
            self.palette = palette
            self.changed.emit()

    def color(self, name: str) -> QColor:
        """Return a colour of the palette by its name."""
        return QColor(getattr(self.palette, name))

    def level(self, level: Level) -> QColor:
        return QColor(self.palette.level(level))

    def sized(self, more_px: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """Return the window's font, larger or smaller by some pixels."""
        font = QFont(self.font)
        font.setPixelSize(self.font_px + more_px)
        font.setWeight(weight)
        return font

    def style_sheet(self) -> str:
        """Return the one style sheet of the window."""
        colors = {name: getattr(self.palette, name) for name in Palette.__slots__}
        sizes = {
            "base": f"{self.font_px}px",
            "small": f"{self.font_px - 1}px",
            "large": f"{self.font_px + 10}px",
            "medium": f"{self.font_px + 4}px",
            "mono": f"'{self.mono.family()}'",
        }
        return STYLE_SHEET.substitute(colors, **sizes)

    def qt_palette(self) -> QPalette:
        """Return the palette for what the style draws without the style sheet."""
        palette = QPalette()
        roles = {
            QPalette.ColorRole.Window: "window",
            QPalette.ColorRole.Base: "surface",
            QPalette.ColorRole.AlternateBase: "surface",
            QPalette.ColorRole.Button: "selected",
            QPalette.ColorRole.ToolTipBase: "selected",
            QPalette.ColorRole.ToolTipText: "text",
            QPalette.ColorRole.Text: "text",
            QPalette.ColorRole.WindowText: "text",
            QPalette.ColorRole.ButtonText: "text",
            QPalette.ColorRole.PlaceholderText: "muted",
            QPalette.ColorRole.Highlight: "good",
            QPalette.ColorRole.HighlightedText: "on_good",
            QPalette.ColorRole.Link: "good",
        }
        for role, name in roles.items():
            palette.setColor(role, self.color(name))
        return palette


def _is_dark(scheme: Qt.ColorScheme) -> bool:
    """Ask the colours of the widgets where the system does not say which scheme it uses."""
    if scheme is Qt.ColorScheme.Unknown:
        return QApplication.style().standardPalette().window().color().lightness() < 128
    return scheme is Qt.ColorScheme.Dark


STYLE_SHEET = Template("""
QMainWindow, #pages, #page, #scrolled { background: $window; }
QWidget { color: $text; font-size: $base; }
QLabel, QScrollArea { background: transparent; border: none; }
QToolTip { background: $selected; color: $text; border: 1px solid $border; padding: 4px; }

#strip { background: $surface; border: none; border-bottom: 1px solid $border; }
#separator { background: $border; border: none; }
#sideBar { background: $surface; border: none; border-right: 1px solid $border; }
#sideBar QPushButton {
    background: transparent; border: 1px solid transparent; border-radius: 6px;
    padding: 6px 11px; text-align: left; color: $muted;
}
#sideBar QPushButton:hover { color: $text; }
#sideBar QPushButton:checked { background: $selected; color: $text; font-weight: 600; }
#sideBar QPushButton:focus { border-color: $good; }

QPushButton {
    background: $selected; border: 1px solid $border; border-radius: 6px;
    padding: 5px 13px; color: $text;
}
QPushButton:hover { border-color: $faint; }
QPushButton:pressed { background: $border; }
QPushButton:focus { border-color: $good; }
QPushButton:disabled { color: $faint; border-color: $border; }
QPushButton[primary="true"] {
    background: $good; border-color: $good; color: $on_good; font-weight: 600;
}
QPushButton[primary="true"]:hover, QPushButton[primary="true"]:focus { border-color: $text; }
QPushButton[primary="true"]:disabled { background: $border; border-color: $border; color: $muted; }

#spans QPushButton, #filters QPushButton {
    background: transparent; border: 1px solid transparent; color: $muted; padding: 5px 13px;
}
#spans QPushButton:hover, #filters QPushButton:hover { color: $text; }
#spans QPushButton:checked, #filters QPushButton:checked {
    background: $selected; border-color: $border; color: $text;
}
#spans QPushButton:focus, #filters QPushButton:focus { border-color: $good; }

#card { background: $surface; border: 1px solid $border; border-radius: 8px; }
#card:focus { border-color: $good; }
#muted { color: $muted; }
#small { color: $muted; font-size: $small; }
#headline { font-size: $medium; font-weight: 600; }
#address { font-size: $large; font-weight: 600; }
#banner { background: $surface; border: none; border-bottom: 2px solid $bad; }

QLineEdit, QComboBox {
    background: $surface; border: 1px solid $border; border-radius: 6px; padding: 5px 9px;
    selection-background-color: $good; selection-color: $on_good;
}
QLineEdit:focus, QComboBox:focus { border-color: $good; }
QLineEdit:disabled, QComboBox:disabled { color: $faint; }
QComboBox { background: $selected; padding-right: 4px; }
QComboBox::drop-down { border: none; width: 18px; }
QComboBox::down-arrow { image: none; }
QComboBox QAbstractItemView {
    background: $surface; border: 1px solid $border; padding: 3px; outline: none;
    selection-background-color: $selected; selection-color: $text;
}

QTableView, QListView, QPlainTextEdit {
    background: $surface; border: none; gridline-color: $border; outline: none;
    selection-background-color: $selected; selection-color: $text;
}
QTableView::item { border-bottom: 1px solid $border; padding: 0 3px; }
QTableView::item:selected { background: $selected; color: $text; }
QTableView:focus, QListView:focus { border: none; }
QHeaderView { background: $surface; border: none; }
QHeaderView::section {
    background: $surface; color: $muted; border: none; border-bottom: 1px solid $border;
    padding: 5px 6px; font-weight: normal;
}
#mono, QListView#log, QPlainTextEdit { font-family: $mono; font-size: $small; }
QPlainTextEdit { border-top: 1px solid $border; }
QListView#log::item { padding: 1px 4px; }
QListView#log::item:selected { background: $selected; color: $text; }

QProgressBar { background: $border; border: none; max-height: 3px; min-height: 3px; }
QProgressBar::chunk { background: $good; }
QScrollBar:vertical { background: transparent; width: 16px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $border; border-radius: 4px; margin: 1px; min-height: 28px; }
QScrollBar::handle:vertical { margin-left: 7px; }
QScrollBar::handle:hover { background: $faint; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
""")
