"""The form an avatar comes in: one file of one name, at most 5 MiB, and nothing else."""

from __future__ import annotations

import random
from typing import Any

import photos
import pytest
from actors import Actor, assert_problem
from avatar_files import MINE, kept, names
from flask import Flask
from photos import AVATAR

from marketplace.profile import avatars

pytestmark = pytest.mark.usefixtures("no_media")

HOSTILE_NAMES = [
    "../../../etc/passwd",
    "..\\..\\boot.ini",
    "/etc/passwd",
    "Фото.png",
    "x.php",
    "x.html",
    "a\x00b.jpg",
    "CON",
    "x" * 5_000,
    "' OR 1=1 --.jpg",
    "<script>alert(1)</script>.svg",
]


def raw(*parts: tuple[str, bytes]) -> dict[str, Any]:
    """A multipart body of parts as they stand: (disposition, content)."""
    body = b"".join(
        b"--edge\r\nContent-Disposition: form-data; " + head.encode() + b"\r\n\r\n" + data + b"\r\n"
        for head, data in parts
    )
    return {"data": body + b"--edge--\r\n", "content_type": "multipart/form-data; boundary=edge"}


FILE = 'name="avatar"; filename="a.jpg"'


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_the_clients_name_of_a_file_is_never_used(app: Flask, client: Actor, name: str) -> None:
    disposition = 'name="avatar"; filename="' + name.replace("\\", "\\\\") + '"'

    answer = client.put(AVATAR, **raw((disposition, photos.plain())))

    assert answer.status_code == 200, answer.text
    assert kept(app) == names(answer.get_json())
    assert all(each.startswith("avatars/") for each in kept(app))


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"avatar": ["required"]}),
        (raw(("name=x", b"1")), {"avatar": ["required"], "x": ["unknown"]}),
        (raw(("name=avatar", photos.plain())), {"avatar": ["file"]}),
        (raw((FILE, photos.plain()), (FILE, photos.plain())), {"avatar": ["duplicate"]}),
        (raw((FILE, photos.plain()), ("name=crop", b"1")), {"crop": ["unknown"]}),
        (
            raw((FILE, photos.plain()), ('name="b"; filename="b.jpg"', photos.plain())),
            {"b": ["unknown"]},
        ),
    ],
)
def test_one_file_of_that_name_is_taken_and_nothing_else(
    client: Actor, body: dict[str, Any], fields: dict[str, list[str]]
) -> None:
    problem = assert_problem(client.put(AVATAR, **body), 422, "invalid_fields", *fields)

    assert problem["error_codes"] == fields


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"avatar": "x"}},
        {"data": photos.plain(), "content_type": "image/jpeg"},
        {"data": photos.plain(), "content_type": "application/octet-stream"},
        {"data": "avatar=x", "content_type": "application/x-www-form-urlencoded"},
        {"data": photos.plain()},
    ],
)
def test_another_kind_of_body_is_415(client: Actor, body: dict[str, Any]) -> None:
    assert_problem(client.put(AVATAR, **body), 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [
        {"data": b"nothing", "content_type": "multipart/form-data"},
        raw(('filename="a.jpg"', photos.plain())),
        {"data": b"nothing", "content_type": "multipart/form-data; boundary=edge"},
        raw((FILE, b"x")) | {"data": raw((FILE, b"x"))["data"][:-30]},
        {"data": b"x", "content_type": "multipart/form-data; boundary=" + "e" * 3_000},
    ],
)
def test_a_form_that_cannot_be_read_is_400(client: Actor, body: dict[str, Any]) -> None:
    assert_problem(client.put(AVATAR, **body), 400, "malformed_request")


def test_a_photo_may_have_5_mib_and_no_more(client: Actor) -> None:
    photo = photos.plain()
    limit = avatars.MAX_BYTES

    fitting = client.put(AVATAR, **raw((FILE, photo.ljust(limit, b"\0"))))
    larger = client.put(AVATAR, **raw((FILE, photo.ljust(limit + 1, b"\0"))))
    far_larger = client.put(AVATAR, **raw((FILE, photo.ljust(6 * 1024 * 1024, b"\0"))))

    assert fitting.status_code == 200
    for refused in (larger, far_larger):
        assert_problem(refused, 413, "payload_too_large")


def test_many_parts_and_long_fields_are_refused(client: Actor) -> None:
    many = raw(*((f"name=f{number}", b"x") for number in range(2_000)))
    long = raw((FILE, photos.plain()), ("name=" + "n" * 400, b"x"))

    assert_problem(client.put(AVATAR, **many), 413, "payload_too_large")
    assert_problem(client.put(AVATAR, **long), 422, "invalid_fields", "n" * 100)


@pytest.mark.parametrize("path", [MINE, "/api/auth/me/"])
def test_other_routes_take_no_forms_and_no_large_bodies(client: Actor, path: str) -> None:
    small = client.patch(path, None, **raw((FILE, b"x")))
    large = client.patch(path, None, **raw((FILE, b"x" * 70_000)))

    assert_problem(small, 415, "unsupported_media_type")
    assert_problem(large, 413, "payload_too_large")
    assert_problem(client.delete(AVATAR, **raw((FILE, b"x"))), 415, "unsupported_media_type")


def test_no_damaged_form_is_a_server_error(client: Actor) -> None:
    chance = random.Random("forms")  # noqa: S311 - the same every time
    whole = raw((FILE, photos.plain((40, 30))), ("name=x", b"1"))

    statuses = set()
    for _ in range(200):
        body = bytearray(whole["data"])
        for _ in range(chance.randint(1, 6)):
            body[chance.randrange(len(body) // chance.choice((1, 8)))] = chance.randrange(256)
        if chance.random() < 0.3:
            del body[chance.randrange(len(body)) :]
        statuses.add(client.put(AVATAR, **whole | {"data": bytes(body)}).status_code)

    assert statuses <= {200, 400, 413, 422}
    assert {400, 422} <= statuses
