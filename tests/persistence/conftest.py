"""Databases of either kind for the tests of operations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from core.database import async_url


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite_file), "postgresql"], ids=str
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """Return the URL of an empty database, once of each kind."""
    if request.param == "sqlite":
        yield async_url(f"sqlite:///{tmp_path}/world.db")
        return
    url: URL = request.getfixturevalue("postgres_url")
    yield url
