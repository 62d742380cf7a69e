"""Secrets in the data folder: random, readable by their owner only, never logged."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from core.durable_files import sync_folder
from core.errors import FolderError

_BYTES = 32


def load_or_create_secret(path: Path) -> str:
    """Return the secret in a file, made at the first call and again if the file is damaged.

    Raise FolderError if it can be neither read nor made.
    """
    try:
        return _load_or_create(path)
    except OSError as error:
        raise FolderError.of(
            path, error, "make it a file that you may read, or remove it to get a new one"
        ) from None


def forget_secret(path: Path) -> None:
    """Make worthless what a secret has signed; when this returns it stays so. Raise OSError.

    The next who asks for it gets a new one.
    """
    if path.exists():
        path.unlink()
        sync_folder(path.parent)


def _load_or_create(path: Path) -> str:
    try:
        secret = path.read_text(encoding="ascii").strip()
        if len(secret) >= _BYTES:
            path.chmod(0o600)  # it may have been copied by somebody who did not care
            return secret
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    secret = secrets.token_urlsafe(_BYTES)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Under another name first: a half written secret must never be taken for a whole one.
    partial = path.with_name(path.name + ".part")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    return secret
