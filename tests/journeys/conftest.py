"""A running server on each database, emptied before every journey."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from databases import make_postgresql, make_sqlite
from journeys.wire import Server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, worker: str
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(f"wire-{request.param}")
    made = (
        make_sqlite(folder)
        if request.param == "sqlite"
        else make_postgresql(folder, f"{worker}_wire")
    )
    server = Server(next(made), tmp_path_factory.mktemp("log") / "server.log")
    try:
        server.wait_until_ready()
        yield server
    finally:
        code = server.stop()
        next(made, None)
    assert code == 0, server.log.read_text()


@pytest.fixture
def server(running: Server) -> Server:
    running.empty()
    return running


@pytest.fixture(params=["/", ""], ids=["slash", "no-slash"])
def end(request: pytest.FixtureRequest) -> str:
    """The end of every path: with the last slash and without."""
    slash: str = request.param
    return slash
