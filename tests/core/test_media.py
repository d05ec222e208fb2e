"""Both storages keep the same promises; a bucket that fails is a 503 within seconds."""

from __future__ import annotations

import shutil
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import photos
import pytest
from actors import Actor, assert_problem
from avatar_files import MINE, upload
from flask import Flask
from nginx_server import free_ports
from s3_server import BUCKET, KEY, SECRET, admin, s3_server

from marketplace.core.deadlines import Room
from marketplace.core.errors import Code, DomainError
from marketplace.core.media import s3
from marketplace.core.media.local import LocalStorage
from marketplace.core.media.s3 import S3Storage
from marketplace.core.media.storage import Storage
from marketplace.settings_media import Bucket, MediaSettings

NAME = "avatars/ab/0123-512.webp"
BAD_NAMES = [
    "",
    "x",
    "/etc/passwd",
    "avatars/../x.webp",
    "avatars/./x.webp",
    "../x.webp",
    "avatars//x.webp",
    "avatars/ab/.x.webp",
    "avatars\\ab\\x.webp",
    "avatars/ab/x.webp\n",
    "avatars/ab/x\0.webp",
    "avatars/AB/x.webp",
    "avatars/ab/ф.webp",
    "avatars/ab/x.webp/",
    "avatars/" + "a" * 200 + ".webp",
]


def bucket(address: str, name: str = BUCKET) -> Bucket:
    return Bucket(address, name, KEY, SECRET, secure=False)


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    with s3_server() as address:
        yield address


@pytest.fixture(params=["local", pytest.param("s3", marks=pytest.mark.slow)])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "local":
        return LocalStorage(tmp_path / "media")
    address = request.getfixturevalue("s3_address")
    empty_bucket(address)
    return S3Storage(bucket(address), Room(4))


def empty_bucket(address: str) -> None:
    for kept in admin(address).list_objects(BUCKET, recursive=True):
        admin(address).remove_object(BUCKET, str(kept.object_name))


def test_a_file_is_kept_found_and_removed(storage: Storage) -> None:
    assert storage.get(NAME) is None
    storage.put(NAME, b"\0picture\xff", "image/webp")
    assert storage.get(NAME) == b"\0picture\xff"

    storage.delete(NAME)
    storage.delete(NAME)

    assert storage.get(NAME) is None
    assert storage.page("avatars", after="", limit=10) == []


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_no_file_may_have_reaches_nothing(storage: Storage, name: str) -> None:
    for act in (
        lambda: storage.put(name, b"x", "image/webp"),
        lambda: storage.get(name),
        lambda: storage.delete(name),
    ):
        with pytest.raises(ValueError, match="not a name"):
            act()


def test_a_listing_is_in_the_order_of_names_and_in_pages(storage: Storage) -> None:
    names = [f"avatars/{part}/{part}{number:03}-512.webp" for part in "ab" for number in range(6)]
    names.append("avatars/a0/x.webp")
    for name in reversed(names):
        storage.put(name, b"x", "image/webp")
    storage.put("other/a/x.webp", b"x", "image/webp")
    expected, seen, after = sorted(names), [], ""

    while page := storage.page("avatars", after=after, limit=4):
        assert len(page) <= 4
        after = page[-1].name
        seen += page

    assert [file.name for file in seen] == expected
    now = datetime.now(UTC)
    assert all(abs(now - file.modified_at) < timedelta(minutes=5) for file in seen)


def test_a_link_in_the_folder_leads_nowhere(tmp_path: Path) -> None:
    storage = LocalStorage(tmp_path / "media")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x.webp").write_bytes(b"x")
    storage.put("avatars/ab/x.webp", b"x", "image/webp")
    (tmp_path / "media" / "avatars" / "zz").symlink_to(tmp_path / "outside")

    assert [file.name for file in storage.page("avatars", after="", limit=9)] == [
        "avatars/ab/x.webp"
    ]


def test_a_file_that_cannot_be_written_leaves_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = LocalStorage(tmp_path / "media")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DomainError) as caught:
        storage.put(NAME, b"x", "image/webp")

    assert caught.value.code is Code.SERVICE_UNAVAILABLE
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


