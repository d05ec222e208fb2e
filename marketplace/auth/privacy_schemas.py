"""The wire's shape of consents and of erasing an account."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from marketplace.auth.models import Consent
from marketplace.auth.password_policy import MAX_LENGTH
from marketplace.core import fields
from marketplace.core.clock import wire_moment
from marketplace.core.fields import refuse
from marketplace.core.schemas import BodySchema, OutSchema, PatchSchema


class ConsentsIn(BodySchema):
    """What a registration agrees to."""

    terms = fields.Boolean()
    advertising = fields.Boolean()


class ConsentsPatch(PatchSchema):
    """The terms may be agreed to later; they are left by erasing the account only."""

    terms = fields.Boolean()
    advertising = fields.Boolean()

    @ma.validates_schema(skip_on_field_errors=False)
    def _terms(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data.get("terms") is False:
            raise ma.ValidationError({"terms": refuse("consent_kept").messages})


class EraseIn(BodySchema):
    """Without a password a social sign-in of the last minutes is needed."""

    password = fields.Text(
        min_length=1, max_length=MAX_LENGTH, verbatim=True, metadata={"format": "password"}
    )


class ConsentOut(OutSchema):
    given = ma.fields.Boolean(required=True)
    text_version = ma.fields.String(required=True, allow_none=True)
    given_at = ma.fields.AwareDateTime(required=True, allow_none=True)
    withdrawn_at = ma.fields.AwareDateTime(required=True, allow_none=True)


class ConsentsOut(OutSchema):
    terms = ma.fields.Nested(ConsentOut, required=True)
    advertising = ma.fields.Nested(ConsentOut, required=True)


class ExportOut(OutSchema):
    """Everything stored about a person: a member for each kind of record, those of other features
    beside the account's own.
    """

    class Meta:
        unknown = ma.INCLUDE

    exported_at = ma.fields.AwareDateTime(required=True)
    account = ma.fields.Dict(required=True)


def consents_view(latest: dict[str, Consent | None]) -> dict[str, Any]:
    """The present state of each consent."""
    return {kind: _consent(row) for kind, row in latest.items()}


def _consent(row: Consent | None) -> dict[str, Any]:
    if row is None:
        return {"given": False, "text_version": None, "given_at": None, "withdrawn_at": None}
    withdrawn = row.withdrawn_at
    return {
        "given": withdrawn is None,
        "text_version": row.text_version,
        "given_at": wire_moment(row.given_at),
        "withdrawn_at": None if withdrawn is None else wire_moment(withdrawn),
    }
