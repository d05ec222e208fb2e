"""The documentation page is made of our own files only."""

import re

import pytest
from flask import Flask


def test_the_documentation_page_takes_everything_from_this_server(shared_app: Flask) -> None:
    client = shared_app.test_client()

    page = client.get("/api/docs/", buffered=True)
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    answers = {path: client.get(path, buffered=True) for path in assets}

    assert page.mimetype == "text/html"
    assert len(assets) == 5
    assert {path.startswith("/api/docs/assets/") for path in assets} == {True}
    assert {answer.status_code for answer in answers.values()} == {200}
    assert "://" not in page.text + answers["/api/docs/assets/docs.js"].text
    kinds = {path.rsplit(".", 1)[1]: answer.mimetype for path, answer in answers.items()}
    assert kinds == {"css": "text/css", "js": "text/javascript", "png": "image/png"}
    # However it is addressed: a relative address would be another one without the last slash.
    bare = client.get("/api/docs", buffered=True)
    assert (bare.status_code, bare.text) == (200, page.text)


def test_the_documentation_page_may_load_nothing_from_elsewhere(shared_app: Flask) -> None:
    page = shared_app.test_client().get("/api/docs/", buffered=True)

    policy = dict(
        directive.split(" ", 1) for directive in page.headers["Content-Security-Policy"].split("; ")
    )

    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    sources = {source for value in policy.values() for source in value.split()}
    assert sources == {"'none'", "'self'", "'unsafe-inline'", "data:"}


@pytest.mark.parametrize("name", ["index.html", "docs.html", "../docs.js", "%2e%2e%2fdocs.js", ""])
def test_nothing_but_the_pages_assets_is_given_out(shared_app: Flask, name: str) -> None:
    answer = shared_app.test_client().get(f"/api/docs/assets/{name}")

    assert answer.status_code == 404
    assert answer.get_json()["code"] == "not_found"
