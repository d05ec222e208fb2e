"""The ceiling: bare Flask and waitress answering a constant catalogue page of 20.

Usage: `python -m benchmarks.ceiling PORT PROCESSES THREADS`.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from types import FrameType
from typing import Any

import waitress
from flask import Flask, Response, jsonify
from flask.json.provider import DefaultJSONProvider

BACKLOG = 1024
NAMES = (
    "Массаж спины",
    "Мужская стрижка",
    "Маникюр с покрытием",
    "Окрашивание волос в один тон",
    "Наращивание ресниц",
)


def _item(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": NAMES[number % len(NAMES)],
        "description": "Работаю аккуратно и без спешки, материалы включены в цену.",
        "price": f"{500 + 75 * number}.00",
        "currency": "RUB",
        "duration_minutes": 30 + 15 * (number % 5),
        "specialist": 100 + number,
        "category": "massage",
        "visible": True,
        "created_at": "2026-11-24T10:00:00+00:00",
        "updated_at": "2026-11-24T10:00:00+00:00",
        "specialist_profile": {
            "id": 100 + number,
            "full_name": "Анна Сергеевна Иванова",
            "avatar": None,
            "city": "Санкт-Петербург",
            "rating": 4.8,
            "reviews_count": 37,
        },
    }


PAGE = [_item(number) for number in range(1, 21)]


def create_app() -> Flask:
    app = Flask(__name__)
    # The contract leaves Cyrillic unescaped; all else is as Flask comes.
    provider = app.json
    if isinstance(provider, DefaultJSONProvider):
        provider.ensure_ascii = False

    @app.get("/")
    def page() -> Response:
        return jsonify(PAGE)

    return app


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit


def main() -> None:
    """Serve until SIGTERM: `PROCESSES` processes accept from one listening socket."""
    # A line for each request that waits its turn would triple the ceiling's cost.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    port, processes, threads = (int(argument) for argument in sys.argv[1:4])
    listener = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    signal.signal(signal.SIGTERM, _leave)
    children: list[int] = []
    for _ in range(processes if processes > 1 else 0):
        pid = os.fork()
        if pid == 0:
            break
        children.append(pid)
    else:
        if children:
            try:
                for _ in children:
                    os.wait()
            finally:
                for pid in children:
                    os.kill(pid, signal.SIGTERM)
            return
    server = waitress.create_server(create_app(), sockets=[listener], threads=threads)
    server.run()


if __name__ == "__main__":
    main()
