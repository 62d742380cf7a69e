"""Where the files of a world lie: its data folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

from core.errors import FolderError


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The folder of one world."""

    root: Path

    @classmethod
    def default(cls) -> DataFolder:
        return cls(user_data_path("starkeep", appauthor=False))

    def create(self) -> None:
        """Make the folder, for its owner only: it holds secrets and password hashes.

        Raise FolderError if it cannot be made.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise FolderError.of(
                self.root, error, "use another --data-dir, or one of your own folders"
            ) from None

    @property
    def database(self) -> Path:
        return self.root / "world.db"

    @property
    def lock(self) -> Path:
        return self.root / "world.lock"

    @property
    def secret(self) -> Path:
        """The key that signs the players' tokens."""
        return self.root / "secret.key"

    @property
    def host_token(self) -> Path:
        return self.root / "host.token"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def database_url(self) -> str:
        return sqlite_url(self.database)


def sqlite_url(path: Path) -> str:
    """Return the database URL of a file, whatever characters its name is made of."""
    # Only what a URL takes for something else. What is quoted is read as UTF-8, and the name of a
    # file need not be that.
    return f"sqlite:///{str(path).replace('%', '%25').replace('?', '%3F')}"
