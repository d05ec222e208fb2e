"""The files behind avatars: what failures leave, what erasing takes, what the sweep finds."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import photos
import pytest
import sqlalchemy as sa
from actors import Actor, People, assert_problem
from avatar_files import MINE, folder, kept, names, upload, uploaded
from flask import Flask
from photos import AVATAR

from marketplace.auth import parts
from marketplace.auth.models import User
from marketplace.core import media
from marketplace.core.clock import utc_now
from marketplace.core.database import session, transactional
from marketplace.profile import avatars, images
from marketplace.profile.models import Profile

pytestmark = pytest.mark.usefixtures("no_media")

DAY = timedelta(days=1)


def make_old(path: Path, when: datetime) -> None:
    os.utime(path, (when.timestamp(), when.timestamp()))


def age_all(app: Flask, when: datetime) -> None:
    for name in kept(app):
        make_old(folder(app) / name, when)


def test_files_can_be_read_by_the_proxy_and_changed_by_nobody_else(
    app: Flask, client: Actor
) -> None:
    for name in names(uploaded(client)):
        path = folder(app) / name
        assert path.stat().st_mode & 0o777 == 0o644
        assert path.parent.stat().st_mode & 0o022 == 0


def test_a_transaction_that_fails_leaves_the_old_avatar_and_no_file(
    app: Flask, client: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = uploaded(client)

    def fails(*_args: Any) -> None:
        raise sa.exc.OperationalError("", {}, Exception("gone"))

    monkeypatch.setattr(avatars, "locked_profile", fails)
    answer = upload(client, photos.plain(color=photos.BLUE))

    assert_problem(answer, 503, "service_unavailable")
    assert client.get(MINE).get_json() == before
    assert kept(app) == names(before)


def test_a_storage_that_fails_midway_leaves_nothing(
    app: Flask, client: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = uploaded(client)
    with app.app_context():
        storage = media.storage()
    put = storage.put
    tried: list[str] = []

    def second_fails(name: str, data: bytes, content_type: str) -> None:
        tried.append(name)
        if len(tried) > 1:
            raise media.unavailable()
        put(name, data, content_type)

    monkeypatch.setattr(storage, "put", second_fails)
    answer = upload(client, photos.plain())

    assert_problem(answer, 503, "service_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert len(tried) == 2
    assert client.get(MINE).get_json() == before
    assert kept(app) == names(before)


def test_of_a_storage_that_is_away_nothing_more_is_asked_once_removing_fails(
    app: Flask, client: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call to a bucket that does not answer takes seconds, for which the person waits."""
    asked: list[str] = []

    def away(name: str, *_: Any) -> None:
        asked.append(name)
        raise media.unavailable()

    with app.app_context():
        storage = media.storage()
    monkeypatch.setattr(storage, "put", away)
    monkeypatch.setattr(storage, "delete", away)

    assert_problem(upload(client, photos.plain()), 503, "service_unavailable")
    assert len(asked) == 2  # writing the first, removing what may have come of it


def test_a_folder_that_cannot_be_written_is_503(app: Flask, client: Actor) -> None:
    folder(app).write_text("a file where the folder should be")
    try:
        assert_problem(upload(client, photos.plain()), 503, "service_unavailable")
    finally:
        folder(app).unlink()

    assert client.get(MINE).get_json()["avatar"] is None


