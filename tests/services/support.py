"""What the tests of services share: rows straight into the database, lists read page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import sqlalchemy as sa
from actors import NEW_SERVICE, Actor
from flask import Flask
from werkzeug.test import TestResponse

from marketplace.catalogue import search_upkeep
from marketplace.catalogue.models import SearchRow
from marketplace.core import text
from marketplace.core.clock import utc_now
from marketplace.core.database import session, transactional
from marketplace.services import administration
from marketplace.services.models import Service

OWN = "/api/auth/services/"
CATALOGUE = "/api/services/"
LISTS = (OWN, CATALOGUE)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def add_category(app: Flask, slug: str, name: str, parent: str | None = None) -> str:
    with app.app_context():
        administration.add_category(
            name, slug, parent_slug=parent, position=None, actor="tests", now=utc_now()
        )
    return slug


def suspend(app: Flask, service_id: int, *, suspended: bool = True) -> None:
    with app.app_context():
        administration.suspend_service(service_id, suspended=suspended, actor="tests", now=NOON)


def add_services(app: Flask, owner: Actor, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert services at once; each row says what differs from `NEW_SERVICE`. Prices in kopecks."""
    with app.app_context():
        _insert([_row(owner.user_id, **row) for row in rows])


@transactional
def _insert(rows: Sequence[Mapping[str, Any]]) -> None:
    table = Service.__table__
    session().execute(
        sa.insert(table).values(price=sa.bindparam("kopecks", type_=sa.BigInteger)), rows
    )
    indexed = sa.exists().where(SearchRow.service_id == Service.id)
    search_upkeep.services_changed(list(session().scalars(sa.select(Service.id).where(~indexed))))


def _row(owner_id: int, *, name: str = NEW_SERVICE["name"], **changes: Any) -> dict[str, Any]:
    created = changes.pop("created_at", NOON)
    row = {
        "specialist_id": owner_id,
        "name": name,
        "name_folded": text.caseless(name),
        "description": "",
        "kopecks": 150_000,
        "duration_minutes": 60,
        "visible": True,
        "owner_blocked": False,
        "created_at": created,
        "updated_at": created,
        "version": 1,
    }
    return row | changes


def listed(caller: Actor, path: str, **query: Any) -> list[dict[str, Any]]:
    """The rows of one page."""
    response = caller.get(with_query(path, query))
    assert response.status_code == 200, response.text
    rows: list[dict[str, Any]] = response.get_json()
    return rows


def with_query(path: str, query: Mapping[str, Any]) -> str:
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path


def next_link(response: TestResponse) -> str | None:
    """The path of the next page; a list has none on its last page."""
    link = response.headers.get("Link")
    if link is None:
        return None
    found = re.fullmatch(r'<(/api/[^<>"\s]+)>; rel="next"', link)
    assert found, link
    return found[1]


def pages(caller: Actor, path: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """The pages of a list, each read when it is asked for."""
    link: str | None = with_query(path, query)
    while link is not None:
        response = caller.get(link)
        assert response.status_code == 200, response.text
        link = next_link(response)
        yield response.get_json()


def read_through(caller: Actor, path: str, **query: Any) -> list[int]:
    """The ids of a list read from its first page to its last."""
    return [row["id"] for page in pages(caller, path, **query) for row in page]
