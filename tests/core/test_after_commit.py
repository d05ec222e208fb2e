"""Actions after a commit: never before it, never without it."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from actors import People
from flask import Flask
from sqlalchemy.exc import DBAPIError

from marketplace.auth.models import User
from marketplace.core.after_commit import after_commit
from marketplace.core.database import database, session, transactional


def committed_name(user_id: int) -> str:
    """As another connection sees it."""
    with database.engine().connect() as connection:
        query = sa.select(User.username).where(User.id == user_id)
        return str(connection.execute(query).scalar())


@transactional
def rename(user_id: int, name: str) -> None:
    session().execute(sa.update(User).where(User.id == user_id).values(username=name))


def test_an_action_sees_what_was_committed(app: Flask, people: People) -> None:
    person = people.client()
    seen: list[str] = []

    @transactional
    def operation() -> None:
        after_commit(lambda: seen.append(committed_name(person.user_id)))
        rename(person.user_id, "novoe")  # joins, and must not run the action
        assert seen == []

    with app.app_context():
        operation()

    assert seen == ["novoe"]


def test_an_action_of_a_transaction_rolled_back_never_runs(app: Flask, people: People) -> None:
    person = people.client()
    seen: list[str] = []

    @transactional
    def operation() -> None:
        after_commit(lambda: seen.append("ran"))
        raise LookupError

    with app.app_context():
        with pytest.raises(LookupError):
            operation()
        rename(person.user_id, "novoe")  # the next transaction has none of it

    assert seen == []


def test_a_transaction_tried_again_runs_its_action_once(app: Flask) -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    seen: list[int] = []
    attempts: list[int] = []

    @transactional
    def operation() -> None:
        attempts.append(1)
        after_commit(lambda: seen.append(len(attempts)))
        if len(attempts) < 3:
            raise DBAPIError("", {}, Deadlock())

    with app.app_context():
        operation()

    assert seen == [3]


def test_a_failing_action_undoes_nothing_and_stops_no_other(
    app: Flask, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    person = people.client()
    seen: list[str] = []

    @transactional
    def operation() -> None:
        after_commit(lambda: {}["missing"])
        after_commit(lambda: rename(person.user_id, "vtoroe"))
        after_commit(lambda: seen.append("ran"))
        rename(person.user_id, "novoe")

    with app.app_context():
        operation()
        assert committed_name(person.user_id) == "vtoroe"

    assert seen == ["ran"]
    assert "an action after a commit failed" in caplog.text


def test_outside_a_transaction_there_is_nothing_to_wait_for(app: Flask) -> None:
    with app.app_context(), pytest.raises(RuntimeError):
        after_commit(lambda: None)
