"""The thread on which the world ticks. It only hosts: core.simulation does the work."""

from __future__ import annotations

import asyncio
import logging
import sys
import threading

from PySide6.QtCore import QThread

from core.simulation import Simulation

log = logging.getLogger(__name__)


class TickThread(QThread):
    """Runs a simulation to its end. An error of ours ends it and is found in `error`."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__()
        self.setObjectName("simulation")
        self._simulation = simulation
        self.error: BaseException | None = None

    def run(self) -> None:
        # Coverage follows threads that `threading` starts, not Qt's.
        if tracer := threading.gettrace():
            sys.settrace(tracer)
        try:
            self._simulation.run()
        except BaseException as error:
            log.critical("the simulation has ended with an error", exc_info=error)
            self.error = error

    def abandon(self) -> None:
        """Have the simulation end at once, saved or not."""
        self._simulation.abandon()

    async def ended(self) -> None:
        """Wait for the thread to end, without holding up the event loop it may be waiting for."""
        ended = asyncio.Event()
        # Not ended.set itself: of a method Qt's binding calls what has become of its object, and
        # who finds the thread at its end already does not wait until it is called.
        self.finished.connect(lambda: ended.set())
        if not self.isFinished():
            await ended.wait()
        self.wait()
