"""The avatar as its owner and others meet it: uploaded, shown, served, removed, refused."""

from __future__ import annotations

import io
import random
from typing import Any

import photos
import pytest
from actors import Actor, assert_problem
from auth.support import in_parallel
from avatar_files import MINE, kept, names, upload, uploaded
from flask import Flask
from photos import AVATAR
from PIL import Image

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


def served(person: Actor, address: str, **kwargs: Any) -> Any:
    return person.get(address.removeprefix("http://testserver"), **kwargs)


def test_an_uploaded_photo_is_shown_in_two_sizes_to_everybody(
    app: Flask, specialist: Actor, anonymous: Actor
) -> None:
    service = specialist.new_service()
    answer = upload(specialist, photos.encoded(photos.quarters()))

    profile = answer.get_json()
    assert answer.status_code == 200
    assert kept(app) == names(profile)
    assert specialist.get(MINE).get_json() == profile
    seen = anonymous.get(f"/api/auth/profile/{specialist.user_id}/").get_json()
    card = anonymous.get(f"/api/services/{service['id']}/").get_json()["specialist_profile"]
    for shown in (seen, card):
        assert (shown["avatar"], shown["avatar_small"]) == (
            profile["avatar"],
            profile["avatar_small"],
        )
    for address, side in ((profile["avatar"], 512), (profile["avatar_small"], 128)):
        picture = served(anonymous, address)
        with Image.open(io.BytesIO(picture.data)) as image:
            assert (picture.status_code, image.size) == (200, (side, side))
        assert photos.corners(picture.data) == ["red", "green", "blue", "white"]


def test_a_file_is_served_to_be_kept_for_ever_and_never_run(
    client: Actor, anonymous: Actor
) -> None:
    address = uploaded(client)["avatar"]

    whole, head = served(anonymous, address), anonymous.call("HEAD", address)

    assert (head.status_code, head.data) == (200, b"")
    for headers in (whole.headers, head.headers):
        assert headers["Content-Type"] == "image/webp"
        assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Disposition"] == "inline"
        assert int(headers["Content-Length"]) == len(whole.data)


@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/avatars/",
        "/media/avatars/00/",
        "/media/../secret_key",
        "/media/%2e%2e/secret_key",
        "/media/..%2fsecret_key",
        "/media/avatars/../../secret_key",
        "/media/avatars/%00.webp",
        "/media//etc/passwd",
        f"/media/avatars/00/{'0' * 32}-512.webp",
        f"/media/avatars/00/{'0' * 32}-512.webp/",
        f"/media/avatars/00/{'0' * 32}-512.webp%0a",
    ],
)
def test_nothing_else_is_served(client: Actor, anonymous: Actor, path: str) -> None:
    uploaded(client)

    assert_problem(anonymous.get(path), 404, "not_found")


def test_a_new_photo_has_new_addresses_and_the_old_files_go(app: Flask, client: Actor) -> None:
    first = uploaded(client)
    second = uploaded(client, photos.BLUE)

    assert not set(names(first)) & set(names(second))
    assert kept(app) == names(second)
    assert_problem(served(client, first["avatar"]), 404, "not_found")


def test_a_removed_avatar_is_gone_with_its_files(app: Flask, client: Actor) -> None:
    uploaded(client)
    shown = client.get(MINE).headers["ETag"]

    removed, again = client.delete(AVATAR), client.delete(AVATAR)

    assert [(each.status_code, each.data) for each in (removed, again)] == [(204, b"")] * 2
    profile = client.get(MINE)
    assert (profile.get_json()["avatar"], profile.get_json()["avatar_small"]) == (None, None)
    assert profile.headers["ETag"] != shown
    assert kept(app) == []


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_the_clients_name_of_a_file_is_never_used(app: Flask, client: Actor, name: str) -> None:
    disposition = 'name="avatar"; filename="' + name.replace("\\", "\\\\") + '"'

    answer = client.put(AVATAR, **raw((disposition, photos.plain())))

    assert answer.status_code == 200, answer.text
    assert kept(app) == names(answer.get_json())
    assert all(each.startswith("avatars/") for each in kept(app))


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"", "image_format"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image_format"),
        (photos.encoded(Image.new("P", (8, 8)), "GIF"), "image_format"),
        (photos.plain()[:300], "image_unreadable"),
        (photos.plain((10_001, 1), kind="PNG"), "image_too_large"),
    ],
)
def test_what_is_no_photo_is_refused_in_both_languages(
    app: Flask, client: Actor, data: bytes, key: str
) -> None:
    before = uploaded(client)

    russian = assert_problem(upload(client, data), 422, "invalid_fields", "avatar")
    english = upload(client, data, headers={"Accept-Language": "en"}).get_json()

    assert russian["error_codes"] == english["error_codes"] == {"avatar": [key]}
    assert russian["errors"]["avatar"][0].isascii() is False
    assert english["errors"]["avatar"][0].isascii() is True
    assert client.get(MINE).get_json() == before
    assert kept(app) == names(before)


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


def test_a_stale_tag_changes_nothing(app: Flask, client: Actor) -> None:
    stale = client.get(MINE).headers["ETag"]
    profile = uploaded(client)
    present = client.get(MINE).headers["ETag"]
    other = photos.plain(color=photos.BLUE)

    refused = upload(client, other, headers={"If-Match": stale})
    kept_back = client.delete(AVATAR, headers={"If-Match": stale})
    passed = upload(client, other, headers={"If-Match": present})

    for answer in (refused, kept_back):
        assert_problem(answer, 412, "precondition_failed")
    assert (passed.status_code, stale != present) == (200, True)
    assert passed.headers["ETag"] == client.get(MINE).headers["ETag"]
    assert client.get(MINE).get_json()["avatar"] not in (None, profile["avatar"])
    assert kept(app) == names(passed.get_json())


def test_of_parallel_uploads_one_pair_of_files_stays(app: Flask, client: Actor) -> None:
    def change(number: int) -> int:
        device = Actor(app.test_client(), access=client.access)
        return upload(device, photos.plain(color=(number * 60, 0, 0))).status_code

    assert in_parallel(4, change) == [200] * 4
    assert kept(app) == names(client.get(MINE).get_json())


def test_of_parallel_uploads_of_one_version_one_wins(app: Flask, client: Actor) -> None:
    headers = {"If-Match": client.get(MINE).headers["ETag"]}

    def change(_number: int) -> int:
        device = Actor(app.test_client(), access=client.access)
        return upload(device, photos.plain(), headers=headers).status_code

    assert sorted(in_parallel(3, change)) == [200, 412, 412]
    assert kept(app) == names(client.get(MINE).get_json())


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
