"""What tests of the outside share."""

from __future__ import annotations

import pytest

from desktop_app import application
from tests.api.hosting import JumpingClock


@pytest.fixture
def _jumping_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give hosts a clock that a test can have jump."""
    monkeypatch.setattr(JumpingClock, "ahead_s", 0.0)
    monkeypatch.setattr(application, "SystemClock", JumpingClock)