def test_an_old_file_that_cannot_be_removed_spoils_nothing(
    app: Flask, client: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    uploaded(client)
    with app.app_context():
        storage = media.storage()

    def fails(_name: str) -> None:
        raise media.unavailable()

    monkeypatch.setattr(storage, "delete", fails)
    answer = upload(client, photos.plain(color=photos.BLUE))

    assert answer.status_code == 200
    assert set(names(answer.get_json())) < set(kept(app))


def test_while_too_many_photos_wait_one_is_told_to_come_again(
    client: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(avatars, "_QUEUE_SECONDS", 0.01)
    decoder = avatars._decoder

    with decoder:
        answer = upload(client, photos.plain())

    assert_problem(answer, 503, "service_unavailable")
    assert int(answer.headers["Retry-After"]) >= 1
    assert upload(client, photos.plain()).status_code == 200


def test_a_refused_photo_gives_the_decoder_back(client: Actor) -> None:
    for _ in range(3):
        upload(client, photos.plain()[:200])

    assert upload(client, photos.plain()).status_code == 200


def test_an_account_ended_meanwhile_keeps_no_file(
    app: Flask, client: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    squares = images.squares

    def ended_meanwhile(data: bytes) -> dict[int, bytes]:
        @transactional
        def block() -> None:
            session().execute(sa.update(User).values(blocked_at=utc_now()))

        block()
        return squares(data)

    monkeypatch.setattr(images, "squares", ended_meanwhile)

    assert_problem(upload(client, photos.plain()), 401, "token_revoked")
    assert kept(app) == []


@transactional
def erase(user_id: int, *, fails: bool = False) -> None:
    user = session().get(User, user_id)
    assert user is not None
    parts.run_erase_parts(user, utc_now())
    if fails:
        raise LookupError


def test_erasing_a_person_takes_the_files_once_it_is_committed(
    app: Flask, client: Actor, specialist: Actor
) -> None:
    other = uploaded(specialist)
    mine = uploaded(client)

    with app.app_context():
        with pytest.raises(LookupError):
            erase(client.user_id, fails=True)
        assert kept(app) == sorted(names(mine) + names(other))
        erase(client.user_id)

    assert kept(app) == names(other)
    assert client.get(MINE).get_json()["avatar"] is None


def test_an_export_tells_where_the_avatar_is(app: Flask, client: Actor, rival: Actor) -> None:
    profile = uploaded(client)

    with app.app_context():
        assert parts.exported(client.user_id)["avatar"] == profile["avatar"]
        assert parts.exported(rival.user_id)["avatar"] is None


def test_the_sweep_takes_old_files_that_nobody_shows(app: Flask, people: People) -> None:
    now = utc_now()
    shown = [uploaded(people.client(f"person{number}")) for number in range(3)]
    with app.app_context():
        for number in range(5):
            for size in images.SIZES:
                media.storage().put(f"avatars/0{number}/{number:032x}-{size}.webp", b"x", "")
    draft = folder(app) / "avatars" / "00" / "draft-00.part"
    draft.write_bytes(b"half")
    age_all(app, now - DAY - timedelta(seconds=2))
    fresh = folder(app) / "avatars" / "04" / f"{4:032x}-512.webp"
    make_old(fresh, now - DAY + timedelta(minutes=1))

    with app.app_context():
        assert avatars.sweep(now) == 10
        assert avatars.sweep(now) == 0
        expected = [name for profile in shown for name in names(profile)]
        expected.append(str(fresh.relative_to(folder(app))))
        assert kept(app) == sorted(expected)
        assert avatars.sweep(now + DAY) == 1


def test_the_sweep_goes_through_pages_and_keeps_what_was_stored_under_another_address(
    app: Flask, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(avatars, "_SWEPT_AT_ONCE", 2)
    now = utc_now()
    shown = [uploaded(people.client(f"person{number}")) for number in range(4)]

    @transactional
    def move() -> None:
        moved = sa.func.replace(Profile.avatar, "http://testserver/media", "https://old.example")
        session().execute(sa.update(Profile).values(avatar=moved))
        session().execute(sa.update(Profile).where(Profile.user_id == 4).values(avatar="x"))

    with app.app_context():
        move()
        age_all(app, now - 2 * DAY)
        assert avatars.sweep(now) == 2

    assert kept(app) == sorted(name for profile in shown[:3] for name in names(profile))


def test_an_avatar_from_elsewhere_is_shown_and_let_go(app: Flask, client: Actor) -> None:
    address = "https://elsewhere.example/photo.jpg"

    @transactional
    def bring() -> None:
        session().execute(sa.update(Profile).values(avatar=address))

    with app.app_context():
        bring()
    shown = client.get(MINE).get_json()

    assert (shown["avatar"], shown["avatar_small"]) == (address, address)
    assert client.delete(AVATAR).status_code == 204
