"""An upload to the real server, over a real connection."""

from __future__ import annotations

import http.client
import json
from urllib.parse import urlsplit

import photos
import pytest
from databases import TestDatabase
from flask import Flask
from live_server import live_server
from photos import AVATAR

EDGE = b"--edge\r\n"
HEAD = b'Content-Disposition: form-data; name="avatar"; filename="../a.php"\r\n\r\n'
FORM = {"Content-Type": "multipart/form-data; boundary=edge"}


def body_of(data: bytes) -> bytes:
    return EDGE + HEAD + data + b"\r\n--edge--\r\n"


def call(
    address: str, method: str, path: str, body: object = None, **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request(method, path, body, headers)  # type: ignore[arg-type]
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.usefixtures("no_media")
def test_a_photo_goes_up_in_one_piece_or_in_chunks_and_comes_back(
    app: Flask, migrated: TestDatabase
) -> None:
    person = {"username": "klient", "password": "тихий-вечер-7", "email": "klient@example.com"}
    photo = photos.encoded(photos.quarters())
    with live_server(migrated) as address:
        told = json.dumps(person | {"role": "client"})
        json_type = {"Content-Type": "application/json"}
        _, _, made = call(address, "POST", "/api/auth/register/", told, **json_type)
        headers = FORM | {"Authorization": f"Bearer {json.loads(made)['access']}"}

        largest = body_of(photo.ljust(5 * 1024 * 1024, b"\0"))
        status, _, shown = call(address, "PUT", AVATAR, largest, **headers)
        assert status == 200, shown
        chunked = iter([body_of(photo)[start : start + 1_000] for start in range(0, 9_000, 1_000)])
        status, _, shown = call(address, "PUT", AVATAR, chunked, **headers)
        assert status == 200, shown

        path = urlsplit(json.loads(shown)["avatar"]).path
        status, served, picture = call(address, "GET", path)
        assert (status, served["Content-Type"]) == (200, "image/webp")
        assert photos.corners(picture) == ["red", "green", "blue", "white"]
        assert call(address, "GET", "/media/../secret_key")[0] == 404

        too_large = body_of(bytes(6 * 1024 * 1024 + 1))
        for body in (too_large, body_of(bytes(5 * 1024 * 1024 + 1))):
            status, told_headers, problem = call(address, "PUT", AVATAR, body, **headers)
            assert status == 413
            assert told_headers["Content-Type"] == "application/problem+json"
            assert json.loads(problem)["code"] == "payload_too_large"
        assert call(address, "PUT", AVATAR, body_of(photo), **FORM)[0] == 401
        assert call(address, "GET", path)[0] == 200
