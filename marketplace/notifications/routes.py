"""/api/auth/devices/: where the app takes push messages."""

from __future__ import annotations

from typing import Any

from flask import Response

from marketplace.core import conditional
from marketplace.core.api import ID, Blueprint
from marketplace.core.clock import utc_now
from marketplace.core.permissions import Access, viewer
from marketplace.notifications import examples, operations, schemas

blp = Blueprint("devices", __name__, url_prefix="/api/auth/devices")


@blp.operation(
    "POST",
    "/",
    access=Access.SIGNED_IN,
    summary="Принимать push на этом устройстве",
    description=(
        "Тот же токен ещё раз — то же устройство, теперь вошедшего. Больше двадцати не хранится: "
        "уходит то, что дольше всех не появлялось."
    ),
)
@blp.arguments(schemas.DeviceIn, example=examples.DEVICE_IN)
@blp.response(201, schemas.DeviceOut, example=examples.DEVICE)
def register_device(body: dict[str, Any]) -> Response:
    device_id = operations.register_device(
        viewer().user_id, body["token"], body["platform"], utc_now()
    )
    response = conditional.private_json({"id": device_id, "platform": body["platform"]})
    response.status_code = 201
    return response


@blp.operation(
    "DELETE",
    f"/<{ID}:device_id>/",
    access=Access.SIGNED_IN,
    summary="Больше не принимать push на устройстве",
)
@blp.response(204)
def delete_device(device_id: int) -> Response:
    operations.remove_device(viewer().user_id, device_id)
    return Response(status=204)
