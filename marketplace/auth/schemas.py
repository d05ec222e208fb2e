"""The wire's shape of accounts, sessions and tokens."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from flask import current_app

from marketplace.auth import identifiers
from marketplace.auth.models import CLIENT, SPECIALIST, User
from marketplace.auth.password_policy import MAX_LENGTH, MIN_LENGTH, password_faults
from marketplace.auth.privacy_schemas import ConsentsIn
from marketplace.core import fields
from marketplace.core.errors import Message
from marketplace.core.fields import refuse
from marketplace.core.schemas import BodySchema, OutSchema, PageQuery

TOKEN_MAX = 2_000
LOGIN_MAX = 254


class Username(fields.Text):
    """A new user name in its stored form (contract section 1)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            min_length=identifiers.USERNAME_MIN, max_length=identifiers.USERNAME_MAX, **kwargs
        )

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        name = identifiers.username_form(super()._deserialize(value, attr, data, **kwargs))
        fault = identifiers.username_fault(name)
        if fault is not None:
            raise refuse(fault.key, **fault.values)
        return name


class Email(fields.Text):
    """An e-mail address."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"format": "email"}
        super().__init__(
            min_length=3, max_length=identifiers.EMAIL_MAX, metadata=metadata, **kwargs
        )

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        address = identifiers.email_form(super()._deserialize(value, attr, data, **kwargs))
        if address is None:
            raise refuse("email")
        return address


class Phone(fields.Text):
    """A phone number, E.164 inside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=5, max_length=32, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        number = identifiers.phone_form(super()._deserialize(value, attr, data, **kwargs))
        if number is None:
            raise refuse("phone")
        return number


class NewPassword(fields.Text):
    """A password being chosen; kept byte for byte."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            min_length=MIN_LENGTH,
            max_length=MAX_LENGTH,
            verbatim=True,
            metadata={"format": "password"},
            **kwargs,
        )


class Password(fields.Text):
    """A password being given; whatever was accepted once is accepted here."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            min_length=1,
            max_length=MAX_LENGTH,
            verbatim=True,
            metadata={"format": "password"},
            **kwargs,
        )


class RegisterIn(BodySchema):
    """E-mail or phone may be missing, not both."""

    username = Username(required=True)
    password = NewPassword(required=True)
    email = Email()
    phone = Phone()
    role = fields.Choice((CLIENT, SPECIALIST), required=True)
    consents = fields.Nested(ConsentsIn)

    @ma.validates_schema(skip_on_field_errors=False)
    def _consents(self, data: dict[str, Any], **_kwargs: Any) -> None:
        needed = current_app.config["MARKETPLACE"].privacy.require_consent
        if needed and not data.get("consents", {}).get("terms"):
            raise ma.ValidationError({"consents": [Message("consent_required")]})

    # Both look at a body with other faults too, so that one answer names them all.
    @ma.validates_schema(pass_original=True, skip_on_field_errors=False)
    def _contact(self, _data: dict[str, Any], original: Any, **_kwargs: Any) -> None:
        if isinstance(original, dict) and not original.keys() & {"email", "phone"}:
            message = [Message("contact_missing")]
            raise ma.ValidationError({"email": message, "phone": message})

    @ma.validates_schema(skip_on_field_errors=False)
    def _password(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if "password" not in data:
            return
        personal = [data[name] for name in ("username", "email", "phone") if name in data]
        brand = current_app.config["MARKETPLACE"].brand
        faults = password_faults(data["password"], personal=personal, brand=brand)
        if faults:
            raise ma.ValidationError({"password": faults})


class LoginIn(BodySchema):
    """`username` may hold the e-mail or the phone too."""

    username = fields.Text(required=True, min_length=1, max_length=LOGIN_MAX)
    password = Password(required=True)


class RefreshIn(BodySchema):
    refresh = fields.Text(required=True, min_length=1, max_length=TOKEN_MAX)


class PasswordChangeIn(BodySchema):
    old_password = Password(required=True)
    new_password = NewPassword(required=True)


class SessionsQuery(PageQuery):
    """The signed-in devices, newest first."""


class TokensOut(OutSchema):
    access = ma.fields.String(required=True)
    refresh = ma.fields.String(required=True)


class AccountOut(OutSchema):
    id = ma.fields.Integer(required=True)
    username = ma.fields.String(required=True)
    email = ma.fields.String(required=True, allow_none=True)
    email_verified = ma.fields.Boolean(required=True)
    phone = ma.fields.String(required=True, allow_none=True)
    phone_verified = ma.fields.Boolean(required=True)
    role = ma.fields.String(required=True)
    language = ma.fields.String(required=True)


class RegisteredOut(OutSchema):
    message = ma.fields.String(required=True)
    user = ma.fields.Nested(AccountOut, required=True)
    access = ma.fields.String(required=True)
    refresh = ma.fields.String(required=True)


class SessionOut(OutSchema):
    id = ma.fields.Integer(required=True)
    name = ma.fields.String(required=True)
    ip = ma.fields.String(required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    last_seen_at = ma.fields.AwareDateTime(required=True)
    current = ma.fields.Boolean(required=True)


def account_view(user: User) -> dict[str, Any]:
    """An account as its owner sees it."""
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "email_verified": user.email_verified_at is not None,
        "phone": user.phone,
        "phone_verified": user.phone_verified_at is not None,
        "role": user.role,
        "language": user.language,
    }
