"""What a booking costs with a thousand and with a million of them in the table (PostgreSQL)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from benchmarks import servers, targets
from benchmarks.datasets import SCALES, connect, dataset, postgresql_url
from benchmarks.measure import Series, sample
from benchmarks.servers import Server, Workers

Say = Callable[[str], None]

COUNTS = (1_000, 1_000_000)
GOAL = 1.3
ROUNDS = 8
# Nine of ten are past and closed; the others hold their time, far from the slots that are booked.
_FILL = (
    """
    INSERT INTO bookings (client_id, specialist_id, service_id, status, status_by, starts_at,
        ends_at, service_name, price, duration_minutes, timezone, cancel_notice_minutes,
        moved_by_specialist, note, created_at, updated_at, version)
    SELECT clients[1 + n % cardinality(clients)], specialists[place], services[place],
        CASE WHEN coming THEN 'confirmed' ELSE 'completed' END, 'client',
        at, at + interval '1 hour', 'Массаж спины', 150000, 60, 'Europe/Moscow', 0,
        false, '', now() - interval '400 days', now(), 1
    FROM (
        SELECT array_agg(id ORDER BY id) AS clients FROM users WHERE role = 'client'
    ) AS people, (
        SELECT array_agg(id) AS services, array_agg(specialist_id) AS specialists
        FROM (SELECT min(id) AS id, specialist_id FROM services GROUP BY specialist_id) AS firsts
    ) AS offers, generate_series(1, $count) AS n, LATERAL (
        SELECT n % 10 = 0 AS coming, 1 + n % cardinality(specialists) AS place,
            n / cardinality(specialists) * interval '1 hour' AS turn
    ) AS places, LATERAL (
        SELECT date_trunc('hour', now())
            + CASE WHEN coming THEN interval '200 days' + turn ELSE interval '-2 days' - turn END
            AS at
    ) AS times
    """,
    """
    INSERT INTO time_claims (specialist_id, busy_from, busy_until, booking_id)
    SELECT specialist_id, starts_at, ends_at, id FROM bookings
    WHERE starts_at > now() + interval '190 days'
    """,
    """
    INSERT INTO booking_events (booking_id, at, by, action, to_status, details)
    SELECT id, created_at, 'client', 'created', 'confirmed', '{}' FROM bookings
    WHERE created_at < now() - interval '399 days'
    """,
    """
    INSERT INTO notifications (user_id, kind, subject_type, subject_id, payload, due_at, state,
        dedup_key, created_at, ended_at)
    SELECT specialist_id, 'booking_created', 'booking', id, '{}', now(), 'sent', 'bench:' || id,
        now(), now()
    FROM bookings WHERE created_at < now() - interval '399 days'
    """,
)


@dataclass
class Growth:
    """Series of bookings made, by how many there were."""

    series: dict[int, Series]

    @property
    def factor(self) -> float:
        """How many times the CPU of the smaller table, the median over rounds."""
        small, large = (self.series[count] for count in COUNTS)
        return large.growth(small)


def _fill(database: str, count: int) -> None:
    with connect(postgresql_url(database)) as connection:
        connection.execute("SET synchronous_commit = off")
        for statement in _FILL:
            connection.execute(statement.replace("$count", str(count)).encode())
        connection.execute("VACUUM (ANALYZE)")


def bookings(workers: Workers, seconds: float, say: Say) -> Growth:
    """Book distinct slots on two databases that differ in the bookings they hold."""
    result = Growth({count: Series() for count in COUNTS})
    with ExitStack() as stack:
        running: dict[int, Server] = {}
        for count in COUNTS:
            data = stack.enter_context(
                dataset("postgresql", SCALES["small"], say, copy=f"_{count}")
            )
            say(f"adding {count:,} bookings")
            _fill(data.postgresql, count)
            running[count] = stack.enter_context(
                servers.marketplace(
                    f"bookings-{count}", workers, data.settings, postgresql=data.postgresql
                )
            )
        book = next(target for target in targets.TARGETS if target.name == "book")
        for number in range(1, ROUNDS + 1):
            say(f"round {number} of {ROUNDS}")
            for count, server in running.items():
                requests = book.requests(targets.session(server))
                result.series[count].add(sample(server, requests, seconds / ROUNDS))
    return result
