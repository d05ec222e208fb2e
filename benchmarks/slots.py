"""`python -m benchmarks.slots`: a month of slots computed, without server or database.

31 days, hours from 09:00 to 21:00 every day, a 15-minute step, an hour's service, 200 bookings with
buffers in range. Prints CPU milliseconds, the median of many runs.
"""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime, timedelta

from marketplace.schedule.availability import Availability, Diary, Terms
from marketplace.schedule.localtime import seconds_of
from marketplace.schedule.working_time import WorkingTime

RUNS = 200
DAYS = 31
BOOKINGS = 200
NOW = datetime(2026, 6, 1, 5, tzinfo=UTC)


def main() -> None:
    start = seconds_of(NOW)
    first = start + 4 * 3_600  # bookings every four hours or so, buffers of a quarter of an hour
    claims = [(first + n * 13_200, first + n * 13_200 + 4_500) for n in range(BOOKINGS)]
    terms = Terms("Europe/Moscow", 15, 120, 60, 0, 15)
    diary = Diary(WorkingTime(dict.fromkeys(range(1, 8), ((540, 1_260),))), True, claims)
    until = seconds_of(NOW + timedelta(days=DAYS))
    taken = []
    found: list[int] = []
    for _ in range(RUNS):
        began = time.process_time()
        found = Availability(terms, diary, 60, NOW).starts(start, until)
        taken.append((time.process_time() - began) * 1_000)
    print(f"{statistics.median(taken):.2f} ms, {len(found)} slots")


if __name__ == "__main__":
    main()
