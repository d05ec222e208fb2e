"""Who may call what: one row a route, and a route without a row fails."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from actors import NEW_SERVICE, PASSWORD, Actor, People
from auth.social import linked
from auth.support import REGISTRATION, logged_in
from avatar_files import names, uploaded
from bookings.support import add_bookings
from flask import Flask
from photos import AVATAR, form, plain

from marketplace.core.clock import utc_now

HIDDEN = "of a hidden service"
ID = "<id:service_id>"
DAY_OFF = {"date_from": "2030-05-01", "date_to": "2030-05-01", "intervals": []}
BOOKING = "/api/bookings/<id:booking_id>"
MEDIA = "/media/<path:name>"
PAST = "2020-05-01T10:00:00Z"
UNLISTED = {"service": 2_147_483_647, "starts_at": PAST}
CREDENTIALS = {"username": "owner", "password": PASSWORD}


@dataclass(frozen=True)
class Row:
    """A request and the status each caller gets. `owner` is a specialist to whom the row asked for
    belongs, `rival` another specialist; the owner calls last.
    """

    method: str
    rule: str
    anonymous: int
    client: int
    rival: int
    owner: int
    body: Any = None
    case: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.rule} {self.case}".strip()


ROWS = [
    Row("POST", "/api/auth/register/", 201, 409, 409, 409, REGISTRATION),
    Row(
        "POST", "/api/auth/login/", 200, 200, 200, 200, {"username": "owner", "password": PASSWORD}
    ),
    Row("POST", "/api/auth/refresh/", 401, 401, 401, 401, {"refresh": "nobodys"}),
    Row("POST", "/api/auth/logout/", 401, 204, 204, 204),
    Row("GET", "/api/auth/sessions/", 401, 200, 200, 200),
    Row("DELETE", "/api/auth/sessions/", 401, 204, 204, 204),
    Row("DELETE", "/api/auth/sessions/<id:session_id>/", 401, 404, 404, 204),
    Row("GET", "/api/auth/me/", 401, 200, 200, 200),
    Row("PATCH", "/api/auth/me/", 401, 200, 200, 200, {"language": "en"}),
    Row("POST", "/api/auth/verify/email/", 401, 202, 202, 202),
    Row("POST", "/api/auth/verify/email/confirm/", 401, 422, 422, 422, {"code": "000000"}),
    Row("POST", "/api/auth/verify/phone/", 401, 409, 409, 409),
    Row("POST", "/api/auth/verify/phone/confirm/", 401, 422, 422, 422, {"code": "000000"}),
    Row("POST", "/api/auth/password/forgot/", 202, 202, 202, 202, {"login": "owner"}),
    Row(
        *("POST", "/api/auth/password/reset/", 422, 422, 422, 422),
        {"login": "owner", "code": "000000", "new_password": "ясное-утро-8"},
    ),
    Row("GET", "/api/auth/me/consents/", 401, 200, 200, 200),
    Row("PATCH", "/api/auth/me/consents/", 401, 200, 200, 200, {"advertising": True}),
    Row("GET", "/api/auth/me/export/", 401, 200, 200, 200),
    Row("POST", "/api/auth/me/erase/", 401, 204, 204, 204, {"password": PASSWORD}),
    Row(
        *("POST", "/api/auth/password/change/", 401, 204, 204, 204),
        {"old_password": PASSWORD, "new_password": "ясное-утро-8"},
    ),
    *(
        Row("POST", f"/api/auth/social/{provider}/", 404, 404, 404, 404, {})
        for provider in ("google", "apple", "vk")
    ),
    Row("GET", "/api/auth/me/identities/", 401, 200, 200, 200),
    *(
        Row("POST", f"/api/auth/me/identities/{provider}/", 401, 404, 404, 404, {})
        for provider in ("google", "apple", "vk")
    ),
    Row(
        *("DELETE", "/api/auth/me/identities/<id:identity_id>/", 401, 404, 404, 204),
        {"current_password": PASSWORD},
    ),
    Row("POST", "/api/auth/devices/", 401, 201, 201, 201, {"token": "t", "platform": "web"}),
    Row("DELETE", "/api/auth/devices/<id:device_id>/", 401, 404, 404, 204),
    Row("GET", "/api/auth/profile/me/", 401, 200, 200, 200),
    Row("PATCH", "/api/auth/profile/me/", 401, 200, 200, 200, {"city": "Омск"}),
    Row("PUT", AVATAR, 401, 200, 200, 200, plain()),
    Row("DELETE", AVATAR, 401, 204, 204, 204),
    Row("GET", MEDIA, 200, 200, 200, 200),
    Row("GET", "/api/auth/profile/<id:user_id>/", 200, 200, 200, 200),
    Row("GET", "/api/auth/services/", 200, 200, 200, 200),
    Row("POST", "/api/auth/services/", 401, 403, 201, 201, NEW_SERVICE),
    Row("GET", f"/api/auth/services/{ID}/", 200, 200, 200, 200),
    Row("GET", f"/api/auth/services/{ID}/", 404, 404, 404, 200, case=HIDDEN),
    Row("PATCH", f"/api/auth/services/{ID}/", 401, 403, 404, 200, {"price": 1}),
    Row("PATCH", f"/api/auth/services/{ID}/", 401, 403, 404, 200, {"price": 1}, HIDDEN),
    Row("PUT", f"/api/auth/services/{ID}/", 401, 403, 404, 200, NEW_SERVICE),
    Row("PUT", f"/api/auth/services/{ID}/", 401, 403, 404, 200, NEW_SERVICE, HIDDEN),
    Row("DELETE", f"/api/auth/services/{ID}/", 401, 403, 404, 204),
    Row("DELETE", f"/api/auth/services/{ID}/", 401, 403, 404, 204, case=HIDDEN),
    Row("GET", "/api/schedule/hours/", 401, 403, 200, 200),
    Row("PUT", "/api/schedule/hours/", 401, 403, 200, 200, {"hours": []}),
    Row("GET", "/api/schedule/exceptions/", 401, 403, 200, 200),
    Row("POST", "/api/schedule/exceptions/", 401, 403, 201, 201, DAY_OFF),
    Row("DELETE", "/api/schedule/exceptions/<id:exception_id>/", 401, 403, 404, 200),
    Row("GET", "/api/schedule/settings/", 401, 403, 200, 200),
    Row("PATCH", "/api/schedule/settings/", 401, 403, 200, 200, {"horizon_days": 30}),
    Row("GET", "/api/services/", 200, 200, 200, 200),
    Row("GET", "/api/services/suggest/", 200, 200, 200, 200),
    Row("GET", f"/api/services/{ID}/", 200, 200, 200, 200),
    Row("GET", f"/api/services/{ID}/", 404, 404, 404, 200, case=HIDDEN),
    Row("GET", f"/api/services/{ID}/slots/", 200, 200, 200, 200),
    Row("GET", f"/api/services/{ID}/slots/", 404, 404, 404, 200, case=HIDDEN),
    Row("GET", f"/api/services/{ID}/slots/explain/", 200, 200, 200, 200),
    Row("GET", f"/api/services/{ID}/slots/explain/", 404, 404, 404, 200, case=HIDDEN),
    Row("GET", "/api/schedule/agenda/", 401, 403, 200, 200),
    Row("POST", "/api/holds/", 401, 404, 403, 403, UNLISTED),
    Row("GET", "/api/holds/", 401, 200, 403, 403),
    Row("DELETE", "/api/holds/<id:hold_id>/", 401, 404, 403, 403),
    Row("POST", "/api/bookings/", 401, 404, 403, 403, UNLISTED),
    Row("GET", "/api/bookings/", 401, 200, 200, 200),
    Row("GET", f"{BOOKING}/", 401, 404, 404, 200),
    Row("POST", f"{BOOKING}/confirm/", 401, 404, 404, 200),
    Row("POST", f"{BOOKING}/decline/", 401, 404, 404, 200),
    Row("POST", f"{BOOKING}/cancel/", 401, 404, 404, 200, {}),
    Row("POST", f"{BOOKING}/complete/", 401, 404, 404, 409),
    Row("POST", f"{BOOKING}/no-show/", 401, 404, 404, 409),
    Row("POST", f"{BOOKING}/reschedule/", 401, 404, 404, 422, {"starts_at": PAST}),
    Row("GET", "/api/services/facets/", 200, 200, 200, 200),
    Row("GET", "/api/categories/", 200, 200, 200, 200),
    Row("GET", "/api/cities/", 200, 200, 200, 200),
    Row("GET", "/api/specialists/", 200, 200, 200, 200),
    Row("GET", "/api/specialists/<id:user_id>/", 200, 200, 200, 200),
    Row("GET", "/health/", 200, 200, 200, 200),
    Row("GET", "/ready/", 200, 200, 200, 200),
    Row("GET", "/metrics/", 200, 200, 200, 200),
    Row("GET", "/api/openapi.json", 200, 200, 200, 200),
    Row("GET", "/api/docs/", 200, 200, 200, 200),
    Row("GET", "/api/docs/assets/<name>", 200, 200, 200, 200),
]
CLOSED = [row for row in ROWS if row.anonymous == 401 and row.client != 401]
FOR_SPECIALISTS = [row for row in ROWS if row.client == 403]


@pytest.fixture
def owner(people: People) -> Actor:
    return people.specialist("owner")


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_route_answers_each_caller_as_its_row_says(
    people: People, owner: Actor, row: Row
) -> None:
    path = path_of(row, owner)
    callers = {
        "anonymous": people.anonymous(),
        "client": people.client("somebody"),
        "rival": people.specialist("rival"),
        "owner": owner,
    }

    statuses = {name: status_of(caller, row, path) for name, caller in callers.items()}

    assert statuses == {name: getattr(row, name) for name in callers}


@pytest.mark.parametrize("row", CLOSED, ids=str)
def test_a_closed_route_tells_an_anonymous_caller_nothing_but_to_sign_in(
    people: People, owner: Actor, row: Row
) -> None:
    anonymous = people.anonymous()
    path = path_of(row, owner)

    for body in (row.body, {"nonsense": 1}, []):
        answer = anonymous.call(row.method, path, **carrying(body))
        assert (answer.status_code, answer.get_json()["code"]) == (401, "token_required")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="marketplace"'


@pytest.mark.parametrize("row", FOR_SPECIALISTS, ids=str)
def test_a_wrong_role_is_told_before_anything_else(people: People, owner: Actor, row: Row) -> None:
    caller = people.client("somebody")

    for path in (path_of(row, owner), re.sub(r"<id:\w+>", "2147483647", row.rule)):
        for body in (row.body, {"nonsense": 1}):
            answer = caller.call(row.method, path, json=body)
            assert (answer.status_code, answer.get_json()["code"]) == (403, "wrong_role")


@pytest.mark.parametrize("row", [row for row in ROWS if row.rule.startswith("/api/auth")], ids=str)
def test_a_bad_token_is_refused_even_where_none_is_needed(
    people: People, owner: Actor, row: Row
) -> None:
    stranger = Actor(people.app.test_client(), access="not.a.token")

    answer = stranger.call(row.method, path_of(row, owner), **carrying(row.body))

    assert (answer.status_code, answer.get_json()["code"]) == (401, "token_invalid")


def test_every_route_has_its_row(shared_app: Flask) -> None:
    routes = {
        (method, rule.rule)
        for rule in shared_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    with_slash = {(method, rule) for method, rule in routes if f"{rule}/" not in rules(routes)}

    assert with_slash == {(row.method, row.rule) for row in ROWS}


def rules(routes: set[tuple[str, str]]) -> set[str]:
    return {rule for _, rule in routes}


def status_of(caller: Actor, row: Row, path: str) -> int:
    with caller.call(row.method, path, **carrying(row.body)) as answer:
        return answer.status_code


def carrying(body: Any) -> dict[str, Any]:
    """The arguments of a request with this body: a document, or the bytes of a photo."""
    return form(body) if isinstance(body, bytes) else {"json": body}


def path_of(row: Row, owner: Actor) -> str:
    """The row's rule with ids of what belongs to the owner."""
    path = row.rule.replace("<id:user_id>", str(owner.user_id)).replace("<name>", "docs.js")
    if ID in path:
        service = owner.new_service(visible=row.case != HIDDEN)
        path = path.replace(ID, str(service["id"]))
    if "<id:session_id>" in path:
        other_device = logged_in(owner, "owner")
        path = path.replace("<id:session_id>", str(other_device.session_id))
    if "<id:identity_id>" in path:
        path = path.replace("<id:identity_id>", str(linked(owner)))
    if "<id:exception_id>" in path:
        exception = owner.post("/api/schedule/exceptions/", DAY_OFF).get_json()
        path = path.replace("<id:exception_id>", str(exception["id"]))
    if "<id:booking_id>" in path:
        path = path.replace("<id:booking_id>", str(asked_for(owner)))
    if path.endswith("/explain/"):
        path += f"?starts_at={PAST}"
    if path.endswith("/suggest/"):
        path += "?q=мас"
    if "<id:device_id>" in path:
        device = owner.post("/api/auth/devices/", {"token": "mine", "platform": "ios"}).get_json()
        path = path.replace("<id:device_id>", str(device["id"]))
    path = path.replace("<id:hold_id>", "1")
    if "<path:name>" in path:
        path = path.replace("<path:name>", names(uploaded(owner))[0])
    assert "<" not in path
    return path


def asked_for(owner: Actor) -> int:
    """A booking that waits for the owner's answer."""
    booker = People(owner.client.application).client("booker")
    row = {"status": "pending", "starts_at": utc_now() + timedelta(days=1)}
    return add_bookings(booker, owner, owner.new_service()["id"], [row])[0]
