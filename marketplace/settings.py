"""Every environment variable the application reads: its type, default and check."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path

from dotenv import dotenv_values
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from marketplace.environment import (
    Environment,
    SettingsError,
    is_ip,
    is_number,
    shown,
    split_address,
    wrong,
)
from marketplace.settings_backup import BackupSettings, read_backup
from marketplace.settings_delivery import DeliverySettings, read_delivery
from marketplace.settings_media import MediaSettings, read_media
from marketplace.settings_monitoring import MonitoringSettings, read_monitoring
from marketplace.settings_privacy import PrivacySettings, read_privacy
from marketplace.settings_social import SocialSettings, read_social

__all__ = ["PROJECT_ROOT", "RateLimitSettings", "Settings", "SettingsError"]

PROJECT_ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENTS = ("development", "staging", "production")
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_MAX_PORT = 65_535
_MAX_BRAND = 50
_LABEL = r"[0-9A-Za-z_]([0-9A-Za-z_-]{0,61}[0-9A-Za-z_])?"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*")
# Anything else could be read as a pattern by whoever compares it.
_ORIGIN = re.compile(r"https?://[0-9a-z.-]+(:[0-9]{1,5})?")
_REDIS_DATABASE = re.compile(r"(/[0-9]{1,9})?")
_LIMIT = re.compile(r"[1-9][0-9]{0,8}/([1-9][0-9]{0,3} )?(second|minute|hour|day)s?")


@dataclass(frozen=True)
class RateLimitSettings:
    """Limits in the notation of the `limits` library: `COUNT/PERIOD`."""

    login_address: str = "10/minute"
    login_account: str = "10/minute"
    registration: str = "20/hour"
    code_address: str = "20/hour"
    code_guess: str = "10/minute"
    upload: str = "30/hour"
    anonymous: str = "600/minute"
    signed_in: str = "1000/minute"
    export: str = "5/hour"


@dataclass(frozen=True)
class Settings:
    """The application's configuration, checked and complete."""

    environment: str = "development"
    host: str = "127.0.0.1"
    port: int = 8000
    processes: int = 1
    threads: int = 4
    instance_path: Path = PROJECT_ROOT / "instance"
    database_url: str = field(default="", repr=False)
    redis_url: str = field(default="", repr=False)
    secret_key: str = field(default="", repr=False)
    secret_key_previous: str = field(default="", repr=False)
    trusted_proxy: str = ""
    brand: str = "BeautyGo"
    public_url: str = ""
    cors_origins: tuple[str, ...] = ()
    rate_limits: bool = True
    limits: RateLimitSettings = RateLimitSettings()
    log_level: str = "INFO"
    demo_data: bool = True
    delivery: DeliverySettings = field(default_factory=DeliverySettings)
    social: SocialSettings = field(default_factory=SocialSettings)
    media: MediaSettings = field(default_factory=MediaSettings)
    privacy: PrivacySettings = field(default_factory=PrivacySettings)
    monitoring: MonitoringSettings = field(default_factory=MonitoringSettings)
    backup: BackupSettings = field(default_factory=BackupSettings)

    @property
    def is_production_like(self) -> bool:
        """Staging is held to production's rules."""
        return self.environment != "development"

    @property
    def database_address(self) -> str:
        """Where the database is, for people: nothing of it is secret."""
        address = make_url(self.database_url).set(query={})  # a password may stand there too
        return address.render_as_string(hide_password=True)

    @property
    def erasure_journal(self) -> Path:
        """The file that remembers who was erased."""
        return self.privacy.erasure_journal or self.instance_path / "erasures.jsonl"

    @property
    def backup_folder(self) -> Path:
        """Where backups are kept, and made before they go to a bucket."""
        return self.backup.folder or self.instance_path / "backups"

    @property
    def docs_url(self) -> str:
        return f"{self.public_url}/api/docs/"

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str] | None = None, env_file: Path = PROJECT_ROOT / ".env"
    ) -> Settings:
        """Read `MARKETPLACE_*` from `env_file` and the environment, the latter winning
        where it is not empty.

        `environ` replaces both, for tests. Raises `SettingsError`.
        """
        if environ is None:
            given = {name: value for name, value in os.environ.items() if value.strip()}
            environ = {**_read_env_file(env_file), **given}
        env = Environment(environ)
        environment = env.choice("ENVIRONMENT", "development", ENVIRONMENTS)
        strict = environment != "development"
        host, port = _listen(env)
        bracketed = f"[{host}]" if ":" in host else host
        instance_path = _instance_path(env)
        processes = env.integer("PROCESSES", 1, 1, 64)
        media = read_media(env, strict=strict)
        return cls(
            environment=environment,
            host=host,
            port=port,
            processes=processes,
            threads=env.integer("THREADS", 4, 1, 64),
            instance_path=instance_path,
            database_url=_database_url(env, instance_path),
            redis_url=_redis_url(env, needed=strict and processes > 1),
            secret_key=env.signing_key("SECRET_KEY", instance_path, strict=strict),
            secret_key_previous=env.secret("SECRET_KEY_PREVIOUS", strict=strict),
            trusted_proxy=_trusted_proxy(env),
            brand=_brand(env),
            public_url=_public_url(env, "" if strict else f"http://{bracketed}:{port}", strict),
            cors_origins=_origins(env, strict),
            rate_limits=env.switch("RATE_LIMITS", only="on" if strict else None),
            limits=_limits(env),
            log_level=env.choice("LOG_LEVEL", "INFO", LOG_LEVELS),
            demo_data=env.switch("DEMO_DATA", only="off" if strict else None),
            delivery=read_delivery(env, strict=strict),
            social=read_social(env, strict=strict),
            media=media,
            privacy=read_privacy(env, strict=strict),
            monitoring=read_monitoring(env, strict=strict),
            backup=read_backup(env, strict=strict, instance_path=instance_path, media=media.bucket),
        )


