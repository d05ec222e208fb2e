"""Domain errors: what rules and operations raise. `problems.py` turns them into answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """The stable words an app switches on (contract, conventions). Each has its texts in
    `problem_texts.py`.
    """

    MALFORMED_REQUEST = "malformed_request"
    MALFORMED_JSON = "malformed_json"
    DUPLICATE_PARAMETER = "duplicate_parameter"
    TOKEN_REQUIRED = "token_required"
    TOKEN_INVALID = "token_invalid"
    TOKEN_EXPIRED = "token_expired"
    TOKEN_REVOKED = "token_revoked"
    REFRESH_TOKEN_INVALID = "refresh_token_invalid"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"
    WRONG_CREDENTIALS = "wrong_credentials"
    WRONG_PASSWORD = "wrong_password"
    CODE_INVALID = "code_invalid"
    IDENTITY_TOKEN_INVALID = "identity_token_invalid"
    REAUTHENTICATION_REQUIRED = "reauthentication_required"
    ACCOUNT_BLOCKED = "account_blocked"
    WRONG_ROLE = "wrong_role"
    NOT_FOUND = "not_found"
    PROVIDER_NOT_CONFIGURED = "provider_not_configured"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    CONFLICT = "conflict"
    USERNAME_TAKEN = "username_taken"
    EMAIL_TAKEN = "email_taken"
    PHONE_TAKEN = "phone_taken"
    CONTACT_MISSING = "contact_missing"
    IDENTITY_TAKEN = "identity_taken"
    LAST_WAY_IN = "last_way_in"
    SLOT_TAKEN = "slot_taken"
    HOLD_EXPIRED = "hold_expired"
    TOO_MANY_HOLDS = "too_many_holds"
    WRONG_STATE = "wrong_state"
    TOO_LATE_TO_CANCEL = "too_late_to_cancel"
    TOO_LATE_TO_RESCHEDULE = "too_late_to_reschedule"
    EXCEPTION_OVERLAPS = "exception_overlaps"
    IDEMPOTENCY_IN_FLIGHT = "idempotency_in_flight"
    PRECONDITION_FAILED = "precondition_failed"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA_TYPE = "unsupported_media_type"
    INVALID_FIELDS = "invalid_fields"
    SLOT_NOT_OFFERED = "slot_not_offered"
    IDEMPOTENCY_KEY_REUSED = "idempotency_key_reused"
    TOO_MANY_REQUESTS = "too_many_requests"
    HEADERS_TOO_LARGE = "headers_too_large"
    INTERNAL_ERROR = "internal_error"
    NOT_IMPLEMENTED = "not_implemented"
    SERVICE_UNAVAILABLE = "service_unavailable"
    PROVIDER_UNAVAILABLE = "provider_unavailable"


STATUS = {
    Code.MALFORMED_REQUEST: 400,
    Code.MALFORMED_JSON: 400,
    Code.DUPLICATE_PARAMETER: 400,
    Code.TOKEN_REQUIRED: 401,
    Code.TOKEN_INVALID: 401,
    Code.TOKEN_EXPIRED: 401,
    Code.TOKEN_REVOKED: 401,
    Code.REFRESH_TOKEN_INVALID: 401,
    Code.REFRESH_TOKEN_REUSED: 401,
    Code.WRONG_CREDENTIALS: 401,
    Code.WRONG_PASSWORD: 422,
    Code.CODE_INVALID: 422,
    Code.IDENTITY_TOKEN_INVALID: 401,
    Code.REAUTHENTICATION_REQUIRED: 403,
    Code.ACCOUNT_BLOCKED: 403,
    Code.WRONG_ROLE: 403,
    Code.NOT_FOUND: 404,
    Code.PROVIDER_NOT_CONFIGURED: 404,
    Code.METHOD_NOT_ALLOWED: 405,
    Code.CONFLICT: 409,
    Code.USERNAME_TAKEN: 409,
    Code.EMAIL_TAKEN: 409,
    Code.PHONE_TAKEN: 409,
    Code.CONTACT_MISSING: 409,
    Code.IDENTITY_TAKEN: 409,
    Code.LAST_WAY_IN: 409,
    Code.SLOT_TAKEN: 409,
    Code.HOLD_EXPIRED: 409,
    Code.TOO_MANY_HOLDS: 409,
    Code.WRONG_STATE: 409,
    Code.TOO_LATE_TO_CANCEL: 409,
    Code.TOO_LATE_TO_RESCHEDULE: 409,
    Code.EXCEPTION_OVERLAPS: 409,
    Code.IDEMPOTENCY_IN_FLIGHT: 409,
    Code.PRECONDITION_FAILED: 412,
    Code.PAYLOAD_TOO_LARGE: 413,
    Code.UNSUPPORTED_MEDIA_TYPE: 415,
    Code.INVALID_FIELDS: 422,
    Code.SLOT_NOT_OFFERED: 422,
    Code.IDEMPOTENCY_KEY_REUSED: 422,
    Code.TOO_MANY_REQUESTS: 429,
    Code.HEADERS_TOO_LARGE: 431,
    Code.INTERNAL_ERROR: 500,
    Code.NOT_IMPLEMENTED: 501,
    Code.SERVICE_UNAVAILABLE: 503,
    Code.PROVIDER_UNAVAILABLE: 503,
}


@dataclass(frozen=True)
class Message:
    """A text not yet in any language: a key of the catalogue and what to fill in."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)


class DomainError(Exception):
    """Something the caller must be told. `errors` maps a field to its messages, `members` are
    further members of the problem, ready to be encoded.
    """

    def __init__(
        self,
        code: Code,
        *,
        errors: Mapping[str, Sequence[Message]] | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors or {}
        self.headers = headers or {}
        self.members = members or {}


def not_found() -> DomainError:
    """Not there, or not the caller's to know of: the two must look the same."""
    return DomainError(Code.NOT_FOUND)


def invalid(name: str, key: str, **values: Any) -> DomainError:
    """One field refused, with the catalogue's `key` as its reason."""
    return DomainError(Code.INVALID_FIELDS, errors={name: [Message(key, values)]})
