"""The tables of the database.

Account tables are written by the operations of core.persistence.accounts alone, world tables by
saves of the simulation alone; no table belongs to both. One thing is done to both at once: with a
player who is removed goes his account, in the transaction of that save. The columns of the world
tables follow from the components (core.persistence.columns): a new field there is a new column
here, and asks for a new revision.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.sql.schema import SchemaItem
from sqlalchemy.types import TypeDecorator

from core.components import (
    DEBRIS,
    DEPARTED,
    FLEET,
    FRIENDSHIP,
    KINDS,
    LOGGED_COMMAND,
    MESSAGE,
    OFFER,
    PLANET,
    PLAYER,
    REMEMBERED_ANSWER,
    REPORT,
    RESOURCES,
    UNIVERSE,
)
from core.ecs import Kind
from core.persistence.columns import stored_columns


class UTCDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC. SQLite hands back naive ones, which a reader takes for local."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a datetime without a time zone does not say when it is")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite increments by itself only what is called INTEGER.
AccountId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    # SQLite can change a constraint only if it has a name.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class User(Base):
    """An account. `username_key` is the name without regard to case."""

    __tablename__ = "users"
    # An id is never given out again, not even after its account is gone.
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(AccountId, primary_key=True)
    username: Mapped[str] = mapped_column(String(32))
    username_key: Mapped[str] = mapped_column(String(32), unique=True)
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(255))
    is_active: Mapped[bool] = mapped_column(Boolean)
    is_admin: Mapped[bool] = mapped_column(Boolean)
    # Tokens carry it; raising it makes all of them worthless.
    token_epoch: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_login: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RevokedToken(Base):
    """A token that was logged out before its time."""

    __tablename__ = "revoked_tokens"

    token_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class AnsweredRequest(Base):
    """A change of an account that came with a key and was made: it is not made twice.

    What it was answered follows from the account. The fingerprint leaves passwords out.
    """

    __tablename__ = "answered_requests"

    account_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    request_key: Mapped[str] = mapped_column(String(128), primary_key=True)
    fingerprint: Mapped[int] = mapped_column(BigInteger)
    # Of the token that the request came with; a registration has none.
    token_id: Mapped[str | None] = mapped_column(String(32))
    answered_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


def _world_table(name: str, kind: Kind, *constraints: SchemaItem) -> Table:
    columns = (
        Column(stored.name, stored.sql_type, nullable=stored.nullable)
        for stored in stored_columns(kind)
    )
    key: Column[int] = Column("id", BigInteger, primary_key=True, autoincrement=False)
    return Table(name, Base.metadata, key, *columns, *constraints)


class WorldClockRow(Base):
    """How far the world is and the high-water mark of every counter of ids; in every save."""

    __table__ = Table(
        "world_clock",
        Base.metadata,
        Column("id", Integer, primary_key=True, autoincrement=False),
        Column("world_time", Double, nullable=False),
        Column("tick", BigInteger, nullable=False),
        *(Column(f"next_{kind.name}_id", BigInteger, nullable=False) for kind in KINDS),
        CheckConstraint("id = 1", name="one_row"),
    )


class UniverseRow(Base):
    """The world's settings."""

    __table__ = _world_table("universe", UNIVERSE)


class PlayerRow(Base):
    """Somebody who plays; the id is that of his account."""

    __table__ = _world_table("players", PLAYER, ForeignKeyConstraint(["id"], ["users.id"]))


class PlanetRow(Base):
    """A planet or a moon, with everything on it."""

    __table__ = _world_table(
        "planets",
        PLANET,
        UniqueConstraint("galaxy", "system", "position", "is_moon"),
        ForeignKeyConstraint(["owner_id"], ["players.id"]),
        CheckConstraint(
            " AND ".join(f"{resource}_amount >= 0" for resource in RESOURCES.labels),
            name="stocks_not_negative",
        ),
        Index(None, "owner_id"),
    )


class OfferRow(Base):
    """An offer of the market; while it is open, what is offered lies in it."""

    __table__ = _world_table(
        "offers",
        OFFER,
        CheckConstraint("offered_amount > 0 AND requested_amount > 0", name="amounts_are_positive"),
    )


class MessageRow(Base):
    """What a player can read."""

    __table__ = _world_table("messages", MESSAGE)


class FriendshipRow(Base):
    """That a player has accepted another as his friend."""

    __table__ = _world_table("friendships", FRIENDSHIP, UniqueConstraint("owner_id", "friend_id"))


class FleetRow(Base):
    """Ships under way, with what they carry."""

    __table__ = _world_table("fleets", FLEET)


class DebrisRow(Base):
    """What lies in space."""

    __table__ = _world_table("debris", DEBRIS, UniqueConstraint("galaxy", "system", "position"))


class ReportRow(Base):
    """What a player was told of a battle, or what his probes have seen."""

    __table__ = _world_table("reports", REPORT)


class DepartedRow(Base):
    """What is left in the books of a player who was removed."""

    __table__ = _world_table("departed", DEPARTED)


class RememberedAnswerRow(Base):
    """The answer to a request that came with a key, saved with what the request has changed."""

    __table__ = _world_table(
        "remembered_answers", REMEMBERED_ANSWER, UniqueConstraint("account_id", "request_key")
    )


class LoggedCommandRow(Base):
    """A command that was carried out; there are none unless COMMAND_LOG is on."""

    __table__ = _world_table("logged_commands", LOGGED_COMMAND)


# The table in which a save writes the rows of each kind.
WORLD_TABLES: dict[Kind, Table] = {
    UNIVERSE: UniverseRow.__table__,
    PLAYER: PlayerRow.__table__,
    PLANET: PlanetRow.__table__,
    OFFER: OfferRow.__table__,
    MESSAGE: MessageRow.__table__,
    FRIENDSHIP: FriendshipRow.__table__,
    FLEET: FleetRow.__table__,
    DEBRIS: DebrisRow.__table__,
    DEPARTED: DepartedRow.__table__,
    REPORT: ReportRow.__table__,
    REMEMBERED_ANSWER: RememberedAnswerRow.__table__,
    LOGGED_COMMAND: LoggedCommandRow.__table__,
}
WORLD_CLOCK: Table = WorldClockRow.__table__
