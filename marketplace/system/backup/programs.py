"""Running other programs: found or missed in words, ended with us, their last word told."""

from __future__ import annotations

import os
import shutil
import subprocess  # nosec B404
from collections.abc import Callable, Mapping, Sequence

from marketplace.core.errors import Code, DomainError


class BackupError(DomainError):
    """Why something about backups cannot be done, in words for the admin."""

    def __init__(self, told: str) -> None:
        super().__init__(Code.CONFLICT)
        self._told = told

    def __str__(self) -> str:
        return self._told


def found(program: str, package: str) -> str:
    """Where a program is. Raises `BackupError` when it is not on the PATH."""
    path = shutil.which(program)
    if path is None:
        raise BackupError(
            f"{program} is not on the PATH of this machine; on Debian and Ubuntu: apt install "
            f"{package}."
        )
    return path


def run(
    words: Sequence[str],
    *,
    variables: Mapping[str, str] | None = None,
    stdin: str = "",
    on_line: Callable[[str], None] = lambda _line: None,
) -> None:
    """Run a program to its end; `on_line` is given each line of its standard error. Its messages
    are English. Raises `BackupError` with the last line when it fails.
    """
    last = ""
    # Words of our own and checked settings.
    with subprocess.Popen(  # noqa: S603 # nosec B603
        list(words),
        env={**os.environ, "LC_ALL": "C.UTF-8", **(variables or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        try:
            _give(process, stdin)
            for line in process.stderr or ():
                last = line.strip() or last
                on_line(line)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        name = os.path.basename(words[0])  # noqa: PTH119 - a text, not a file
        raise BackupError(f"{name} failed: {last or f'exit status {process.returncode}'}")


def _give(process: subprocess.Popen[str], stdin: str) -> None:
    if process.stdin is None:
        return
    try:
        process.stdin.write(stdin)
        process.stdin.close()
    except BrokenPipeError:  # its exit status tells why
        pass


def output(words: Sequence[str]) -> str:
    """What a program writes to standard output, empty when it fails."""
    done = subprocess.run(  # noqa: S603 # nosec B603
        list(words), capture_output=True, check=False, encoding="utf-8", errors="replace"
    )
    return done.stdout
