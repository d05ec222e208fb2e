"""Entity tags and the conditions built on them (RFC 9110 section 13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from flask import Response, request

from marketplace.core.errors import Code, DomainError
from marketplace.core.json import encode
from marketplace.core.permissions import optional_viewer

# For how many times its age a kept answer may be shown while it is asked for anew.
_STALE_FACTOR = 4


def etag_of(versions: Iterable[object]) -> str:
    """A strong tag from the identities and versions of the rows shown."""
    text = "|".join(map(str, versions))
    return blake2b(text.encode(), digest_size=12).hexdigest()


def json_response(body: str, status: int = 200) -> Response:
    """A JSON answer from an encoded body."""
    return Response(body, status, mimetype="application/json")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a GET of a public resource shows, whoever asks.

    A cache may keep it for `max_age` seconds. `headers` are those of its own. If nothing is written
    it stays what it is up to `good_through` (microseconds since 1970, itself included); 0 for what
    may change without a word.
    """

    body: str
    etag: str
    max_age: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    good_through: int = 0


def answer(shown: Shown, *, by_language: bool = False) -> Response:
    """The answer to the present caller, who is shown what everybody is (who reads the language)."""
    response = tagged(
        shown.body,
        shown.etag,
        private=optional_viewer() is not None,
        max_age=shown.max_age,
        by_language=by_language,
    )
    response.headers.extend(shown.headers)
    return response


def private_json(shown: Any) -> Response:
    """Plain values as an answer without a tag that is the caller's alone, to be asked for anew."""
    response = json_response(encode(shown))
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def tagged(
    body: str, etag: str, *, private: bool, max_age: int = 0, by_language: bool = False
) -> Response:
    """A GET's answer: 304 when the client holds this version, else the body with its tag.

    `private` answers depend on who asks and are to be revalidated before reuse, as public ones are
    unless they may be kept for `max_age` seconds.
    """
    unchanged = request.if_none_match.contains_weak(etag) if _sent("If-None-Match") else False
    response = Response(status=304) if unchanged else json_response(body)
    with_etag(response, etag, private=private)
    if max_age and not private:
        stale = max_age * _STALE_FACTOR
        kept = f"public, max-age={max_age}, stale-while-revalidate={stale}"
        response.headers["Cache-Control"] = kept
    if by_language:
        response.headers["Vary"] = "Authorization, Accept-Language"
    return response


def with_etag(response: Response, etag: str, *, private: bool) -> Response:
    """Put the tag and the matching cache rules on an answer."""
    headers = response.headers
    headers["ETag"] = f'"{etag}"'
    headers["Cache-Control"] = "private, no-cache" if private else "no-cache"
    headers["Vary"] = "Authorization"
    return response


def require_match(etag: str) -> None:
    """Raise 412 when `If-Match` was sent and does not name the present version."""
    if _sent("If-Match") and not request.if_match.contains(etag):
        raise DomainError(Code.PRECONDITION_FAILED)


def _sent(header: str) -> bool:
    return header in request.headers
