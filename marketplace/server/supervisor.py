"""Several serving processes over one socket: started, replaced when they die, stopped together."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable

from marketplace.server.worker import DRAIN_SECONDS, Stop

EARLY_DEATH_SECONDS = 5.0
TEND_SECONDS = 1.0
MAX_BACK_OFF_SECONDS = 5.0
KILL_AFTER_SECONDS = DRAIN_SECONDS + 5

log = logging.getLogger(__name__)


class Supervisor:
    """Keeps `count` children alive, each of which runs `child(stop, place)`: the places are those
    below `count`, and who replaces a child has its place. `tend` is called every second or so.
    """

    def __init__(
        self,
        count: int,
        child: Callable[[Stop, int], None],
        tend: Callable[[], None] | None = None,
    ) -> None:
        self._count = count
        self._tend = tend
        self._child = child
        self._started: dict[int, float] = {}
        self._places: dict[int, int] = {}
        self._early_deaths = 0
        self._stop = Stop()
        self._wake_read, self._wake_write = socket.socketpair()
        for end in (self._wake_read, self._wake_write):
            end.setblocking(False)

    def run(self, listener: socket.socket, announce: Callable[[], None]) -> int:
        """Until a signal asks to stop: 0; or until children keep dying at their start: 1.

        Closes `listener`, so that once the children stop nothing accepts for them.
        """
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        self._stop.listen((signal.SIGINT, signal.SIGTERM))
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake the wait
        announce()
        while not self._stop.requested and not self._failing:
            for _ in range(self._count - len(self._started)):
                self._start()
            self._wait(None if self._tend is None else TEND_SECONDS)
            if self._tend is not None and not self._stop.requested:
                self._tend()
            if self._reap() and not self._stop.requested and not self._failing:
                self._wait_before_replacing()
        listener.close()
        failing = self._failing
        if failing:
            log.error("the processes keep dying at their start, giving up")
        finished = self._stop_children()
        # A companion of the server ends later, and its end must wake nobody any more.
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        return 0 if finished and not failing else 1

    @property
    def _failing(self) -> bool:
        return self._early_deaths >= self._count + 4

    def _start(self) -> None:
        stop_signals = {signal.SIGINT, signal.SIGTERM}
        # Held back until the child has its own handlers, or a stop in between would be lost.
        signal.pthread_sigmask(signal.SIG_BLOCK, stop_signals)
        place = min(set(range(self._count)) - set(self._places.values()))
        pid = os.fork()
        if pid == 0:
            self._become_child(stop_signals, place)
        self._started[pid] = time.monotonic()
        self._places[pid] = place
        signal.pthread_sigmask(signal.SIG_UNBLOCK, stop_signals)

    def _become_child(self, stop_signals: set[signal.Signals], place: int) -> None:
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            self._wake_read.close()
            self._wake_write.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            # Ctrl-C reaches the whole group; the parent turns it into SIGTERM.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            stop = Stop()
            stop.listen((signal.SIGTERM,))
            signal.pthread_sigmask(signal.SIG_UNBLOCK, stop_signals)
            self._child(stop, place)
            status = 0
        except Exception:
            log.exception("a serving process failed")
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> bool:
        """Forget the children that ended; whether there were any."""
        ended = False
        while self._started:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            started = self._started.pop(pid, None)
            if started is None:
                continue
            del self._places[pid]
            ended = True
            early = time.monotonic() - started < EARLY_DEATH_SECONDS
            self._early_deaths = self._early_deaths + 1 if early else 0
            if not self._stop.requested:
                code = os.waitstatus_to_exitcode(status)
                log.error("process %d ended unexpectedly with %d, replacing it", pid, code)
        return ended

    def _wait(self, seconds: float | None) -> None:
        """Until a signal, a child's end or the time."""
        select.select([self._wake_read], [], [], seconds)
        try:
            while self._wake_read.recv(4096):
                pass
        except BlockingIOError:
            pass

    def _wait_before_replacing(self) -> None:
        delay = min(0.1 * 2 ** max(self._early_deaths - 1, 0), MAX_BACK_OFF_SECONDS)
        until = time.monotonic() + delay
        while not self._stop.requested and (left := until - time.monotonic()) > 0:
            self._wait(left)

    def _stop_children(self) -> bool:
        """Ask all to stop and wait; whether all did so by themselves."""
        self._stop.requested = True
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + KILL_AFTER_SECONDS
        self._reap()
        while self._started and (left := deadline - time.monotonic()) > 0:
            self._wait(left)
            self._reap()
        finished = not self._started
        self._signal_all(signal.SIGKILL)
        while self._started:
            self._wait(1)
            self._reap()
        return finished

    def _signal_all(self, which: signal.Signals) -> None:
        for pid in self._started:
            os.kill(pid, which)