class Answering(BaseHTTPRequestHandler):
    """Answers every request with one status and body, which the class holds."""

    status, body = 500, b""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.send_header("Location", "http://127.0.0.1:1/")
        self.end_headers()
        self.wfile.write(self.body)

    do_GET = do_PUT = do_DELETE = _answer  # noqa: N815 - the base class's names

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def answering(status: int, body: bytes = b"") -> Iterator[str]:
    kind = type("Kind", (Answering,), {"status": status, "body": body})
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def refused(act: Callable[[], object]) -> bool:
    with pytest.raises(DomainError) as caught:
        act()
    assert int(caught.value.headers["Retry-After"]) >= 1
    return caught.value.code is Code.SERVICE_UNAVAILABLE


DENIED = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, b""), (503, b"<Error><Code>SlowDown</Code></Error>"), (403, DENIED), (307, b""),
     (404, b"<Error><Code>NoSuchBucket</Code></Error>"), (200, b"not XML at all")],
)  # fmt: skip
def test_a_bucket_that_answers_badly_is_503(status: int, body: bytes) -> None:
    with answering(status, body) as address:
        storage = S3Storage(bucket(address), Room(4))
        assert refused(lambda: storage.page("avatars", after="", limit=5))
        if status != 200:
            assert refused(lambda: storage.put(NAME, b"x", "image/webp"))
            assert refused(lambda: storage.get(NAME))


def test_a_bucket_that_is_down_or_silent_is_503(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3, "READ_SECONDS", 0.2)
    (nobody,) = free_ports(1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for port in (nobody, silent.getsockname()[1]):
            storage = S3Storage(bucket(f"127.0.0.1:{port}"), Room(4))
            assert refused(partial(storage.put, NAME, b"x", "image/webp"))
            assert refused(partial(storage.delete, NAME))


def test_whoever_finds_all_places_taken_is_told_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(s3, "PATIENCE_SECONDS", 0.05)
    room = Room(2)  # of two threads one may wait
    with socket.create_server(("127.0.0.1", 0)) as silent:
        storage = S3Storage(bucket(f"127.0.0.1:{silent.getsockname()[1]}"), room)
        with room.place():
            assert refused(partial(storage.get, NAME))
        # The bucket was not even asked.
        silent.settimeout(0.1)
        with pytest.raises(TimeoutError):
            silent.accept()


def test_without_its_bucket_an_upload_is_503_and_the_old_avatar_stays(
    make_app: Callable[..., Flask], client: Actor
) -> None:
    before = upload(client, photos.plain()).get_json()
    (nobody,) = free_ports(1)
    app = make_app(media=MediaSettings(bucket=bucket(f"127.0.0.1:{nobody}")))
    person = Actor(app.test_client(), access=client.access)

    answer = upload(person, photos.plain())

    assert_problem(answer, 503, "service_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert client.get(MINE).get_json() == before
    shutil.rmtree(app.config["MARKETPLACE"].instance_path / "media")


@pytest.mark.slow
def test_with_a_bucket_avatars_are_fetched_from_its_address(
    make_app: Callable[..., Flask], client: Actor, s3_address: str
) -> None:
    empty_bucket(s3_address)
    public = f"http://{s3_address}/{BUCKET}"
    app = make_app(media=MediaSettings(bucket=bucket(s3_address), public_url=public))
    person = Actor(app.test_client(), access=client.access)

    first = upload(person, photos.plain()).get_json()
    second = upload(person, photos.encoded(photos.quarters())).get_json()

    assert second["avatar"].startswith(f"{public}/avatars/")
    with urllib.request.urlopen(second["avatar"], timeout=10) as answer:  # noqa: S310 - http
        assert photos.corners(answer.read()) == ["red", "green", "blue", "white"]
        assert answer.headers["Content-Type"] == "image/webp"
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Content-Disposition"] == "inline"
    kept = {each.object_name for each in admin(s3_address).list_objects(BUCKET, recursive=True)}
    assert {second["avatar"].rpartition("/")[2], second["avatar_small"].rpartition("/")[2]} == {
        name.rpartition("/")[2] for name in kept if name
    }
    assert first["avatar"] != second["avatar"]
    # Where the bucket is not public, the application serves what it keeps.
    own = person.get("/media/" + second["avatar"].removeprefix(f"{public}/"))
    assert (own.status_code, own.mimetype) == (200, "image/webp")
