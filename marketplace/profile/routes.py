"""/api/auth/profile/: the own profile and the specialists' public ones."""

from __future__ import annotations

from typing import Any

from flask import Response

from marketplace.core import conditional
from marketplace.core.api import ID, Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.permissions import Access, viewer
from marketplace.profile import examples, operations, queries, schemas, views

blp = Blueprint("profile", __name__, url_prefix="/api/auth/profile")


@blp.operation("GET", "/me/", access=Access.SIGNED_IN, summary="Мой профиль", etag=True)
@blp.response(200, schemas.OwnProfileOut, example=examples.OWN_PROFILE)
def get_own_profile() -> Response:
    row = queries.own_profile(viewer().user_id)
    return conditional.tagged(views.own_json(row), views.row_etag(row), private=True)


@blp.operation(
    "PATCH",
    "/me/",
    access=Access.SIGNED_IN,
    summary="Изменить мой профиль",
    description="Меняет только переданные поля.",
    etag=True,
    if_match=True,
)
@blp.arguments(schemas.ProfilePatch, example=examples.PROFILE_PATCH)
@blp.response(200, schemas.OwnProfileOut, example=examples.OWN_PROFILE)
def patch_own_profile(body: dict[str, Any]) -> Response:
    user_id = viewer().user_id
    operations.change_profile(
        user_id,
        body,
        require_match=lambda present: conditional.require_match(views.profile_etag(present)),
        now=utc_now(),
    )
    row = queries.own_profile(user_id)
    response = conditional.json_response(views.own_json(row))
    return conditional.with_etag(response, views.row_etag(row), private=True)


@blp.operation(
    "GET",
    f"/<{ID}:user_id>/",
    access=Access.ANYONE,
    summary="Профиль специалиста",
    description="`user_id` — id специалиста; профили клиентов не показываются (404).",
    etag=True,
)
@blp.response(200, schemas.ProfileOut, example=examples.PROFILE)
def get_public_profile(user_id: int) -> Response:
    row = queries.public_profile(user_id)
    return conditional.tagged(views.profile_json(row), views.row_etag(row), private=False)
