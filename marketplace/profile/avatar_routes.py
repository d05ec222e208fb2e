"""/api/auth/profile/me/avatar/, and /media/ where no proxy serves it."""

from __future__ import annotations

from flask import Blueprint as PlainBlueprint
from flask import Response, current_app

from marketplace.core import conditional, limits, media
from marketplace.core.api import Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.errors import Code, not_found
from marketplace.core.permissions import Access, declare_access, viewer
from marketplace.profile import avatar_names, avatars, examples, queries, schemas, views
from marketplace.profile.models import Profile
from marketplace.settings import Settings

blp = Blueprint("avatar", __name__, url_prefix="/api/auth/profile")
blp_media = PlainBlueprint("media", __name__, url_prefix="/media")

_FOR_EVER = "public, max-age=31536000, immutable"


@blp.operation(
    "PUT",
    "/me/avatar/",
    access=Access.SIGNED_IN,
    summary="Загрузить мой аватар",
    description=(
        "JPEG, PNG или WebP: не больше 5 МиБ, 25 мегапикселей (WebP — 10) и 10 000 точек по "
        "стороне. Хранятся два квадрата, 512 и 128 точек, без метаданных. Картинка для пробы: "
        f"[avatar-example.jpg]({examples.AVATAR_FILE})."
    ),
    errors=[Code.PAYLOAD_TOO_LARGE],
    etag=True,
    if_match=True,
)
@blp.upload(
    avatars.FIELD,
    limit=avatars.MAX_BYTES,
    content_types=("image/jpeg", "image/png", "image/webp"),
    example=examples.AVATAR_FILE,
)
@blp.response(200, schemas.ProfileOut, example=examples.PROFILE)
def put_avatar(photo: bytes) -> Response:
    user_id = viewer().user_id
    limits.hit(("upload", str(user_id)))
    settings: Settings = current_app.config["MARKETPLACE"]
    avatars.replace_avatar(
        user_id,
        photo,
        scanner=settings.media.scanner,
        require_match=_require_match,
        now=utc_now(),
    )
    row = queries.own_profile(user_id)
    response = conditional.json_response(views.own_json(row))
    return conditional.with_etag(response, views.row_etag(row), private=True)


@blp.operation(
    "DELETE", "/me/avatar/", access=Access.SIGNED_IN, summary="Убрать мой аватар", if_match=True
)
@blp.response(204)
def delete_avatar() -> Response:
    avatars.remove_avatar(viewer().user_id, require_match=_require_match, now=utc_now())
    return Response(status=204)


def _require_match(present: Profile) -> None:
    conditional.require_match(views.profile_etag(present))


def serve_avatar(name: str) -> Response:
    data = media.storage().get(name) if avatar_names.is_name(name) else None
    if data is None:
        raise not_found()
    response = Response(data, mimetype=avatars.CONTENT_TYPE)
    response.headers["Cache-Control"] = _FOR_EVER
    response.headers["Content-Disposition"] = "inline"
    return response


blp_media.add_url_rule(
    "/<path:name>", view_func=declare_access(serve_avatar, Access.INFRASTRUCTURE)
)
