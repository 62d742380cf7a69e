"""The window: status strip, side bar and pages, all refreshed by one timer."""

from __future__ import annotations

import logging
import math
import time

from PySide6.QtCore import QByteArray, QSettings, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QProgressBar,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.database import shown_url
from desktop_app.application import Host, HostState
from desktop_app.host_control import HostControl
from desktop_app.icons import program_icon
from desktop_app.log_capture import LogCapture
from desktop_app.monitor.monitor import Monitor
from desktop_app.monitor.sentences import title
from desktop_app.monitor.wording import grouped
from desktop_app.panels.host_page import HostPage
from desktop_app.panels.inspect_page import InspectPage
from desktop_app.panels.log_page import LogPage
from desktop_app.panels.page import Page
from desktop_app.panels.side_bar import SideBar
from desktop_app.panels.status_strip import StatusStrip
from desktop_app.panels.world_page import WorldPage
from desktop_app.refresh_timer import RefreshTimer
from desktop_app.theme import Theme
from desktop_app.widgets.banner import Banner

FIRST_SIZE_PX = (1440, 900)
SMALLEST_SIZE_PX = (1080, 600)
READING_INTERVAL_S = 0.45
BUSY = (HostState.STARTING, HostState.STOPPING)


class MainWindow(QMainWindow):
    """Shows one host. Closing it only asks to quit: the world is stopped first."""

    quit_requested = Signal()

    def __init__(self, host: Host) -> None:
        super().__init__()
        self._host = host
        self.theme = Theme()
        self.control = HostControl(host)
        self.log_capture = LogCapture()
        logging.getLogger().addHandler(self.log_capture)
        self._monitor = Monitor(host)
        self._reading = self._monitor.read(self._monitor.now())
        self._next_reading = -math.inf
        self._ended = self._told_of_lost_exception = False

        self.strip = StatusStrip(self.theme)
        self.banner = Banner(self.theme)
        self.host_page = HostPage(self.theme, self._monitor, self.log_capture, _database_name(host))
        self.inspect_page = InspectPage(self.theme, self._monitor)
        self.world_page = WorldPage(self.theme, host)
        self.log_page = LogPage(self.theme, self.log_capture)
        self.pages: tuple[Page, ...] = (
            self.host_page,
            self.inspect_page,
            self.world_page,
            self.log_page,
        )
        self.side_bar = SideBar(self.theme, [page.title for page in self.pages])
        self._stack = QStackedWidget()
        self._stack.setObjectName("pages")
        self._progress = QProgressBar()
        self._progress.setTextVisible(False)
        self._lay_out()
        self._connect()
        self._add_shortcuts()
        self._take_theme()
        # A size of its own hides what the texts need, which is more with a large font.
        self.setMinimumSize(QSize(*SMALLEST_SIZE_PX).expandedTo(self.minimumSizeHint()))
        self._restore()
        self._take_host_state()
        self.timer = RefreshTimer(
            self, self.refresh, self._report_cost, self._monitor.quiet_instant
        )

    # Making ------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        for page in self.pages:
            self._stack.addWidget(page)
        below = QHBoxLayout()
        below.setSpacing(0)
        below.addWidget(self.side_bar)
        below.addWidget(self._stack, 1)
        whole = QWidget()
        layout = QVBoxLayout(whole)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip)
        layout.addWidget(self._progress)
        layout.addWidget(self.banner)
        layout.addLayout(below, 1)
        self.setCentralWidget(whole)
        self.setWindowIcon(program_icon())

    def _connect(self) -> None:
        self._host.changed.connect(self._take_host_state)
        self._host.progressed.connect(self._show_progress)
        self._host.exception_lost.connect(self._tell_of_lost_exception)
        self.theme.changed.connect(self._take_theme)
        self.side_bar.page_wanted.connect(self.show_page)
        self.host_page.inspect_wanted.connect(lambda: self.show_page(1))
        self.strip.save_requested.connect(self.control.save_now)
        self.strip.backup_requested.connect(self.control.back_up)
        self.strip.start_requested.connect(self.control.start)
        self.strip.stop_requested.connect(self.control.stop)
        self.control.backing_up.connect(self.strip.set_backing_up)
        self.control.saving.connect(self.strip.set_saving)
        self.control.failed.connect(self.banner.show_text)
        self.control.mended.connect(self.banner.take_back)
        backups, set_aside = self.host_page.backups, self.host_page.set_aside
        backups.backup_wanted.connect(self.control.back_up)
        self.control.backing_up.connect(backups.set_backing_up)
        self._host.progressed.connect(backups.show_progress)
        set_aside.list_wanted.connect(self.control.list_set_aside)
        self.control.set_aside_listed.connect(set_aside.show_groups)
        set_aside.release_wanted.connect(self.control.release)
        set_aside.drop_wanted.connect(self.control.drop)
        bots = self.host_page.bots
        bots.more_wanted.connect(self.control.enlist)
        bots.pause_wanted.connect(self.control.pause_bots)
        self.control.enlisting.connect(bots.set_adding)

    def _add_shortcuts(self) -> None:
        for number in range(len(self.pages)):
            self._on_keys(f"Ctrl+{number + 1}", lambda number=number: self.show_page(number))
        self._on_keys("Ctrl+L", lambda: self.show_page(self.pages.index(self.log_page)))
        self._on_keys("Ctrl+S", self.strip.save.click)
        self._on_keys("Ctrl+Shift+C", self.host_page.join.copy_link)
        self._on_keys("Ctrl+Q", self.close)
        self._on_keys("F11", self._toggle_full_screen)

    def _on_keys(self, keys: str, call: object) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.activated.connect(call)

    # Theme, place and size ---------------------------------------------------------------------

    def _take_theme(self) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.setPalette(self.theme.qt_palette())
        self.setStyleSheet(self.theme.style_sheet())

    def _settings(self) -> QSettings:
        path = self._host.folder.root / "window.ini"
        return QSettings(str(path), QSettings.Format.IniFormat)

    def _restore(self) -> None:
        settings = self._settings()
        self.resize(*FIRST_SIZE_PX)
        # Qt moves a window whose screen is gone to one that is there.
        if isinstance(geometry := settings.value("geometry"), QByteArray):
            self.restoreGeometry(geometry)
        titles = [page.title for page in self.pages]
        wanted = settings.value("page")
        self.show_page(titles.index(wanted) if wanted in titles else 0)

    def _toggle_full_screen(self) -> None:
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)

    def show_page(self, number: int) -> None:
        """Bring a page into sight."""
        self._stack.setCurrentIndex(number)
        self.side_bar.set_page(number)
        self.pages[number].setFocus()
        self._next_reading = -math.inf

    # The host ----------------------------------------------------------------------------------

    def _take_host_state(self) -> None:
        state = self._host.state
        self.strip.set_host_state(state)
        self._progress.setRange(0, 0)
        self._monitor.note_progress("")
        self._progress.setVisible(state in BUSY)
        if state is HostState.STARTING:
            self.banner.show_text(None)
        elif state in (HostState.STOPPED, HostState.FAILED) and self._host.error:
            self.banner.show_text(self._host.error)
        self._next_reading = -math.inf

    def _show_progress(self, text: str, done: int, total: int) -> None:
        """Say what is being done; `total` is 0 where nobody knows how much there is."""
        amount = f" {grouped(done)} of {grouped(total)}" if total else ""
        self._monitor.note_progress(text + amount)
        self._progress.setRange(0, total)
        self._progress.setValue(done)

    def _tell_of_lost_exception(self, error: str) -> None:
        """Say it once: what fails at each refresh would come back however often it is dismissed."""
        if not self._told_of_lost_exception:
            self._told_of_lost_exception = True
            self.banner.show_text(f"Something in the program failed: {error}; see the log.")

    # Refreshing --------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what is new: figures about twice a second, charts at each call."""
        if self._monitor.follow():
            for page in self.pages:
                page.begin_anew()
        at = time.perf_counter()
        page = self.pages[self._stack.currentIndex()]
        if at >= self._next_reading:
            self._next_reading = at + READING_INTERVAL_S
            self._reading = self._monitor.read(self._monitor.now())
            self.strip.show_reading(self._reading)
            self.side_bar.show_cost(self.timer.pace.cost)
            page.show_reading(self._reading)
            self._set_title(title(self._reading))
        page.draw(at, self._reading)

    def _set_title(self, text: str) -> None:
        if text != self.windowTitle():
            self.setWindowTitle(text)

    def _report_cost(self, seconds: float) -> None:
        self._host.metrics.redraw.observe(seconds)

    # The end -----------------------------------------------------------------------------------

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._ended:
            super().closeEvent(event)
            return
        event.ignore()
        self.quit_requested.emit()

    def end(self) -> None:
        """Close for good. Call it when the host has been stopped."""
        logging.getLogger().removeHandler(self.log_capture)
        settings = self._settings()
        settings.setValue("geometry", self.saveGeometry())
        settings.setValue("page", self.pages[self._stack.currentIndex()].title)
        settings.sync()
        self._ended = True
        self.timer.stop()
        self.close()


def _database_name(host: Host) -> str:
    """Return where the world is kept, without passwords."""
    if host.settings.database_url:
        return shown_url(host.settings.database_url)
    return str(host.folder.database)
