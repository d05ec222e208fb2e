"""What a first sign-in through a provider makes, and agrees to."""

from __future__ import annotations

from collections.abc import Callable

from actors import Actor, assert_problem
from auth.provider import Provider
from auth.social import change_user, enter, entered, rows_of
from auth.support import REGISTRATION, log_in, registered
from flask import Flask

from marketplace.auth.models import Consent, User
from marketplace.core.audit import AuditEntry
from marketplace.core.clock import utc_now
from marketplace.settings_privacy import PrivacySettings


def test_a_new_account_agrees_as_a_registration_does(
    make_app: Callable[..., Flask], provider: Provider
) -> None:
    """Where the terms are obligatory, none is made without them; who has one needs say nothing."""
    app = make_app(social=provider.settings, privacy=PrivacySettings(require_consent=True))
    stranger, body = Actor(app.test_client()), provider.google_body()

    for consents in ({}, {"consents": {}}, {"consents": {"terms": False, "advertising": True}}):
        refused = enter(stranger, "google", body | consents)
        assert_problem(refused, 422, "invalid_fields", "consents")
    assert rows_of(app, User) == []

    me = entered(stranger, "google", body | {"consents": {"terms": True}})

    [consent] = rows_of(app, Consent, user_id=me.user_id)
    assert (consent.kind, consent.withdrawn_at) == ("terms", None)
    assert consent.text_version == PrivacySettings().text_versions["terms"]
    assert enter(stranger, "google", body).status_code == 200


def test_an_account_whose_phone_is_proven_is_given_to_nobody(
    social_app: Flask, stranger: Actor, provider: Provider
) -> None:
    """Whoever mistyped their e-mail keeps the account with all that is in it; the address goes to
    the one whose it is.
    """
    holder = registered(stranger, email="maria@gmail.com")
    change_user(social_app, holder.user_id, phone_verified_at=utc_now())

    owner = entered(stranger, "google", provider.google_body())

    assert owner.user_id != holder.user_id
    mine, theirs = (me.get("/api/auth/me/").get_json() for me in (owner, holder))
    assert (mine["email"], mine["email_verified"]) == ("maria@gmail.com", True)
    assert (theirs["email"], theirs["phone"]) == (None, REGISTRATION["phone"])
    assert log_in(stranger, REGISTRATION["phone"]).status_code == 200
    assert_problem(log_in(stranger, "maria@gmail.com"), 401, "wrong_credentials")
    [entry] = rows_of(social_app, AuditEntry, action="email.let_go")
    assert entry.target_id == holder.user_id
