"""Columnar entity-component storage: worlds, tables, components, units of work, marks."""

from core.ecs.component import Axis, Column, Field, fields_of
from core.ecs.marks import Mark, Marks
from core.ecs.table import Table, UnknownEntityError
from core.ecs.unit_of_work import EVERY_ID, Origin, UnitOfWork, WriteOutsideUnitError
from core.ecs.world import Aggregate, Kind, World

__all__ = [
    "EVERY_ID",
    "Aggregate",
    "Axis",
    "Column",
    "Field",
    "Kind",
    "Mark",
    "Marks",
    "Origin",
    "Table",
    "UnitOfWork",
    "UnknownEntityError",
    "World",
    "WriteOutsideUnitError",
    "fields_of",
]
