"""The measurements: the goals' table, the cost of request limits, and the choice of threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from redis import Redis
from redis.exceptions import RedisError

from benchmarks import servers, targets
from benchmarks.datasets import Scale, dataset
from benchmarks.load import Plan
from benchmarks.measure import Load, Sample, Series, percentile, sample
from benchmarks.servers import BenchmarkError, Server, Workers

Say = Callable[[str], None]

# Short and many: a machine's speed wanders within seconds, and neighbours in time share it.
ROUNDS = 8
CEILING_SECONDS = 1.5
DEFAULT_REDIS = "redis://127.0.0.1:6379/15"
NO_LIMIT = "100000000/minute"
ADDRESSES = 256
THREADS = (1, 2, 4, 8)
STUDY_PAGES_PER_SECOND = 100.0
STUDY_LOG_INS = 2


@dataclass(frozen=True)
class Options:
    database: str
    scales: Sequence[Scale]
    workers: Workers
    seconds: float
    only: Sequence[str]


@dataclass
class Comparison:
    """Series by (scale, target), the ceiling's own, and peak megabytes by server."""

    series: dict[tuple[str, str], Series]
    ceiling: Series
    memory: dict[str, float]


def _ceiling_sample(ceiling: Server, seconds: float) -> Sample:
    return sample(ceiling, [targets.get("/")], min(seconds, CEILING_SECONDS))


def compare(options: Options, say: Say) -> Comparison:
    """Each target at each scale, every round between two samples of the ceiling."""
    chosen = [t for t in targets.TARGETS if not options.only or t.name in options.only]
    seconds = options.seconds / ROUNDS
    series = {(s.name, t.name): Series() for s in options.scales for t in chosen}
    result = Comparison(series, Series(), {})
    with ExitStack() as stack:
        running: dict[str, Server] = {}
        for scale in options.scales:
            data = stack.enter_context(dataset(options.database, scale, say))
            running[scale.name] = stack.enter_context(
                servers.marketplace(
                    f"marketplace-{scale.name}",
                    options.workers,
                    data.settings,
                    postgresql=data.postgresql,
                )
            )
        ceiling = stack.enter_context(servers.ceiling(options.workers))
        for number in range(1, ROUNDS + 1):
            sessions = {name: targets.session(server) for name, server in running.items()}
            before = _ceiling_sample(ceiling, seconds)
            result.ceiling.add(before)
            for target in chosen:
                say(f"round {number} of {ROUNDS}: {target.name}")
                taken = {
                    name: sample(
                        server,
                        target.requests(sessions[name]),
                        seconds,
                        first=series[name, target.name].requests,
                    )
                    for name, server in running.items()
                }
                after = _ceiling_sample(ceiling, seconds)
                result.ceiling.add(after)
                for name, one in taken.items():
                    series[name, target.name].add(one, (before.cpu + after.cpu) / 2)
                before = after
        result.memory = {
            name: server.peak_megabytes()
            for name, server in {"ceiling": ceiling, **running}.items()
        }
    return result


def _redis_url() -> str:
    return os.environ.get("MARKETPLACE_TEST_REDIS_URL", "") or DEFAULT_REDIS


class _RedisMeter:
    """Redis's own account of its CPU."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url)

    def seconds(self) -> float:
        try:
            info: Mapping[str, float] = self._redis.info("cpu")
        except RedisError as error:
            raise BenchmarkError(f"Redis does not answer: {error}") from error
        return info["used_cpu_user"] + info["used_cpu_sys"]


@dataclass
class LimitsRow:
    """`redis_cpu` is Redis's CPU milliseconds per request, by its own account."""

    name: str
    series: Series
    redis_cpu: float = 0.0


def limits(options: Options, say: Say) -> list[LimitsRow]:
    """The plain page with limits off, kept in memory, and kept in Redis.

    The limits are too high to be reached; requests come from many addresses, so that each
    one's window stays as short as a real client's.
    """
    url = _redis_url()
    counted = {"RATE_LIMITS": "on", "LIMIT_ANONYMOUS": NO_LIMIT, "LIMIT_SIGNED_IN": NO_LIMIT}
    variants: dict[str, dict[str, str]] = {
        "off": {},
        "memory": counted,
        "redis": {**counted, "REDIS_URL": url},
    }
    requests = [
        targets.get(targets.PAGE, headers=f"X-Forwarded-For: 198.51.100.{n % ADDRESSES}\r\n")
        for n in range(ADDRESSES)
    ]
    rows = {name: LimitsRow(name, Series()) for name in variants}
    seconds = options.seconds / ROUNDS
    redis = _RedisMeter(url)
    redis.seconds()
    with ExitStack() as stack:
        ceiling = stack.enter_context(servers.ceiling(options.workers))
        data = stack.enter_context(dataset(options.database, options.scales[0], say))
        running = {
            name: stack.enter_context(
                servers.marketplace(
                    f"limits-{name}",
                    options.workers,
                    {**data.settings, "TRUSTED_PROXY": "127.0.0.1", **extra},
                    postgresql=data.postgresql,
                )
            )
            for name, extra in variants.items()
        }
        for number in range(1, ROUNDS + 1):
            say(f"limits, round {number} of {ROUNDS}")
            beside = _ceiling_sample(ceiling, seconds)
            for name, server in running.items():
                before = redis.seconds()
                taken = sample(server, requests, seconds, first=rows[name].series.requests)
                spent = (redis.seconds() - before) * 1000 / taken.outcome.requests
                rows[name].series.add(taken, beside.cpu)
                if name == "redis":
                    rows[name].redis_cpu += spent / ROUNDS
    return list(rows.values())


@dataclass(frozen=True)
class ThreadsRow:
    """Milliseconds of a page at 100 pages per second, alone and while two people keep logging in;
    `cpu` is the page's CPU milliseconds when the server is saturated with pages only.
    """

    threads: int
    cpu: float
    quiet_p50: float
    quiet_p99: float
    busy_p50: float
    busy_p99: float
    log_ins_per_second: float
    errors: int


def _threads_row(server: Server, threads: int, seconds: float) -> ThreadsRow:
    session = targets.session(server)
    pages, log_ins = targets.page(session), targets.log_in(session)
    saturated = sample(server, pages, seconds)
    paced = Plan(server.port, pages, seconds, rate=STUDY_PAGES_PER_SECOND)
    quiet = Load(paced).outcome()
    background = Load(Plan(server.port, log_ins, seconds + 1, connections=STUDY_LOG_INS))
    busy = Load(paced).outcome()
    logged_in = background.outcome()
    if not busy.requests:
        raise BenchmarkError(f"no page was answered: {busy.first_error}")
    return ThreadsRow(
        threads=threads,
        cpu=saturated.cpu,
        quiet_p50=percentile(quiet.latencies, 0.5),
        quiet_p99=percentile(quiet.latencies, 0.99),
        busy_p50=percentile(busy.latencies, 0.5),
        busy_p99=percentile(busy.latencies, 0.99),
        log_ins_per_second=logged_in.requests / logged_in.seconds,
        errors=saturated.outcome.errors + quiet.errors + busy.errors + logged_in.errors,
    )


def threads(options: Options, say: Say) -> list[ThreadsRow]:
    """A page's latency while log-ins run, for each number of threads."""
    rows = []
    with dataset(options.database, options.scales[0], say) as data:
        for count in THREADS:
            say(f"threads: {count}")
            workers = Workers(options.workers.processes, count)
            name = f"threads-{count}"
            with servers.marketplace(
                name, workers, data.settings, postgresql=data.postgresql
            ) as server:
                rows.append(_threads_row(server, count, options.seconds))
    return rows
