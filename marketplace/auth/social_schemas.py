"""The wire's shape of social sign-in and of identities."""

from __future__ import annotations

import re
from typing import Any

import marshmallow as ma

from marketplace.auth.models import CLIENT, SPECIALIST, Identity
from marketplace.auth.privacy_schemas import ConsentsIn
from marketplace.auth.schemas import AccountOut, Password
from marketplace.core import fields
from marketplace.core.clock import wire_moment
from marketplace.core.fields import refuse
from marketplace.core.schemas import BodySchema, OutSchema, PageQuery
from marketplace.settings_social import PROVIDERS

ID_TOKEN_MAX = 8_000
NONCE_MAX = 255
_VK_MAX = 2_000
_VERIFIER = re.compile(r"[A-Za-z0-9_-]{43,128}", re.ASCII)


class CodeVerifier(fields.Text):
    """The secret whose hash the app sent when it opened the provider's page (RFC 7636)."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"pattern": f"^{_VERIFIER.pattern}$", "minLength": 43}
        super().__init__(max_length=128, verbatim=True, metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        verifier = super()._deserialize(value, attr, data, **kwargs)
        if not _VERIFIER.fullmatch(verifier):
            raise refuse("code_verifier")
        return verifier


class SocialSignInIn(BodySchema):
    """`role` and `consents` count for a new account only."""

    role = fields.Choice((CLIENT, SPECIALIST), load_default=CLIENT)
    consents = fields.Nested(ConsentsIn, load_default=dict)


class IdTokenIn(SocialSignInIn):
    """What the provider's own dialogue gave the app."""

    id_token = fields.Text(min_length=1, max_length=ID_TOKEN_MAX, verbatim=True, required=True)
    nonce = fields.Text(min_length=1, max_length=NONCE_MAX, verbatim=True)


class VkCodeIn(SocialSignInIn):
    """What VK ID's page handed back to the app, and the app's own secret."""

    code = fields.Text(min_length=1, max_length=_VK_MAX, verbatim=True, required=True)
    code_verifier = CodeVerifier(required=True)
    device_id = fields.Text(min_length=1, max_length=_VK_MAX, verbatim=True, required=True)
    state = fields.Text(min_length=1, max_length=_VK_MAX, verbatim=True, required=True)


class UnlinkIn(BodySchema):
    """Needed by those who have a password."""

    current_password = Password()


class IdentitiesQuery(PageQuery):
    """One's identities, newest first."""


class SignedInOut(OutSchema):
    access = ma.fields.String(required=True)
    refresh = ma.fields.String(required=True)
    user = ma.fields.Nested(AccountOut, required=True)
    created = ma.fields.Boolean(required=True)


class IdentityOut(OutSchema):
    id = ma.fields.Integer(required=True)
    provider = ma.fields.String(required=True, metadata={"enum": list(PROVIDERS)})
    email = ma.fields.String(required=True, allow_none=True)
    created_at = ma.fields.AwareDateTime(required=True)
    last_used_at = ma.fields.AwareDateTime(required=True)


def identity_view(identity: Identity) -> dict[str, Any]:
    """An identity as its owner sees it."""
    return {
        "id": identity.id,
        "provider": identity.provider,
        "email": identity.email,
        "created_at": wire_moment(identity.created_at),
        "last_used_at": wire_moment(identity.last_used_at),
    }
