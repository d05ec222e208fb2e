"""Avatars through the committed nginx: larger bodies on their path alone, files served by it."""

import io
import json

import photos
import pytest
from nginx_server import NGINX, Nginx, running_application, tell
from photos import AVATAR
from PIL import Image

HSTS = "max-age=63072000"


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    if NGINX is None:
        pytest.skip("nginx is not installed")
    folder = tmp_path_factory.mktemp("application")
    with running_application(folder, MARKETPLACE_PUBLIC_URL="http://files.example") as port:
        nginx = Nginx(tmp_path_factory.mktemp("nginx") / "conf", port, folder / "media")
        yield nginx
        nginx.stop()


@pytest.fixture(scope="module")
def bearer(nginx):
    person = {"username": "klient", "password": "тихий-вечер-7", "email": "klient@example.com"}
    answer = nginx.https(*tell("POST", "/api/auth/register/", person | {"role": "client"}))
    assert answer.status == 201, answer.body
    return {"Authorization": f"Bearer {json.loads(answer.body)['access']}"}


def body_of(data):
    head = b'--edge\r\nContent-Disposition: form-data; name="avatar"; filename="a.jpg"\r\n\r\n'
    return head + data + b"\r\n--edge--\r\n"


def upload(nginx, bearer, data, path=AVATAR, method="PUT"):
    headers = {"Content-Type": "multipart/form-data; boundary=edge"} | bearer
    return nginx.https(method, path, body_of(data), headers)


@pytest.mark.slow
def test_a_photo_of_5_mib_passes_and_nginx_serves_what_became_of_it(nginx, bearer):
    photo = photos.encoded(photos.quarters()).ljust(5 * 1024 * 1024, b"\0")

    answer = upload(nginx, bearer, photo)

    assert answer.status == 200, answer.body
    for field, side in (("avatar", 512), ("avatar_small", 128)):
        path = json.loads(answer.body)[field].removeprefix("http://files.example")
        served = nginx.https("GET", path)
        with Image.open(io.BytesIO(served.body)) as image:
            assert (served.status, image.format, image.size) == (200, "WEBP", (side, side))
        expected = {
            "Content-Type": "image/webp",
            "Cache-Control": "public, max-age=31536000, immutable",
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": "inline",
            "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "Strict-Transport-Security": HSTS,
        }
        assert {name: served.headers.get_all(name) for name in expected} == {
            name: [value] for name, value in expected.items()
        }
        head = nginx.https("HEAD", path)
        assert (head.status, head.body) == (200, b"")
        logged = [line for line in nginx.log_lines() if line["path"] == path]
        assert {line["upstream"] for line in logged} == {""}
        assert nginx.https("DELETE", path).problem()["code"] == "method_not_allowed"


@pytest.mark.slow
def test_larger_bodies_are_for_the_avatars_path_alone(nginx, bearer):
    with_slash = upload(nginx, bearer, b"x" * 5_500_000)
    without = upload(nginx, bearer, photos.plain(), AVATAR.rstrip("/"))
    beyond = upload(nginx, bearer, b"x" * 6_300_000)
    others = [
        upload(nginx, bearer, b"x" * 70_000, path, "PATCH")
        for path in ("/api/auth/profile/me/", f"{AVATAR}x", "/api/auth/profile/me/avatars/")
    ]

    assert with_slash.problem()["code"] == "payload_too_large"
    assert without.status == 200
    assert [answer.problem()["status"] for answer in [beyond, *others]] == [413] * 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [
        "/media/",
        "/media/avatars/",
        "/media/../marketplace.sqlite3",
        "/media/%2e%2e/nginx.sqlite3",
        "/media/avatars/..%2f..%2fnginx.sqlite3",
        "/media../nginx.sqlite3",
        f"/media/avatars/00/{'0' * 32}-512.webp",
        f"/media/avatars/00/{'0' * 32}-512.webp/",
    ],
)
def test_nothing_else_is_served_from_the_folder(nginx, path):
    answer = nginx.https("GET", path)

    assert answer.status in (400, 404)
    assert answer.problem()["code"] in ("not_found", "malformed_request")
    assert answer.headers.get_all("Cache-Control") == ["no-store"]
