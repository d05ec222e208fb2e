"""Consents: given at registration or later, in a wording, withdrawn and given again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from actors import Actor, assert_problem
from auth.support import register, registered
from flask import Flask
from privacy.support import CONSENTS

from marketplace.auth.models import Consent
from marketplace.core.database import session
from marketplace.settings_privacy import PrivacySettings

NEVER = {"given": False, "text_version": None, "given_at": None, "withdrawn_at": None}
WORDING = "2026-11-01"


def given(at: str = "2026-11-23T06:00:00Z", version: str = WORDING) -> dict[str, Any]:
    return {"given": True, "text_version": version, "given_at": at, "withdrawn_at": None}


def rows(app: Flask) -> list[tuple[str, str, bool]]:
    with app.app_context():
        found = session().scalars(sa.select(Consent).order_by(Consent.id))
        return [(row.kind, row.text_version, row.withdrawn_at is None) for row in found]


def test_apps_in_the_field_say_nothing_and_nothing_is_noted(app: Flask, anonymous: Actor) -> None:
    person = registered(anonymous)

    assert person.get(CONSENTS).get_json() == {"terms": NEVER, "advertising": NEVER}
    assert rows(app) == []


def test_what_a_registration_agrees_to_is_kept_with_wording_and_time(
    app: Flask, anonymous: Actor
) -> None:
    person = registered(anonymous, consents={"terms": True, "advertising": False})

    assert person.get(CONSENTS).get_json() == {"terms": given(), "advertising": NEVER}
    assert rows(app) == [("terms", WORDING, True)]


def test_a_refused_registration_agrees_to_nothing(app: Flask, anonymous: Actor) -> None:
    registered(anonymous)

    assert register(anonymous, consents={"terms": True}).status_code == 409
    assert rows(app) == []


@pytest.mark.parametrize(
    ("consents", "field"),
    [
        ({"newsletter": True}, "consents.newsletter"),
        ({"terms": "yes"}, "consents.terms"),
        ({"terms": None}, "consents.terms"),
        ([], "consents"),
        (None, "consents"),
        (True, "consents"),
    ],
)
def test_other_consents_are_refused(
    app: Flask, anonymous: Actor, consents: Any, field: str
) -> None:
    assert_problem(register(anonymous, consents=consents), 422, "invalid_fields", field)
    assert rows(app) == []


def test_where_it_is_required_nobody_registers_without(make_app: Callable[..., Flask]) -> None:
    app = make_app(privacy=PrivacySettings(require_consent=True, terms_version="3"))
    visitor = Actor(app.test_client())

    for changes in ({}, {"consents": {}}, {"consents": {"terms": False, "advertising": True}}):
        problem = assert_problem(register(visitor, **changes), 422, "invalid_fields", "consents")
        assert problem["error_codes"] == {"consents": ["consent_required"]}
    person = registered(visitor, consents={"terms": True})
    assert person.get(CONSENTS).get_json()["terms"] == given(version="3")


def test_advertising_is_withdrawn_and_given_again_as_a_new_row(
    app: Flask, anonymous: Actor, clock: time_machine.Coordinates
) -> None:
    person = registered(anonymous, consents={"terms": True, "advertising": True})

    clock.shift(60)
    withdrawn = person.patch(CONSENTS, {"advertising": False}).get_json()
    assert person.patch(CONSENTS, {"advertising": False}).get_json() == withdrawn
    clock.shift(60)
    again = person.patch(CONSENTS, {"advertising": True}).get_json()
    assert person.patch(CONSENTS, {"advertising": True}).get_json() == again

    assert withdrawn["advertising"] == given() | {
        "given": False,
        "withdrawn_at": "2026-11-23T06:01:00Z",
    }
    assert again["advertising"] == given("2026-11-23T06:02:00Z")
    assert again["terms"] == given()
    assert rows(app) == [
        ("terms", WORDING, True),
        ("advertising", WORDING, False),
        ("advertising", WORDING, True),
    ]


def test_a_new_wording_is_agreed_to_anew(anonymous: Actor, make_app: Callable[..., Flask]) -> None:
    person = registered(anonymous, consents={"terms": True})
    later = make_app(privacy=PrivacySettings(terms_version="2027-01-01"))
    there = Actor(later.test_client(), access=person.access)

    assert there.get(CONSENTS).get_json()["terms"] == given()
    assert there.patch(CONSENTS, {"terms": True}).get_json()["terms"] == given(version="2027-01-01")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"terms": False}, "terms"),
        ({"terms": False, "advertising": True}, "terms"),
        ({"advertising": "no"}, "advertising"),
        ({"newsletter": True}, "newsletter"),
    ],
)
def test_terms_are_not_withdrawn_nor_others_given(
    app: Flask, anonymous: Actor, body: Any, field: str
) -> None:
    person = registered(anonymous, consents={"terms": True})

    assert_problem(person.patch(CONSENTS, body), 422, "invalid_fields", field)
    assert rows(app) == [("terms", WORDING, True)]


def test_a_change_on_top_of_another_is_refused(anonymous: Actor) -> None:
    person = registered(anonymous)
    tag = person.get(CONSENTS).headers["ETag"]
    assert person.get(CONSENTS, headers={"If-None-Match": tag}).status_code == 304

    first = person.patch(CONSENTS, {"advertising": True}, headers={"If-Match": tag})
    second = person.patch(CONSENTS, {"advertising": False}, headers={"If-Match": tag})

    assert first.status_code == 200
    assert first.headers["ETag"] == person.get(CONSENTS).headers["ETag"] != tag
    assert_problem(second, 412, "precondition_failed")
