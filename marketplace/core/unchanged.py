"""What was shown before is shown again as long as nothing has changed, without a look at the rows.

"Nothing" is meant literally: no transaction of any process has ended since. The database is asked,
each time: PostgreSQL for its snapshot, which names the transactions that are visible; SQLite for a
connection's `data_version`, which moves when another connection commits. An answer is kept under
what was told *before* its rows were read, so that one made meanwhile is never found again.
"""

from __future__ import annotations

import functools
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import Flask, Response, current_app, request
from sqlalchemy import event

from marketplace.core.clock import utc_now
from marketplace.core.conditional import Shown, answer
from marketplace.core.database import database, read
from marketplace.core.hot import HotQuery, moment_key
from marketplace.core.languages import request_language

# Of one process, in characters of bodies, headers and addresses.
_MOST, _LONGEST = 4_000_000, 200_000
# What an answer takes beside them: most of what is asked for in vain shows nothing.
_EACH = 1_000
_SEEN = 1_000
# A standby's snapshot does not name what is going on: it may stay the same over a commit.
_SNAPSHOT = HotQuery(
    sa.select(
        sa.case(
            (sa.func.pg_is_in_recovery(), sa.null()),
            else_=sa.cast(sa.func.pg_current_snapshot(), sa.Text),
        )
    )
)
_VERSION, _WROTE = "marketplace_data_version", "marketplace_wrote"
# A state that equals no other.
_UNLIKE = object


class _Kept(NamedTuple):
    state: Hashable
    shown: Shown
    since: int
    length: int


class Unchanged:
    """A process' answers, each under the state of the database it was made of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._length = 0
        self._seen: OrderedDict[Hashable, None] = OrderedDict()
        self._generation = 0

    def is_repeated(self, key: Hashable) -> bool:
        """Whether a key was asked for lately, and is noted now. What nobody asks for twice is not
        worth the question whether it has changed.
        """
        with self._lock:
            known = key in self._seen
            self._seen[key] = None
            self._seen.move_to_end(key)
            if len(self._seen) > _SEEN:
                self._seen.popitem(last=False)
            return known

    def state(self) -> Hashable:
        """What is the same only as long as nothing has been committed."""
        connection = read()
        if connection.dialect.name == "postgresql":
            snapshot = _SNAPSHOT.rows({})[0][0]
            return _UNLIKE() if snapshot is None else (self._generation, snapshot)
        try:
            return self._generation_seen_by(connection)
        except sqlite3.Error:
            return _UNLIKE()  # the rows will tell what is wrong

    def begin_anew(self) -> None:
        """Find nothing again of what was kept so far."""
        with self._lock:
            self._generation += 1

    def find(self, key: Hashable, state: Hashable, now: int) -> Shown | None:
        """What was kept for a key in this very state, if it is still so by the clock."""
        with self._lock:
            found = self._kept.get(key)
            # A clock that was put back is one that nothing is known of.
            if (
                found is None
                or found.state != state
                or not found.since <= now <= found.shown.good_through
            ):
                return None
            self._kept.move_to_end(key)
            return found.shown

    def keep(self, key: Hashable, state: Hashable, shown: Shown, now: int) -> None:
        """Keep what a key showed in a state, in place of what was used longest ago."""
        if len(shown.body) > _LONGEST:
            return
        length = _EACH + len(shown.body) + len(str(shown.headers)) + len(str(key))
        with self._lock:
            self._drop(self._kept.pop(key, None))
            self._kept[key] = _Kept(state, shown, now, length)
            self._length += length
            while self._length > _MOST:
                self._drop(self._kept.popitem(last=False)[1])

    def _drop(self, kept: _Kept | None) -> None:
        if kept is not None:
            self._length -= kept.length

    def _generation_seen_by(self, connection: sa.Connection) -> int:
        # `data_version` compares with what the same connection saw before, and says nothing of its
        # own commits. So each change that any connection sees begins a new generation for all.
        pooled: Any = connection.connection
        version = pooled.driver_connection.execute("PRAGMA data_version").fetchone()[0]
        seen: dict[str, Any] = pooled.info
        wrote = seen.pop(_WROTE, False)
        if wrote or seen.get(_VERSION) != version:
            seen[_VERSION] = version
            self.begin_anew()
        return self._generation


def configure(app: Flask) -> None:
    """Give the application its memory. The database is bound already."""
    app.extensions["marketplace_unchanged"] = Unchanged()
    with app.app_context():
        engine = database.engine()
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "commit")
        def note(connection: sa.Connection) -> None:
            pooled: Any = connection.connection
            pooled.info[_WROTE] = True

    else:

        @event.listens_for(engine, "connect")
        def begin_anew(_connection: Any, _entry: Any) -> None:
            # It may be another server, restored or promoted, that has counted as far as the last.
            _memory_of(app).begin_anew()


def kept(*, by_language: bool = False) -> Callable[[Callable[..., Shown]], Callable[..., Response]]:
    """Make a view a route that shows everybody the same, again as long as it is the same. What it
    shows may depend on path and query, and if told so on the language, but on nothing else of a
    request.
    """

    def decorate(view: Callable[..., Shown]) -> Callable[..., Response]:
        @functools.wraps(view)
        def shown_again(*args: Any, **kwargs: Any) -> Response:
            memory = _memory_of(current_app)
            language = request_language() if by_language else None
            key = (request.path, request.query_string, language)
            if not memory.is_repeated(key):
                return answer(view(*args, **kwargs), by_language=by_language)
            state, now = memory.state(), moment_key(utc_now())
            found = memory.find(key, state, now)
            if found is None:
                found = view(*args, **kwargs)
                if found.good_through:
                    memory.keep(key, state, found, now)
            return answer(found, by_language=by_language)

        return shown_again

    return decorate


def _memory_of(app: Flask) -> Unchanged:
    memory: Unchanged = app.extensions["marketplace_unchanged"]
    return memory
