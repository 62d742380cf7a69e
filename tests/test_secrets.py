"""Secrets: made once, kept whole, for their owner's eyes only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.secrets import forget_secret, load_or_create_secret


@pytest.fixture
def careless_umask() -> Iterator[None]:
    """Let new files be readable by everybody unless their maker says otherwise."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_that_a_secret_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "data" / "secret.key"
    secret = load_or_create_secret(path)
    assert len(secret) >= 32
    assert load_or_create_secret(path) == secret
    assert [file.name for file in path.parent.iterdir()] == ["secret.key"]


def test_that_a_secret_that_is_forgotten_is_another_one_afterwards(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    forget_secret(path)
    secret = load_or_create_secret(path)
    forget_secret(path)
    assert load_or_create_secret(path) != secret


def test_that_no_two_secrets_are_the_same(tmp_path: Path) -> None:
    secrets = {load_or_create_secret(tmp_path / str(number)) for number in range(10)}
    assert len(secrets) == 10


@pytest.mark.usefixtures("careless_umask")
def test_that_only_its_owner_may_read_a_secret(tmp_path: Path) -> None:
    # What a crash left, readable by everybody, is not written on.
    (tmp_path / "secret.key.part").write_text("half a sec")
    path = tmp_path / "secret.key"
    load_or_create_secret(path)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "\n", "too short to be one\n", f"{'':<40}\n"])
def test_that_a_file_without_a_whole_secret_gets_a_new_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secret.key"
    path.write_text(content)
    secret = load_or_create_secret(path)
    assert len(secret) >= 32
    assert path.read_text().strip() == secret
    assert load_or_create_secret(path) == secret


def test_that_a_secret_that_somebody_else_put_there_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_text(f"  {'s' * 32}\r\n")
    assert load_or_create_secret(path) == "s" * 32


def test_that_a_file_that_is_no_text_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    path.write_bytes(b"\xff" * 50)
    assert load_or_create_secret(path) == load_or_create_secret(path)


@pytest.mark.skipif(sys.platform == "win32", reason="files have no mode there")
def test_that_a_secret_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "secret.key"
    secret = load_or_create_secret(path)
    path.chmod(0o644)
    assert load_or_create_secret(path) == secret
    assert path.stat().st_mode & 0o077 == 0
