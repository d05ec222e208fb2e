"""The environment variables of privacy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from marketplace.environment import Environment, wrong

_PROJECT_ROOT = Path(__file__).resolve().parent.parent
_MAX_VERSION = 40
_MAX_DAYS = 3_650


@dataclass(frozen=True)
class PrivacySettings:
    """Checked and complete. The `keep_…` are whole days."""

    terms_version: str = "2026-11-01"
    advertising_version: str = "2026-11-01"
    require_consent: bool = False
    erasure_journal: Path | None = None
    keep_codes: int = 1
    keep_sessions: int = 90
    keep_messages: int = 30
    keep_outbox: int = 180

    @property
    def text_versions(self) -> dict[str, str]:
        """The wording people agree to now, by the kind of consent."""
        return {"terms": self.terms_version, "advertising": self.advertising_version}


def read_privacy(env: Environment, *, strict: bool) -> PrivacySettings:  # noqa: ARG001
    """Read them; `strict` is said outside development. Raises `SettingsError`."""
    keep_messages = env.integer("RETENTION_MESSAGES_DAYS", 30, 1, _MAX_DAYS)
    keep_outbox = env.integer("RETENTION_OUTBOX_DAYS", 180, 1, _MAX_DAYS)
    if keep_outbox < keep_messages:
        may_hold = "only as many days as MARKETPLACE_RETENTION_MESSAGES_DAYS, or more"
        raise wrong("RETENTION_OUTBOX_DAYS", repr(str(keep_outbox)), may_hold)
    return PrivacySettings(
        terms_version=_version(env, "TERMS_VERSION"),
        advertising_version=_version(env, "ADVERTISING_VERSION"),
        require_consent=env.choice("REQUIRE_CONSENT", "off", ("on", "off")) == "on",
        erasure_journal=_journal(env),
        keep_codes=env.integer("RETENTION_CODES_DAYS", 1, 1, _MAX_DAYS),
        keep_sessions=env.integer("RETENTION_SESSIONS_DAYS", 90, 1, _MAX_DAYS),
        keep_messages=keep_messages,
        keep_outbox=keep_outbox,
    )


def _version(env: Environment, name: str) -> str:
    value = env.text(name, "2026-11-01")
    if len(value) > _MAX_VERSION:
        raise wrong(name, repr(value), f"only a name of 1 to {_MAX_VERSION} characters")
    return value


def _journal(env: Environment) -> Path | None:
    value = env.text("ERASURE_JOURNAL")
    if not value:
        return None
    path = _PROJECT_ROOT / value
    if path.is_dir() or not path.parent.is_dir():
        raise wrong("ERASURE_JOURNAL", repr(value), "only a file in a folder that exists")
    return path
