"""The command log: what has changed the world because somebody asked for it, in its order.

For tests, with COMMAND_LOG: from it a world is replayed from its beginning and compared with what a
kill has left. An entry is an entity like any other, made in its command's unit of work. So it is in
the same save as what the command changed, comes back with it after a save that failed, and is
refused with it. Nobody takes entries out: the log grows for ever and is loaded at every start.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from core import commands
from core.commands import Command
from core.components import LOGGED_COMMAND, LoggedCommand
from core.ecs import World

# Where the class of a value inside a command stands.
_CLASS = "class"
_CLASSES: dict[str, type[Any]] = {
    name: value
    for name, value in vars(commands).items()
    if is_dataclass(value) and value.__module__ == commands.__name__ and isinstance(value, type)
}


def append(world: World, at: float, command: Command) -> int:
    """Log a command in the open unit of work, and return its number."""
    return world.create_entity(LOGGED_COMMAND, entry_of(command, at))


def entry_of(command: Command, at: float) -> LoggedCommand:
    """Return a command as it is logged. Raise TypeError if JSON has no word for an argument."""
    text = json.dumps(_arguments(command), default=_plain, separators=(",", ":"))
    return LoggedCommand(at, type(command).__name__, text)


def command_of(entry: LoggedCommand) -> Command:
    """Return the command that was logged. Raise KeyError if there is none of this name."""
    arguments = json.loads(entry.arguments, object_hook=_made)
    command: Command = _CLASSES[entry.command](**_frozen(arguments))
    return command


def _arguments(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if type(value) in _CLASSES.values():
        return {_CLASS: type(value).__name__, **_arguments(value)}
    raise TypeError(f"{value!r} cannot be logged")


def _made(found: dict[str, Any]) -> Any:
    if _CLASS not in found:
        return found
    return _CLASSES[found.pop(_CLASS)](**_frozen(found))


def _frozen(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in arguments.items()
    }
