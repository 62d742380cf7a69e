"""The command line: `starkeep`, or `python -m desktop_app`."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import core
from core.errors import StarkeepError
from core.paths import DataFolder

EXIT_UNUSABLE = 2
_SPEEDS = (
    "economy_speed",
    "research_speed",
    "fleet_speed_war",
    "fleet_speed_peaceful",
    "fleet_speed_holding",
)
# There is nothing for a command to do with these. Without a window it is anyway.
_HOSTING_ONLY = ("host", "port", "speed", "bots")


# Adds a command: its name, what it does, and a sentence more for its own help.
_Add = Callable[[str, str, str], argparse.ArgumentParser]


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with a command line."""

    def error(self, message: str) -> NoReturn:
        raise StarkeepError(f"{message}; see {self.prog} --help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    try:
        options = _options(arguments)
        folder = (
            DataFolder(options.data_dir.resolve()) if options.data_dir else DataFolder.default()
        )
        _refuse_bad_settings(folder, options)
        if options.command is not None:
            # Later: it takes a second to import.
            from desktop_app import administration

            return administration.run(options, folder)
        from desktop_app import session

        return session.run(folder, _overrides(options), options.log_level, options.headless)
    except StarkeepError as error:
        print(f"starkeep: {error}", file=sys.stderr)
        return EXIT_UNUSABLE


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line says. Raise StarkeepError if part of it would go unheeded."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is not None:
        for name in _HOSTING_ONLY:
            # Seeding has bots of its own: those it makes.
            if getattr(options, name) is not None and (name, options.command) != ("bots", "seed"):
                parser.error(
                    f"--{name} is for hosting a world and says nothing to {options.command}"
                )
    return options


def _refuse_bad_settings(folder: DataFolder, options: argparse.Namespace) -> None:
    """Read the settings once before anything is imported that takes seconds."""
    from core.config import load_settings

    settings = load_settings(folder.root, _overrides(options))
    if settings.database_url is not None:
        from core.database import async_url

        async_url(settings.database_url)


def _common(**defaults: Any) -> _Parser:
    """Return the options that stand before a command as well as behind it."""
    common = _Parser(add_help=False, **defaults)
    common.add_argument("--data-dir", type=Path, metavar="DIR", help="where the world lies")
    common.add_argument("--database-url", metavar="URL", help="instead of a file in that folder")
    common.add_argument(
        "--log-level",
        choices=("debug", "info", "warning"),
        metavar="L",
        help="debug, info or warning (info)",
    )
    return common


def _parser() -> argparse.ArgumentParser:
    # What is not given behind a command must not undo what was given before it.
    common = _common(argument_default=argparse.SUPPRESS)
    parser = _Parser(
        prog="starkeep",
        parents=[_common()],
        description="Host a persistent space-strategy world, and watch how it ticks and saves.",
    )
    parser.set_defaults(log_level="info")
    parser.add_argument("--version", action="version", version=f"starkeep {core.__version__}")
    parser.add_argument("--headless", action="store_true", help="no window, no display needed")
    parser.add_argument("--host", metavar="H", help="address to serve players on (127.0.0.1)")
    parser.add_argument("--port", type=int, metavar="P", help="port (8642); 0 picks a free one")
    parser.add_argument("--speed", type=float, metavar="X", help="all speeds of this world at once")
    parser.add_argument("--bots", type=int, metavar="N", help="have N computer players at least")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="administration of a world that is not running"
    )

    def add(name: str, text: str, more: str) -> argparse.ArgumentParser:
        sentence = f"{text[0].upper()}{text[1:]}. {more}"
        command: argparse.ArgumentParser = commands.add_parser(
            name, help=text, description=sentence, parents=[common], prog=f"starkeep {name}"
        )
        return command

    add("migrate", "bring the database to this version", "It is backed up first.")
    for name, text, more in (
        ("reset-password", "set a new random password for a player", "It is printed, once."),
        ("grant-admin", "make a player an administrator", "He may use everything under /admin."),
    ):
        add(name, text, more).add_argument("user", metavar="USER", help="the player's user name")
    _add_backup_commands(add)
    _add_seed(add)
    return parser


def _add_seed(add: _Add) -> None:
    seed = add(
        "seed",
        "fill a world without players, for trials",
        "The players are called player1, player2 and so on.",
    )
    seed.add_argument("--players", type=int, required=True, metavar="N", help="so many players")
    seed.add_argument(
        "--planets", type=int, required=True, metavar="M", help="so many planets, among all of them"
    )
    seed.add_argument(
        "--bots",
        type=int,
        default=argparse.SUPPRESS,
        metavar="B",
        help="so many of the players are computer players (none)",
    )
    seed.add_argument(
        "--fleets", type=int, default=0, metavar="F", help="so many fleets are in flight (none)"
    )
    seed.add_argument(
        "--random-seed",
        type=int,
        default=1,
        metavar="S",
        help="the same number fills the world in the same way (1)",
    )
    seed.add_argument(
        "--password",
        default="starkeep-trial",
        metavar="TEXT",
        help="everybody's password (starkeep-trial)",
    )


def _add_backup_commands(add: _Add) -> None:
    backup = add(
        "backup",
        "back the world up, and look whether the backup is sound",
        "The exit code is 1 if it is not.",
    )
    backup.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar="FILE",
        help="a new file to back up to, instead of one in the folder of backups",
    )
    add("backups", "list the backups", "The world may run meanwhile.")
    restore = add(
        "restore",
        "put a backup in place of the world, which is backed up first",
        "Says what will change, and asks.",
    )
    restore.add_argument("file", type=Path, metavar="FILE", help="a file, or a name from the list")
    restore.add_argument("--yes", action="store_true", help="do not ask")
    check = add(
        "check", "look whether the world at rest is sound", "The exit code is 1 if it is not."
    )
    check.add_argument("--file", type=Path, metavar="FILE", help="a file instead of the world")
    check.add_argument("--json", action="store_true", help="print one JSON object")


def _overrides(options: argparse.Namespace) -> dict[str, Any]:
    """Return the settings that the command line gives."""
    overrides = {
        name: value
        for name in ("host", "port", "database_url", "bots")
        if (value := getattr(options, name)) is not None
    }
    if options.speed is not None:
        overrides |= dict.fromkeys(_SPEEDS, options.speed)
    return overrides


if __name__ == "__main__":
    # A program made by PyInstaller is started anew as the process that fights battles.
    multiprocessing.freeze_support()
    sys.exit(main())
