"""The environment variables of backups: where they go, and how they are encrypted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from marketplace.environment import Environment, wrong
from marketplace.settings_media import Bucket, read_bucket

_PROJECT_ROOT = Path(__file__).resolve().parent.parent
# A fingerprint, a key's number or an e-mail: nothing that could be read as an option.
_GPG_RECIPIENT = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+@-]{0,253}")
_AGE_RECIPIENT = re.compile(r"age1[0-9a-z]{20,100}")
_KEYS = ("BACKUP_PASSPHRASE", "BACKUP_GPG_RECIPIENT", "BACKUP_AGE_RECIPIENT")


@dataclass(frozen=True)
class BackupSettings:
    """Checked and complete. Without a bucket backups go to a folder; of the three keys at most
    one is given.
    """

    folder: Path | None = None
    bucket: Bucket | None = None
    passphrase: str = field(default="", repr=False)
    gpg_recipient: str = ""
    age_recipient: str = ""
    age_identity: Path | None = None


def read_backup(
    env: Environment, *, strict: bool, instance_path: Path, media: Bucket | None
) -> BackupSettings:
    """Read them; `strict` is said outside development. Raises `SettingsError`."""
    bucket = read_bucket(env, "BACKUP_URL")
    if bucket and media and (bucket.endpoint, bucket.name) == (media.endpoint, media.name):
        # Everybody may read that one.
        raise wrong("BACKUP_URL", "the bucket of media", "only a bucket of its own")
    given = [name for name in _KEYS if env.text(name)]
    if len(given) > 1:
        raise wrong(given[1], "a value", f"only nothing beside MARKETPLACE_{given[0]}")
    return BackupSettings(
        folder=_folder(env, instance_path),
        bucket=bucket,
        passphrase=env.secret("BACKUP_PASSPHRASE", strict=strict),
        gpg_recipient=_matching(
            env, "BACKUP_GPG_RECIPIENT", _GPG_RECIPIENT, "a key's fingerprint, number or e-mail"
        ),
        age_recipient=_matching(
            env, "BACKUP_AGE_RECIPIENT", _AGE_RECIPIENT, "a public key of age, age1…"
        ),
        age_identity=_identity(env),
    )


def _folder(env: Environment, instance_path: Path) -> Path | None:
    value = env.text("BACKUP_FOLDER")
    if not value:
        return None
    try:
        path = (_PROJECT_ROOT / Path(value).expanduser()).resolve()
    except (OSError, RuntimeError) as error:
        raise wrong("BACKUP_FOLDER", repr(value), f"only a folder ({error})") from error
    if path.is_file() or path.is_relative_to((instance_path / "media").resolve()):
        # What lies among the media is served to everybody.
        raise wrong("BACKUP_FOLDER", repr(value), "only a folder outside that of media")
    return path


def _matching(env: Environment, name: str, form: re.Pattern[str], told: str) -> str:
    value = env.text(name)
    if value and not form.fullmatch(value):
        raise wrong(name, repr(value), f"only {told}, or nothing")
    return value


def _identity(env: Environment) -> Path | None:
    value = env.text("BACKUP_AGE_IDENTITY")
    if not value:
        return None
    path = _PROJECT_ROOT / value
    if not path.is_file():
        raise wrong("BACKUP_AGE_IDENTITY", repr(value), "only a file that exists")
    return path
