"""The avatar as its owner and others meet it: uploaded, shown, served, removed, refused."""

from __future__ import annotations

import io
from typing import Any

import photos
import pytest
from actors import Actor, assert_problem
from auth.support import in_parallel
from avatar_files import MINE, kept, names, upload, uploaded
from flask import Flask
from photos import AVATAR
from PIL import Image

pytestmark = pytest.mark.usefixtures("no_media")


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