def _read_env_file(path: Path) -> dict[str, str]:
    try:
        # As written: a password may hold a `${`.
        values = dotenv_values(path, interpolate=False)
        return {name: value for name, value in values.items() if value}
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read as UTF-8 text ({error}).") from error


def _listen(env: Environment) -> tuple[str, int]:
    value = env.text("LISTEN", "127.0.0.1:8000")
    host, _, port = value.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    named = _HOST.fullmatch(host) or (":" in host and is_ip(host))
    if not named or not is_number(port, 0, _MAX_PORT):
        raise wrong("LISTEN", repr(value), "only HOST:PORT, such as 127.0.0.1:8000")
    return host, int(port)


def _instance_path(env: Environment) -> Path:
    given = env.text("INSTANCE_PATH", str(PROJECT_ROOT / "instance"))
    try:
        path = PROJECT_ROOT / Path(given).expanduser()
        path.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError) as error:
        may_hold = f"only a folder that can be made ({error})"
        raise wrong("INSTANCE_PATH", repr(given), may_hold) from error
    return path


def _database_url(env: Environment, instance_path: Path) -> str:
    value = env.text("DATABASE_URL")
    if not value:
        return f"sqlite:///{(instance_path / 'marketplace.sqlite3').as_posix()}"
    if value.startswith(("postgres://", "postgresql://")):
        value = "postgresql+psycopg://" + value.split("://", 1)[1]
    may_hold = "only sqlite:///PATH or postgresql+psycopg://USER:PASSWORD@HOST:PORT/NAME"
    try:
        url = make_url(value)
    except (ArgumentError, ValueError) as error:
        raise wrong("DATABASE_URL", "an address that cannot be read", may_hold) from error
    if url.drivername not in ("sqlite", "postgresql+psycopg"):
        raise wrong("DATABASE_URL", f"an address of {url.drivername!r}", may_hold)
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise wrong("DATABASE_URL", repr(value), may_hold)
    if url.drivername == "sqlite" and (url.query or str(url.database).startswith("file:")):
        # SQLite's own addresses can name a database in memory: each connection had another.
        raise wrong("DATABASE_URL", "an SQLite address with a query or file:", may_hold)
    return value


def _redis_url(env: Environment, *, needed: bool) -> str:
    value = env.text("REDIS_URL")
    if needed and not value:
        # Each process would count for itself, and a guesser had that many times the attempts.
        may_hold = "only redis://HOST:PORT/NUMBER for several MARKETPLACE_PROCESSES"
        raise wrong("REDIS_URL", "nothing", f"{may_hold} outside development")
    may_hold = "only redis://HOST:PORT/NUMBER or nothing"
    if not value:
        return value
    parts = split_address("REDIS_URL", value, may_hold)
    if parts.scheme not in ("redis", "rediss"):
        raise wrong("REDIS_URL", "an address of something else", may_hold)
    # A path that is no number would mean database 0; a query could undo the client's time limits.
    if not _REDIS_DATABASE.fullmatch(parts.path) or "?" in value or "#" in value:
        raise wrong("REDIS_URL", "an address with more than the number of a database", may_hold)
    return value


def _trusted_proxy(env: Environment) -> str:
    value = env.text("TRUSTED_PROXY")
    if value and not is_ip(value):
        raise wrong("TRUSTED_PROXY", repr(value), "only the IP address of one proxy, or nothing")
    return value


def _brand(env: Environment) -> str:
    value = env.text("BRAND", "BeautyGo")
    if len(value) > _MAX_BRAND:
        raise wrong("BRAND", repr(value), f"only a name of 1 to {_MAX_BRAND} characters")
    return value


def _public_url(env: Environment, default: str, strict: bool) -> str:
    value = env.text("PUBLIC_URL", default).rstrip("/")
    may_hold = "only an address such as https://api.example.org, https outside development"
    parts = split_address("PUBLIC_URL", value, may_hold)
    kinds = ("https",) if strict else ("http", "https")
    if parts.scheme not in kinds or "@" in value or parts.query or parts.fragment:
        raise wrong("PUBLIC_URL", shown(value), may_hold)
    return value


def _origins(env: Environment, strict: bool) -> tuple[str, ...]:
    listed = env.text("CORS_ORIGINS").split(",")
    origins = tuple(origin.strip() for origin in listed if origin.strip())
    may_hold = "only exact origins such as https://app.example.org, separated by commas"
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            raise wrong("CORS_ORIGINS", shown(origin), may_hold)
        host = split_address("CORS_ORIGINS", origin, may_hold).hostname
        if not _HOST.fullmatch(host or ""):
            raise wrong("CORS_ORIGINS", shown(origin), may_hold)
        if strict and not origin.startswith("https://"):
            raise wrong("CORS_ORIGINS", shown(origin), may_hold + ", https outside development")
    return origins


def _limits(env: Environment) -> RateLimitSettings:
    return RateLimitSettings(**{one.name: _limit(env, one) for one in fields(RateLimitSettings)})


def _limit(env: Environment, limit: Field[str]) -> str:
    name = f"LIMIT_{limit.name.upper()}"
    value = env.text(name, str(limit.default))
    if not _LIMIT.fullmatch(value):
        may_hold = "only COUNT/PERIOD with a count of 1 or more, such as 10/minute"
        raise wrong(name, repr(value), may_hold)
    return value
