"""A process that runs beside the server: started, replaced when it dies, ended with it."""

from __future__ import annotations

import logging
import os
import subprocess  # nosec B404
import sys
import time
from collections.abc import Sequence

from marketplace.settings import PROJECT_ROOT

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
LONG_LIFE_SECONDS = 60.0
STOP_SECONDS = 20.0

log = logging.getLogger(__name__)


def delivery_command() -> list[str]:
    """What delivers the outbox until stopped, or until this process is gone."""
    flask = [sys.executable, "-m", "flask", "--app", "wsgi:app"]
    return [*flask, "notifications", "deliver", "--watch", "--beside", str(os.getpid())]


class Companion:
    """One such process. `tend` is called again and again, never from a child."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = list(command)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._start_at = 0.0
        self._pause = FIRST_PAUSE_SECONDS

    def tend(self) -> None:
        """Start it, or start it again a while after it died."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            log.error("the delivery worker ended unexpectedly, replacing it")
            lived_long = now - self._started_at > LONG_LIFE_SECONDS
            self._pause = FIRST_PAUSE_SECONDS if lived_long else self._pause
            self._process, self._start_at = None, now + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE_SECONDS)
        if self._process is None and now >= self._start_at:
            self._process = self._start()
            self._started_at = now

    def stop(self) -> None:
        """End it: it finishes the message in hand."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("the delivery worker did not end in time and was killed")
            process.kill()
            process.wait()

    def _start(self) -> subprocess.Popen[bytes] | None:
        try:
            # Words of our own.
            return subprocess.Popen(self._command, cwd=PROJECT_ROOT)  # noqa: S603 # nosec B603
        except OSError as error:
            self._start_at = time.monotonic() + LONGEST_PAUSE_SECONDS
            log.error("the delivery worker cannot be started (%s)", error)  # noqa: TRY400
            return None
