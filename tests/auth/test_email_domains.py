"""E-mail addresses whose domains look alike belong to different people."""

from actors import PASSWORD, Actor
from command_line import CommandLine
from flask import Flask


def test_domains_that_fold_alike_are_two_addresses_and_are_found_as_they_read(
    app: Flask, anonymous: Actor
) -> None:
    flask = CommandLine(app)
    for name, address in (("anna", "aN@Straße.de"), ("berta", "aN@strasse.de")):
        words = ("users", "create", name, "--role", "client", "--email", address)
        flask.do(*words, "--password-stdin", stdin=f"{PASSWORD}-{name}\n")

    for login, owner in (("an@straße.de", "anna"), ("AN@strasse.de", "berta")):
        for name in ("anna", "berta"):
            body = {"username": login, "password": f"{PASSWORD}-{name}"}
            status = anonymous.post("/api/auth/login/", body).status_code
            assert (status == 200) == (name == owner)
    found = [row["username"] for row in flask.json("users", "list", "--search", "@Straße")]
    assert "anna" in found
