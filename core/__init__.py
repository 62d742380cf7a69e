"""The game and its persistence: no Qt, no display needed."""

__version__ = "0.1.0"
