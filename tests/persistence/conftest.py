"""Databases of either kind for the tests of operations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy.engine import URL

from core.database import async_url
from tests.databases import Databases


@pytest.fixture(
    params=[pytest.param("sqlite", marks=pytest.mark.sqlite_file), "postgresql"], ids=str
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """Return the URL of a database with an empty world or none, once of each kind."""
    if request.param == "sqlite":
        yield async_url(f"sqlite:///{tmp_path}/world.db")
        return
    databases: Databases = request.getfixturevalue("postgres")
    yield async_url(databases.url_of(tmp_path))
    databases.drop_all()
