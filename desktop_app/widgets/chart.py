"""A chart over time that costs little to redraw: fixed axes, no grid, one pen or brush an item."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import QGraphicsItem, QGraphicsView

os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import pyqtgraph as pg

from desktop_app.monitor.columns import Flags, Floats, thin_out
from desktop_app.monitor.scales import Scale
from desktop_app.theme import Theme

# So many labels of the vertical axis do not lie over each other.
LABELS = 5
# A column is so many pixels wide, one of them empty.
COLUMN_PX = 3
# No two marks are drawn in the same square of this part of their size.
CELL_PER_MARK = 0.8
NOTHING = np.empty(0)

# From a span to the distance of its ticks, the seconds of their unit and its name.
TIME_TICKS = {
    60.0: (10, 1, "s"),
    300.0: (60, 60, "min"),
    900.0: (180, 60, "min"),
    3600.0: (600, 60, "min"),
}


class Chart(pg.PlotWidget):
    """A chart of the last seconds: x runs from -span to 0.

    Its items are told apart by a role, the name of their colour in the palette; they turn grey when
    what they show is not known to be true any more.
    """

    clicked = Signal(float, float)  # x in seconds, y

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._items: list[tuple[Any, str]] = []
        self._scale: Scale | None = None
        self._known = True
        self.known_since: float | None = None
        self.span_s = 60.0
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        plot = self.getPlotItem()
        plot.setMouseEnabled(False, False)
        plot.setMenuEnabled(False)
        plot.hideButtons()
        plot.disableAutoRange()
        plot.layout.setContentsMargins(0, 4, 0, 0)
        self._paint_less()
        self._set_up_axes()
        self._shade = Shade()
        self._shade.setZValue(-1)
        self.addItem(self._shade, ignoreBounds=True)
        self.scene().sigMouseClicked.connect(self._on_click)
        theme.changed.connect(self.recolour)
        self.recolour()

    def _paint_less(self) -> None:
        """Keep what does not change as pixels; together that saves a third of the painting."""
        self.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        for name in ("left", "bottom"):
            self.getAxis(name).setCacheMode(QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def _set_up_axes(self) -> None:
        metrics = QFontMetrics(self._theme.sized(-1))
        left, bottom = self.getAxis("left"), self.getAxis("bottom")
        left.setWidth(metrics.horizontalAdvance("1000 ms") + 8)
        bottom.setHeight(metrics.height() + 4)
        self.setMinimumHeight((LABELS + 1) * metrics.height() + 8)
        for axis in (left, bottom):
            axis.setStyle(tickLength=0, tickFont=self._theme.sized(-1), tickTextOffset=5)

    # Axes --------------------------------------------------------------------------------------

    def set_span(self, span_s: float) -> None:
        """Show so many seconds."""
        self.span_s = span_s
        step_s, unit_s, unit = TIME_TICKS[span_s]
        ages = np.arange(step_s, span_s, step_s)
        ticks = [(-age, f"-{age / unit_s:g} {unit}") for age in ages.tolist()]
        self.getAxis("bottom").setTicks([ticks])
        self._fit_columns()

    def set_scale(self, scale: Scale) -> None:
        """Use a vertical axis; nothing happens when it is the one in use."""
        if scale != self._scale:
            self._scale = scale
            self.getAxis("left").setTicks([list(scale.ticks)])
            self.setYRange(scale.low, scale.high, padding=0)

    def _fit_columns(self) -> None:
        """Let columns begin at whole pixels: the range is as many columns as there is room for."""
        columns = self._plot_width_px / COLUMN_PX
        self.setXRange(-columns * self.column_width_s, 0, padding=0)

    @property
    def _plot_width_px(self) -> float:
        return max(COLUMN_PX, float(self.getViewBox().width()))

    @property
    def column_width_s(self) -> float:
        """How many seconds share a column of pixels."""
        return self.span_s / max(1, int(self._plot_width_px / COLUMN_PX))

    @property
    def pixel_size(self) -> tuple[float, float]:
        """How many seconds and how much of y a pixel is."""
        size = self.getViewBox().viewPixelSize()
        return float(size[0]), float(size[1])

    def resizeEvent(self, event: Any) -> None:
        super().resizeEvent(event)
        # Called before the chart is set up, and after it has been closed.
        if getattr(self, "plotItem", None) is not None and hasattr(self, "span_s"):
            self._fit_columns()

    def close(self) -> None:
        # Its items go now, it itself with the next turn of the event loop.
        self._theme.changed.disconnect(self.recolour)
        super().close()

    # Items -------------------------------------------------------------------------------------

    def set_known_since(self, x: float | None) -> None:
        """Shade the time before x, of which samples are not kept; None if all of it is known."""
        left = self.getViewBox().viewRange()[0][0]
        # Where little more than nothing is missing, a shade would only flicker.
        self.known_since = None if x is None or x <= left + 2 * self.column_width_s else x
        place = QRectF()
        if self.known_since is not None and self._scale is not None:
            low, high = self._scale.low, self._scale.high
            place = QRectF(left, low, self.known_since - left, high - low)
        self._shade.cover(place)

    def add_bars(self, role: str) -> Bars:
        item = pg.BarGraphItem(x0=NOTHING, x1=NOTHING, y0=NOTHING, y1=NOTHING, pen=None)
        return Bars(self._add(item, role))

    def add_line(self, role: str) -> Line:
        item = pg.PlotCurveItem(skipFiniteCheck=True, antialias=False)
        return Line(self._add(item, role))

    def add_marks(self, role: str, symbol: str, size_px: int) -> Marks:
        item = pg.ScatterPlotItem(symbol=symbol, size=size_px, pen=None, pxMode=True)
        return Marks(self._add(item, role), size_px)

    def add_limit(self, role: str = "muted") -> Limit:
        return Limit(self._add(pg.InfiniteLine(angle=0), role))

    def _add(self, item: Any, role: str) -> Any:
        self.addItem(item, ignoreBounds=True)
        self._items.append((item, role))
        self._paint_item(item, role)
        return item

    def draw_thinned(self, marks: Marks, x: Floats, y: Floats, edge: float) -> None:
        """Draw of marks that would hide one another the latest; thousands take too long to draw.

        `edge` is the instant at x = 0: which of them are drawn does not change as it moves.
        """
        second_per_pixel, y_per_pixel = self.pixel_size
        cell_px = CELL_PER_MARK * marks.size_px
        places = thin_out(x + edge, y, cell_px * second_per_pixel, cell_px * y_per_pixel)
        marks.draw(x[places], y[places])

    def set_known(self, known: bool) -> None:
        """Draw in colour what is known to be so now, in grey what was so."""
        if known != self._known:
            self._known = known
            self.recolour()

    def recolour(self) -> None:
        """Take the colours of the theme."""
        color = self._theme.color
        self.setBackground(color("surface"))
        self._shade.paint_with(color("selected"))
        for name in ("left", "bottom"):
            axis = self.getAxis(name)
            axis.setPen(pg.mkPen(color("border")))
            axis.setTextPen(pg.mkPen(color("muted")))
        for item, role in self._items:
            self._paint_item(item, role)

    def _paint_item(self, item: Any, role: str) -> None:
        color = self._theme.color(role if self._known else "faint")
        if isinstance(item, pg.BarGraphItem):
            item.setOpts(brush=pg.mkBrush(color))
        elif isinstance(item, pg.ScatterPlotItem):
            item.setBrush(pg.mkBrush(color))
        elif isinstance(item, pg.InfiniteLine):
            item.setPen(pg.mkPen(color, width=1, dash=[4, 3]))
        else:
            item.setPen(pg.mkPen(color, width=1))

    def _on_click(self, event: Any) -> None:
        point: QPointF = self.getViewBox().mapSceneToView(event.scenePos())
        self.clicked.emit(point.x(), point.y())


class Shade(pg.GraphicsObject):
    """A rectangle behind everything; it leaves the painter, whose state nobody saves, as it is."""

    def __init__(self) -> None:
        super().__init__()
        self._place = QRectF()
        self._color = QColor()

    def cover(self, place: QRectF) -> None:
        """Lie here; nowhere if that is empty."""
        if place != self._place:
            self.prepareGeometryChange()
            self._place = place

    def paint_with(self, color: QColor) -> None:
        self._color = color
        self.update()

    def boundingRect(self) -> QRectF:
        return self._place

    def paint(self, painter: QPainter, *_: Any) -> None:
        painter.fillRect(self._place, self._color)


class Bars:
    """Bars of one colour."""

    def __init__(self, item: Any) -> None:
        self._item = item

    def draw(self, left: Floats, width: float, bottom: Floats | float, top: Floats) -> None:
        bottoms = np.broadcast_to(np.asarray(bottom, dtype=np.float64), top.shape)
        self._item.setOpts(x0=left, x1=left + width, y0=bottoms, y1=top)


class Line:
    """A line of one pixel; `joined` is whether each point is joined to the next one."""

    def __init__(self, item: Any) -> None:
        self._item = item

    def draw(self, x: Floats, y: Floats, joined: Flags | None = None) -> None:
        self._item.setData(x, y, connect="all" if joined is None else joined)


class Marks:
    """Marks of one shape and colour."""

    def __init__(self, item: Any, size_px: int) -> None:
        self._item = item
        self._count = 0
        self.size_px = size_px

    def draw(self, x: Floats, y: Floats) -> None:
        if len(x) or self._count:
            self._item.setData(x, y)
        self._count = len(x)


class Limit:
    """A dashed horizontal line."""

    def __init__(self, item: Any) -> None:
        self._item = item

    def draw(self, y: float) -> None:
        self._item.setValue(y)
