"""Who is asking, and who may ask: every route declares its access, and without one it is closed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

from flask import g

from marketplace.core.errors import Code, DomainError

View = TypeVar("View", bound=Callable[..., object])


class Access(Enum):
    """Who may call a route. `INFRASTRUCTURE` is open, and neither authenticated nor limited: what
    health checks and documentation pages need.
    """

    INFRASTRUCTURE = "infrastructure"
    ANYONE = "anyone"
    SIGNED_IN = "signed_in"
    CLIENT = "client"
    SPECIALIST = "specialist"


@dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in caller, as the database knows them now (nothing is trusted from the token)."""

    user_id: int
    role: str
    session_id: int


def declare_access(view: View, access: Access) -> View:
    """Mark a view; wrappers made with `functools.wraps` keep the mark."""
    view.__access__ = access  # type: ignore[attr-defined]
    return view


def access_of(view: Callable[..., object]) -> Access:
    """The declared access of a view. Raises `LookupError` for a view without one."""
    access = getattr(view, "__access__", None)
    if access is None:
        raise LookupError(f"{view!r} declares no access")
    declared: Access = access
    return declared


def optional_viewer() -> Viewer | None:
    """The signed-in caller, or None."""
    viewer: Viewer | None = g.get("viewer")
    return viewer


def viewer() -> Viewer:
    """The signed-in caller of a route that is closed to others."""
    found = optional_viewer()
    if found is None:
        raise unauthorized(Code.TOKEN_REQUIRED)
    return found


def enforce(access: Access) -> None:
    """Refuse with 401 or 403 a caller whom `access` does not admit."""
    if access in (Access.ANYONE, Access.INFRASTRUCTURE):
        return
    caller = viewer()
    if access is not Access.SIGNED_IN and caller.role != access.value:
        raise DomainError(Code.WRONG_ROLE)


def unauthorized(code: Code) -> DomainError:
    """A 401 with the challenge RFC 6750 section 3 asks for."""
    challenge = 'Bearer realm="marketplace"'
    if code is not Code.TOKEN_REQUIRED and code is not Code.WRONG_CREDENTIALS:
        challenge += ', error="invalid_token"'
    return DomainError(code, headers={"WWW-Authenticate": challenge})
