"""That the watch over the log sees what it is there for, and what answers and documents hold."""

from __future__ import annotations

import logging

import pytest
from actors import PASSWORD, Actor
from auth.support import newest_code, registered
from canaries import Watch, leaks
from flask import Flask

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlc2lnbmF0dXJl"


@pytest.mark.parametrize("secret", [PASSWORD, TOKEN, "+79161234567", "$argon2id$v=19$m=19456"])
def test_a_secret_in_a_message_or_a_field_is_seen(secret: str) -> None:
    watch = Watch()
    for extra in ({}, {"note": secret}):
        message = "said" if extra else f"said {secret}"
        record = logging.getLogger("marketplace.x").makeRecord(
            "marketplace.x", logging.INFO, "", 0, message, (), None, extra=extra
        )
        watch.emit(record)

    assert len(watch.caught) == 2


def test_a_code_that_was_sent_is_known(app: Flask, anonymous: Actor) -> None:
    maria = registered(anonymous)
    maria.post("/api/auth/verify/email/")
    code = newest_code(app)

    assert leaks(f"the code {code}.") == [code]
    assert leaks(f"1{code}") == []


def test_the_specification_holds_no_secret_of_a_person(shared_app: Flask) -> None:
    text = shared_app.test_client().get("/api/openapi.json").text

    # The published demo password is an example, and phones and tokens there are made up.
    assert PASSWORD not in text.replace("тихий-вечер-7", "", 1)
    assert "$argon2" not in text
