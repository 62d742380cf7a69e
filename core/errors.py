"""The world's faults: what is wrong, with which value, and what to do about it.

A player's mistake is no error but a value (core.commands.Rejected); our own fault is an ordinary
exception.
"""

from __future__ import annotations

from pathlib import Path


class StarkeepError(Exception):
    """Base of the errors whose message is written for the person in front of the program."""


class RulesError(StarkeepError):
    """resources/rules.toml is wrong."""


class SettingsError(StarkeepError):
    """A setting has a value that is not permitted."""


class WorldInUseError(StarkeepError):
    """Another process has this world open."""


class FolderError(StarkeepError):
    """A file or folder of the world cannot be made, read or written."""

    @classmethod
    def of(cls, path: Path, error: OSError, remedy: str) -> FolderError:
        """Return what went wrong with a path, and what to do about it."""
        return cls(f"{path} cannot be used: {error.strerror or error}; {remedy}")


class DatabaseError(StarkeepError):
    """The database cannot be used: newer than the program, damaged, out of reach."""


class BackupError(StarkeepError):
    """A backup cannot be made, is not there, or cannot be used."""


class UnknownBackupError(BackupError):
    """There is no backup of this name."""


class AddressInUseError(StarkeepError):
    """Players cannot be served on the address that was asked for."""


class StorageError(StarkeepError):
    """A save could not be made."""


class UnstorableError(StorageError):
    """A row holds a value that no database would give back."""


class RowsMissingError(StorageError):
    """Rows that were saved before are not in the database any more."""

    def __init__(self, there: int, meant: int) -> None:
        super().__init__(f"{meant - there} of {meant} rows that were saved before are missing")


class SaveRefusedError(StorageError):
    """The database refuses a save whatever is left out of it: trying again will not help."""


class PersistenceClosed(StarkeepError):
    """There is no persistence loop: it was not started yet, or it has been closed."""
