"""Moving in: many accounts from an earlier system, all of them or none.

Rows are checked first, outside any transaction, and put aside in a file; then they are stored in
one transaction, in batches. Neither the memory nor the queries of a row grow with the file.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import IO, Any

import marshmallow as ma
import sqlalchemy as sa

from marketplace.auth import foreign_hashes, identifiers
from marketplace.auth.models import CLIENT, SPECIALIST, User
from marketplace.core import audit, fields, text
from marketplace.core.clock import wire_moment
from marketplace.core.database import session, table_of, transactional
from marketplace.core.errors import Message
from marketplace.core.fields import refuse
from marketplace.core.messages import DEFAULT_LANGUAGE, LANGUAGES
from marketplace.core.time_fields import Moment

BATCH = 500
_IN_MEMORY = 1 << 23
_UNIQUE = {"username": "username_folded", "email": "email_folded", "phone": "phone"}
# Fields of the account that are written to its row as they are.
_OWN = ("username", "email", "phone", "role", "language", "password_hash")

_NAMES = {
    "username": fields.Text(
        min_length=identifiers.USERNAME_MIN, max_length=identifiers.USERNAME_MAX
    ),
    "email": fields.Text(min_length=3, max_length=identifiers.EMAIL_MAX),
    "phone": fields.Text(min_length=5, max_length=32),
}
_FIELDS: dict[str, ma.fields.Field[Any]] = {
    "role": fields.Choice((CLIENT, SPECIALIST)),
    "language": fields.Choice(LANGUAGES),
    "email_verified": fields.Boolean(),
    "created_at": Moment(),
}

Rows = Sequence[Mapping[str, Any]]


@dataclass
class _Parts:
    """What features that come later in the house add: fields of theirs, rows of theirs."""

    fields: dict[str, ma.fields.Field[Any]] = field(default_factory=dict)
    store: list[Callable[[Rows, datetime], None]] = field(default_factory=list)


_parts = _Parts()


def on_import(
    store: Callable[[Rows, datetime], None],
    own_fields: Mapping[str, ma.fields.Field[Any]] | None = None,
) -> None:
    """Register a feature's part of making many accounts at once: `store` gets rows with `user_id`,
    `created_at` and what the file says of the feature's own fields.
    """
    _parts.fields |= own_fields or {}
    if store not in _parts.store:
        _parts.store.append(store)


def field_names() -> list[str]:
    """Every field a row may hold."""
    return [*_NAMES, *_FIELDS, "password_hash", *_parts.fields]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row cannot be taken; `reasons` are of the field, none of the row as a whole."""

    line: int
    field: str
    reasons: Sequence[Message | str]


# A row as it was read with its line, or why it could not be read.
Read = tuple[int, Mapping[str, Any] | str]


class Import:
    """One run. `refused` hears of every row that is not taken, `progress` of rows stored."""

    def __init__(self, refused: Callable[[Refusal], None], now: datetime) -> None:
        self._tell = refused
        self._now = now
        self._aside: IO[str] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed by `close`
            _IN_MEMORY, mode="w+", encoding="utf-8"
        )
        self.good = 0
        self.refused: set[int] = set()

    def close(self) -> None:
        """Drop what was put aside."""
        self._aside.close()

    def check(self, rows: Iterable[Read]) -> None:
        """Check rows by the rules of registration and put the good ones aside."""
        for line, row in rows:
            if isinstance(row, str):
                self._refuse(line, "", [row])
                continue
            values, faults = checked(row, self._now)
            for name, reasons in faults.items():
                self._refuse(line, name, reasons)
            if not faults:
                self.good += 1
                self._aside.write(json.dumps([line, values]) + "\n")

    def _refuse(self, line: int, name: str, reasons: Sequence[Message | str]) -> None:
        self.refused.add(line)
        self._tell(Refusal(line, name, reasons))

    def store(self, *, actor: str, dry_run: bool, progress: Callable[[int], None]) -> bool:
        """Store what was put aside; False when nothing is: for a rehearsal, or a refused row."""
        try:
            self._store(actor, dry_run, progress)
        except _Undo:
            return False
        return True

    @staticmethod
    def _values(lines: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
        for each in lines:
            line, values = json.loads(each)
            values["created_at"] = datetime.fromisoformat(values["created_at"])
            yield line, values

    @transactional
    def _store(self, actor: str, dry_run: bool, progress: Callable[[int], None]) -> None:
        connection = session().connection()
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))
            # Nobody registers a name between its check and its row.
            connection.execute(sa.text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))
        last_before = session().scalar(sa.select(sa.func.max(User.id))) or 0
        self._aside.seek(0)
        rows = self._values(self._aside)
        stored = 0
        while batch := list(islice(rows, BATCH)):
            stored += self._store_batch(batch, last_before)
            progress(len(batch))
        if dry_run or self.refused:
            raise _Undo
        audit.record("user.import", "import", 0, actor=actor, now=self._now, accounts=stored)

    def _store_batch(self, batch: list[tuple[int, dict[str, Any]]], last_before: int) -> int:
        taken = _taken([values for _, values in batch], last_before)
        good: list[dict[str, Any]] = []
        for line, values in batch:
            held = {name: values[column] for name, column in _UNIQUE.items() if values[column]}
            faults = {name: taken[name].get(value) for name, value in held.items()}
            for name, where in faults.items():
                if where:
                    self._refuse(line, name, [where])
            if not any(faults.values()):
                good.append(values)
                for name, value in held.items():
                    taken[name][value] = _IN_FILE
        if good:
            _insert(good, self._now)
        return len(good)


