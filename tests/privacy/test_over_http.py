"""The routes over a real connection, and of many who erase at once one does."""

from __future__ import annotations

import httpx
from actors import PASSWORD, People
from auth.support import in_parallel
from databases import TestDatabase, empty
from flask import Flask
from live_server import live_server
from privacy.support import ERASE, EXPORT


def test_an_export_and_an_erasure(migrated: TestDatabase, shared_app: Flask) -> None:
    empty(shared_app)
    with live_server(migrated) as address, httpx.Client() as http:
        person = {
            "username": "maria",
            "email": "maria@example.com",
            "password": PASSWORD,
            "role": "client",
            "consents": {"terms": True},
        }
        made = http.post(f"{address}/api/auth/register/", json=person).json()
        http.headers["Authorization"] = f"Bearer {made['access']}"
        bio = {"bio": "очень длинная история " * 200}
        assert http.patch(f"{address}/api/auth/profile/me/", json=bio).status_code == 200

        exported = http.get(f"{address}{EXPORT}")
        erased = http.post(f"{address}{ERASE}", json={"password": PASSWORD})
        again = http.get(f"{address}{EXPORT}")

    assert exported.status_code == 200
    assert exported.headers["Cache-Control"] == "no-store"
    assert len(exported.content) == int(exported.headers["Content-Length"])
    assert exported.json()["profile"]["bio"] == bio["bio"].strip()
    assert (erased.status_code, erased.content) == (204, b"")
    assert (again.status_code, again.json()["code"]) == (401, "token_revoked")


def test_of_many_at_once_one_erases(app: Flask, people: People) -> None:
    person = people.client()

    def erase(_: int) -> int:
        client = app.test_client()
        headers = {"Authorization": f"Bearer {person.access}"}
        return client.post(ERASE, json={"password": PASSWORD}, headers=headers).status_code

    statuses = sorted(in_parallel(4, erase))

    assert statuses == [204, 401, 401, 401]
    journal = app.config["MARKETPLACE"].erasure_journal
    assert len(journal.read_text().splitlines()) == 1
