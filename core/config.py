"""All settings: typed, ranged, and with their units. Environment > settings.toml > defaults.

Program settings (rates, intervals, limits, addresses) are read at each start. World settings belong
to the world and lie in its database: what is given here is taken over when a world is created, and
at a later start as a change at that moment.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.errors import SettingsError
from core.rules import RULES

SETTINGS_FILE = "settings.toml"
BOTS_MOST = 10_000
# Other programs set variables of these names, for purposes of their own.
NOT_IN_ENVIRONMENT = frozenset({"host", "port"})


def _program(default: Any, text: str, **limits: Any) -> Any:
    return Field(default=default, description=text, **limits)


def _world(name: str, text: str) -> Any:
    """A setting of the world: None means that it is not given, and the world keeps its own."""
    setting = RULES.settings[name]
    return Field(
        default=None,
        description=text,
        ge=setting.least,
        le=setting.most,
        json_schema_extra={"world": True},
    )


class Settings(BaseSettings):
    """Every setting, by its name in the environment (in upper case) and in settings.toml."""

    model_config = SettingsConfigDict(extra="ignore", case_sensitive=False, frozen=True)

    world_name: str = _program("Starkeep", "name of the world", min_length=1, max_length=60)
    host: str = _program("127.0.0.1", "address to serve players on", min_length=1, max_length=255)
    port: int = _program(8642, "port to serve players on, 0 for a free one", ge=0, le=65535)
    database_url: str | None = _program(
        None, "database; by default an SQLite file in the data folder"
    )
    database_pool_size: int = _program(4, "connections that read", ge=1, le=100)
    dev_create_all: bool = _program(False, "create tables without migrations, for development")
    tick_rate: float = _program(10.0, "ticks per second", ge=0.1, le=100)
    save_interval_seconds: float = _program(60.0, "seconds between periodic saves", ge=1, le=86_400)
    persist_interval_seconds: float | None = _program(
        None,
        "least seconds between two writes of a planet that may wait; as SAVE_INTERVAL_SECONDS",
        ge=1,
        le=86_400,
    )
    storage_grace_seconds: float = _program(
        10.0, "seconds a commit may take before orders are refused", ge=0.1, le=600
    )
    final_save_timeout_seconds: float = _program(
        60.0, "seconds the save at the end may take", ge=1, le=3600
    )
    backup_interval_seconds: float = _program(
        3600.0, "seconds between scheduled backups, 0 for none", ge=0, le=31 * 86_400
    )
    backup_keep_hourly: int = _program(24, "hours whose last backup is kept", ge=0, le=10_000)
    backup_keep_daily: int = _program(7, "days whose last backup is kept", ge=0, le=10_000)
    backup_keep_weekly: int = _program(4, "weeks whose last backup is kept", ge=0, le=10_000)
    backup_keep_manual: int = _program(
        20,
        "backups made by hand that are kept; as many before migrations and restores",
        ge=0,
        le=10_000,
    )
    command_log: bool = _program(
        False, "keep every order in the database, for tests that replay a world from its beginning"
    )
    pending_max: int = _program(4096, "orders taken and not answered yet", ge=1, le=1_000_000)
    cleanup_days: int = _program(
        0,
        "days after which a player who stays away is removed, 0 for never; administrators stay",
        ge=0,
        le=3650,
    )
    bots: int = _program(
        0, "computer players there are at least; those that were made stay", ge=0, le=BOTS_MOST
    )
    rate_limit_per_minute: int = _program(
        600,
        "requests of a user, or of an address; accounts made from one in an hour: a tenth",
        ge=1,
        le=1_000_000,
    )
    access_token_expire_minutes: int = _program(
        1440, "minutes until a login expires", ge=1, le=525_600
    )

    galaxies: int | None = _world("galaxies", "galaxies; may grow")
    systems: int | None = _world("systems", "systems in a galaxy; fixed at creation")
    economy_speed: float | None = _world("economy_speed", "factor on production and building")
    research_speed: float | None = _world("research_speed", "factor on research")
    fleet_speed_war: float | None = _world("fleet_speed_war", "factor on hostile flights")
    fleet_speed_peaceful: float | None = _world(
        "fleet_speed_peaceful", "factor on peaceful flights"
    )
    fleet_speed_holding: float | None = _world("fleet_speed_holding", "factor on holding flights")
    starter_metal: float | None = _world("starter_metal", "metal of a new planet")
    starter_crystal: float | None = _world("starter_crystal", "crystal of a new planet")
    starter_deuterium: float | None = _world("starter_deuterium", "deuterium of a new planet")
    basic_income_metal: float | None = _world("basic_income_metal", "metal per hour without mines")
    basic_income_crystal: float | None = _world(
        "basic_income_crystal", "crystal per hour without mines"
    )
    basic_income_deuterium: float | None = _world(
        "basic_income_deuterium", "deuterium per hour without mines"
    )
    energy_floor: float | None = _world(
        "energy_floor", "least production factor while any energy is produced"
    )
    registration_open: bool | None = _world("registration_open", "whether new players may register")
    require_start_choice: bool | None = _world(
        "require_start_choice", "whether new players choose where they begin"
    )
    debris_from_ships_percent: float | None = _world(
        "debris_from_ships_percent", "part of a lost ship's price that becomes debris"
    )
    debris_from_defence_percent: float | None = _world(
        "debris_from_defence_percent", "part of a lost defence's price that becomes debris"
    )
    deuterium_in_debris: bool | None = _world(
        "deuterium_in_debris", "whether debris holds deuterium, too"
    )
    defence_repair_percent: float | None = _world(
        "defence_repair_percent", "part of the lost defence that is there again after a battle"
    )
    moon_chance_percent_max: int | None = _world(
        "moon_chance_percent_max", "greatest chance that debris becomes a moon"
    )
    loot_share_percent: float | None = _world(
        "loot_share_percent", "part of each stock that a victor may take along"
    )
    expedition_weight_ships: float | None = _world(
        "expedition_weight_ships", "how often expeditions find ships, as against other outcomes"
    )
    expedition_weight_resources: float | None = _world(
        "expedition_weight_resources", "how often they find resources"
    )
    expedition_weight_delay: float | None = _world(
        "expedition_weight_delay", "how often they come home later"
    )
    expedition_weight_early: float | None = _world(
        "expedition_weight_early", "how often they come home without a stay"
    )
    expedition_weight_nothing: float | None = _world(
        "expedition_weight_nothing", "how often nothing happens"
    )
    expedition_weight_lost: float | None = _world(
        "expedition_weight_lost", "how often nobody hears of them again"
    )
    expedition_weight_pirates: float | None = _world(
        "expedition_weight_pirates", "how often they meet pirates"
    )
    expedition_weight_aliens: float | None = _world(
        "expedition_weight_aliens", "how often they meet aliens"
    )
    market_fee_percent: float | None = _world(
        "market_fee_percent", "part of what a seller gets that goes to nobody"
    )
    market_offer_days: float | None = _world(
        "market_offer_days", "days until an offer expires whose maker does not say"
    )

    newbie_protection: bool | None = _world(
        "newbie_protection", "whether the weak and the strong leave one another alone"
    )
    inactive_after_days: float | None = _world(
        "inactive_after_days", "days after which who stays away is inactive, and not protected"
    )
    long_inactive_after_days: float | None = _world(
        "long_inactive_after_days", "days after which he is long inactive"
    )

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_default(cls, value: Any, info: Any) -> Any:
        """Treat an empty environment variable as one that is not set."""
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError("not a finite number")
        if value != "":
            return value
        return cls.model_fields[info.field_name].default

    @property
    def persist_interval_s(self) -> float:
        return self.persist_interval_seconds or self.save_interval_seconds

    @property
    def world_settings(self) -> dict[str, Any]:
        """The settings of the world that are given explicitly, by name."""
        return {
            name: value
            for name in world_setting_names()
            if (value := getattr(self, name)) is not None
        }

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        def from_environment() -> dict[str, Any]:
            # To look at the types of all settings takes a tenth of a start.
            if settings_cls.model_fields.keys().isdisjoint(map(str.lower, os.environ)):
                return {}
            return {name: v for name, v in env_settings().items() if name not in NOT_IN_ENVIRONMENT}

        return (init_settings, from_environment)  # type: ignore[return-value]


def world_setting_names() -> tuple[str, ...]:
    """Return the names of the settings that belong to a world."""
    return tuple(
        name
        for name, field in Settings.model_fields.items()
        if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("world")
    )


def load_settings(data_dir: Path, overrides: Mapping[str, Any] | None = None) -> Settings:
    """Read the settings of a data folder; `overrides` come from the command line.

    Raise SettingsError naming the first bad value and its permitted range.
    """
    path = data_dir / SETTINGS_FILE
    in_file = _read_toml(path)
    in_environment = {name.lower() for name, value in os.environ.items() if value}
    from_environment = in_environment - NOT_IN_ENVIRONMENT
    given = {name: value for name, value in in_file.items() if name not in from_environment}
    given.update(overrides or {})
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(_explain(error, path if in_file else None)) from None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, RecursionError) as error:
        # A number of five thousand digits is a ValueError and no TOMLDecodeError.
        raise SettingsError(f"{path} cannot be read: {error}") from error
    lowered = {name.lower(): value for name, value in values.items()}
    unknown = sorted(lowered.keys() - Settings.model_fields.keys())
    if unknown:
        raise SettingsError(f"{path} has a setting that does not exist: {unknown[0]}")
    return lowered


def _explain(error: ValidationError, path: Path | None) -> str:
    first = error.errors()[0]
    name = str(first["loc"][0])
    field = Settings.model_fields[name]
    return f"{name.upper()} is {first['input']!r}; permitted is {permitted(field)}"


def permitted(field: FieldInfo) -> str:
    """Return in words which values a setting may have."""
    if isinstance(field.json_schema_extra, dict) and "permitted" in field.json_schema_extra:
        return str(field.json_schema_extra["permitted"])
    limits = {}
    for constraint in field.metadata:
        for bound in ("ge", "le", "min_length", "max_length"):
            if (value := getattr(constraint, bound, None)) is not None:
                limits[bound] = value
    kind = str(field.annotation)
    if "bool" in kind:
        return "true or false"
    if "ge" in limits and "le" in limits:
        what = "a whole number" if "int" in kind else "a number"
        return f"{what} from {limits['ge']:.15g} to {limits['le']:.15g}"
    if "max_length" in limits:
        return f"a text of {limits.get('min_length', 0)} to {limits['max_length']} characters"
    return "a text"
