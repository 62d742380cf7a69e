"""What tests of the outside share."""

from __future__ import annotations

import asyncio
from typing import Any

import argon2
import pytest
import uvicorn.server

from core.api import passwords
from desktop_app import application
from tests.api.hosting import JumpingClock


class _Impatient:
    """asyncio, for somebody who looks more often."""

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio, name)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 20)


@pytest.fixture(autouse=True)
def _quick_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have uvicorn look more often whether its connections have gone: 0.1 s for each host."""
    monkeypatch.setattr(uvicorn.server, "asyncio", _Impatient())


@pytest.fixture(autouse=True)
def _quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with next to no work; what it costs in earnest is for tests/api/test_crowd.py."""
    hasher = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", hasher)
    monkeypatch.setattr(passwords, "_NOBODY", hasher.hash("nobody has this password"))


@pytest.fixture
def _jumping_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give hosts a clock that a test can have jump."""
    monkeypatch.setattr(application, "SystemClock", JumpingClock)
