"""The wire's shape of codes, recovery and changed contacts."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from marketplace.auth.code_values import DIGITS
from marketplace.auth.schemas import LOGIN_MAX, AccountOut, Email, NewPassword, Password, Phone
from marketplace.core import fields
from marketplace.core.fields import refuse
from marketplace.core.messages import LANGUAGES
from marketplace.core.schemas import BodySchema, PatchSchema


class OneTimeCodeField(fields.Text):
    """Six digits, as they were sent."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            min_length=DIGITS,
            max_length=DIGITS,
            metadata={"pattern": f"^[0-9]{{{DIGITS}}}$"},
            **kwargs,
        )

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        code: str = super()._deserialize(value, attr, data, **kwargs)
        if not (code.isascii() and code.isdigit()):
            raise refuse("code_digits")
        return code


class CodeIn(BodySchema):
    code = OneTimeCodeField(required=True)


class ForgotIn(BodySchema):
    """`login` is a user name, an e-mail or a phone."""

    login = fields.Text(required=True, min_length=1, max_length=LOGIN_MAX)


class ResetIn(BodySchema):
    login = fields.Text(required=True, min_length=1, max_length=LOGIN_MAX)
    code = OneTimeCodeField(required=True)
    new_password = NewPassword(required=True)


class AccountPatch(PatchSchema):
    """A new e-mail or phone takes `current_password`, and effect when its code is confirmed."""

    language = fields.Choice(LANGUAGES)
    email = Email()
    phone = Phone()
    current_password = Password()


class OwnAccountOut(AccountOut):
    """`pending_email` and `pending_phone` wait for the code that was sent to them."""

    pending_email = ma.fields.String(required=True, allow_none=True)
    pending_phone = ma.fields.String(required=True, allow_none=True)