class _Undo(Exception):
    """Rolls everything back."""


_IN_FILE = "Given to an earlier row of the file."
_IN_DATABASE = "Already taken by an account that is here."


def _taken(batch: list[dict[str, Any]], last_before: int) -> dict[str, dict[str, str]]:
    """Of the names in a batch those that are taken, and by whom; a query for each kind of name."""
    found: dict[str, dict[str, str]] = {}
    for name, column_name in _UNIQUE.items():
        column = table_of(User).c[column_name]
        wanted = {values[column_name] for values in batch} - {None}
        rows = session().execute(sa.select(column, User.id).where(column.in_(wanted)))
        found[name] = {
            value: _IN_DATABASE if user_id <= last_before else _IN_FILE for value, user_id in rows
        }
    return found


def _insert(rows: list[dict[str, Any]], now: datetime) -> None:
    accounts = [
        {name: row[name] for name in (*_OWN, "username_folded", "email_folded", "created_at")}
        | {
            "email_verified_at": row["created_at"] if row["email_verified"] else None,
            "updated_at": now,
            "is_demo": False,
            "version": 1,
        }
        for row in rows
    ]
    users = table_of(User)
    session().execute(sa.insert(users), accounts)
    names = [row["username_folded"] for row in rows]
    made = sa.select(users.c.username_folded, users.c.id).where(users.c.username_folded.in_(names))
    ids = dict(session().execute(made).all())
    numbered = [
        {**row["rest"], "user_id": ids[name], "created_at": row["created_at"]}
        for name, row in zip(names, rows, strict=True)
    ]
    for store in _parts.store:
        store(numbered, now)


def checked(
    row: Mapping[str, Any], now: datetime
) -> tuple[dict[str, Any], dict[str, Sequence[Message | str]]]:
    """A row as it is stored, ready for JSON, and what is wrong with which field."""
    known = {**_FIELDS, **_parts.fields}
    values: dict[str, Any] = {"role": None, "rest": {}, "language": DEFAULT_LANGUAGE}
    values |= {"email_verified": False, "created_at": now, "password_hash": None}
    faults: dict[str, Sequence[Message | str]] = {}
    for name, value in row.items():
        if value is None:
            continue
        try:
            if name in _NAMES:
                values[name] = _name(name, value)
            elif name == "password_hash":
                values[name] = _hash(value)
            elif name in known:
                loaded = known[name].deserialize(value)
                (values["rest"] if name in _parts.fields else values)[name] = loaded
            else:
                faults[name] = [Message("unknown")]
        except ma.ValidationError as error:
            faults[name] = error.messages if isinstance(error.messages, list) else [str(error)]
    for name in ("username", "role"):
        if values.get(name) is None and name not in faults:
            faults[name] = [Message("required")]
    if not row.get("email") and not row.get("phone"):
        faults.setdefault("email", [Message("contact_missing")])
    _check_together(values, faults, now)
    return values, faults


def _check_together(
    values: dict[str, Any], faults: dict[str, Sequence[Message | str]], now: datetime
) -> None:
    if values["created_at"] > now:
        faults["created_at"] = ["This is in the future."]
    if values["email_verified"] and not values.get("email") and "email" not in faults:
        faults["email_verified"] = ["There is no e-mail in this row."]
    if not faults:
        email = values.setdefault("email", None)
        values.setdefault("phone", None)
        values["username_folded"] = text.fold(values["username"])
        values["email_folded"] = None if email is None else identifiers.email_key(email)
        values["created_at"] = wire_moment(values["created_at"])


def _name(kind: str, value: Any) -> str:
    given = _NAMES[kind].deserialize(value)
    if kind == "username":
        name = identifiers.username_form(given)
        fault = identifiers.username_fault(name)
        if fault is not None:
            raise refuse(fault.key, **fault.values)
        return name
    form = identifiers.email_form(given) if kind == "email" else identifiers.phone_form(given)
    if form is None:
        raise refuse(kind)
    return form


def _hash(value: Any) -> str | None:
    if not isinstance(value, str):
        raise refuse("string")
    try:
        return foreign_hashes.stored_form(value)
    except ValueError as error:
        raise ma.ValidationError([f"This hash cannot be taken: it is {error}."]) from None
