"""Backups that only who has the key can read: by GPG or age, whichever the settings name.

A passphrase reaches GPG through a pipe and never its arguments, which every user of the machine
can read.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marketplace.settings_backup import BackupSettings
from marketplace.system.backup import programs
from marketplace.system.backup.programs import BackupError

GPG, AGE = ".gpg", ".age"


def suffix(settings: BackupSettings) -> str:
    """What the name of a backup made with these settings ends with."""
    if settings.passphrase or settings.gpg_recipient:
        return GPG
    return AGE if settings.age_recipient else ""


def encrypt(source: Path, target: Path, settings: BackupSettings) -> None:
    """Write `target`, by its suffix. Raises `BackupError`."""
    if target.suffix == AGE:
        age = programs.found("age", "age")
        recipient = f"--recipient={settings.age_recipient}"
        programs.run([age, "--encrypt", recipient, f"--output={target}", str(source)])
    elif settings.passphrase:
        # AES-256 with a modification detection code; the dump is compressed already.
        _gpg_by_passphrase(
            ["--symmetric", "--cipher-algo=AES256", "--compress-algo=none"],
            *(source, target, settings.passphrase),
        )
    else:
        _gpg(
            ["--encrypt", "--trust-model=always", "--compress-algo=none"],
            ["--recipient", settings.gpg_recipient],
            *(source, target),
        )


def decrypt(source: Path, target: Path, settings: BackupSettings) -> None:
    """Write `target`, what `source` holds. Raises `BackupError`, without the key too."""
    if source.suffix == AGE:
        if settings.age_identity is None:
            raise BackupError(
                f"{source.name} is encrypted with age: set MARKETPLACE_BACKUP_AGE_IDENTITY."
            )
        age = programs.found("age", "age")
        identity = f"--identity={settings.age_identity}"
        programs.run([age, "--decrypt", identity, f"--output={target}", str(source)])
    elif settings.passphrase:
        _gpg_by_passphrase(["--decrypt"], source, target, settings.passphrase)
    else:
        _gpg(["--decrypt"], [], source, target)


def can_decrypt(settings: BackupSettings) -> bool:
    """Whether this machine can read what it writes: a public key alone cannot."""
    if settings.gpg_recipient:
        gpg = programs.found("gpg", "gnupg")
        words = [gpg, "--batch", "--with-colons", "--list-secret-keys", settings.gpg_recipient]
        return "sec:" in programs.output(words)
    return not settings.age_recipient or settings.age_identity is not None


def _gpg(act: list[str], more: list[str], source: Path, target: Path, stdin: str = "") -> None:
    gpg = programs.found("gpg", "gnupg")
    words = [gpg, "--batch", "--quiet", "--no-tty", *more, f"--output={target}", *act, str(source)]
    programs.run(words, stdin=stdin)


def _gpg_by_passphrase(act: list[str], source: Path, target: Path, passphrase: str) -> None:
    with _empty_keyring() as home:
        # One that an agent remembers would be taken for the one that was given.
        more = ["--no-symkey-cache", "--pinentry-mode=loopback", "--passphrase-fd=0"]
        _gpg(act, [f"--homedir={home}", *more], source, target, f"{passphrase}\n")


@contextmanager
def _empty_keyring() -> Iterator[Path]:
    """A home of GPG's own for one act: the service's user may have none to write to."""
    programs.found("gpg", "gnupg")
    gpgconf = programs.found("gpgconf", "gnupg")
    home = Path(tempfile.mkdtemp(prefix="gpg-"))
    try:
        yield home
    finally:
        programs.output([gpgconf, f"--homedir={home}", "--kill", "all"])
        shutil.rmtree(home, ignore_errors=True)
