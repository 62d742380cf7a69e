"""The command log: what has changed the world because somebody asked for it, in its order.

For tests, with COMMAND_LOG: from it a world is replayed from its beginning and compared with what a
kill has left. An entry is an entity like any other, made in its command's unit of work. So it is in
the same save as what the command changed, comes back with it after a save that failed, and is
refused with it. Nobody takes entries out: the log grows for ever and is loaded at every start.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, get_args

from core.commands import Command
from core.components import LOGGED_COMMAND, LoggedCommand
from core.ecs import World

_COMMANDS = {command.__name__: command for command in get_args(Command)}


def append(world: World, at: float, command: Command) -> int:
    """Log a command in the open unit of work, and return its number."""
    return world.create_entity(LOGGED_COMMAND, entry_of(command, at))


def entry_of(command: Command, at: float) -> LoggedCommand:
    """Return a command as it is logged. Raise TypeError if JSON has no word for an argument."""
    arguments = {field.name: getattr(command, field.name) for field in fields(command)}
    text = json.dumps(arguments, default=_plain, separators=(",", ":"))
    return LoggedCommand(at, type(command).__name__, text)


def command_of(entry: LoggedCommand) -> Command:
    """Return the command that was logged. Raise KeyError if there is none of this name."""
    arguments = json.loads(entry.arguments)
    command: Command = _COMMANDS[entry.command](
        **{name: _frozen(value) for name, value in arguments.items()}
    )
    return command


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} cannot be logged")


def _frozen(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
