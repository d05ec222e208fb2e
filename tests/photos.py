"""Small images for tests, and the multipart bodies that carry them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from PIL import Image

AVATAR = "/api/auth/profile/me/avatar/"
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def plain(
    size: tuple[int, int] = (64, 48), color: Any = RED, kind: str = "JPEG", mode: str = "RGB"
) -> bytes:
    return encoded(Image.new(mode, size, color), kind)


def quarters(width: int = 640, height: int = 640) -> Image.Image:
    """Red at the top left, green at its right, blue below it, white in the last corner."""
    image = Image.new("RGB", (width, height), WHITE)
    x, y = width // 2, height // 2
    image.paste(RED, (0, 0, x, y))
    image.paste(GREEN, (x, 0, width, y))
    image.paste(BLUE, (0, y, x, height))
    return image


def corners(data: bytes) -> list[str]:
    """The colours of a picture's quarters, read as text is."""
    with Image.open(BytesIO(data)) as image:
        size = image.width
        points = [(size // 4, size // 4), (3 * size // 4, size // 4)]
        points += [(size // 4, 3 * size // 4), (3 * size // 4, 3 * size // 4)]
        return [named(image.convert("RGB").getpixel(point)) for point in points]


def named(color: Any) -> str:
    names = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE, "black": (0, 0, 0)}
    return min(
        names,
        key=lambda name: sum(abs(a - b) for a, b in zip(names[name], color, strict=True)),
    )


def form(data: bytes, name: str = "photo.jpg", field: str = "avatar") -> dict[str, Any]:
    """The arguments of a request that uploads a file."""
    return {"data": {field: (BytesIO(data), name)}, "content_type": "multipart/form-data"}
