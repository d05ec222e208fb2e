"""A photo's bytes to the squares that are kept: nothing of the file goes on but what one can see.

What the file is, its content decides. Its size is checked before a pixel is decoded.
"""

from __future__ import annotations

import logging
import re
import warnings
from io import BytesIO
from itertools import islice

from PIL import Image, ImageCms, PngImagePlugin

log = logging.getLogger(__name__)

SIZES = (512, 128)
MAX_PIXELS = 25_000_000
MAX_SIDE = 10_000
# What decoding may take. WebP's decoder holds several whole pictures, so that 10 megapixels fit.
MAX_DECODER_BYTES = 170_000_000
_WEBP_BYTES, _PNG_BYTES, _BASELINE_JPEG_BYTES = 17, 4, 1
_PROGRESSIVE_JPEG_BYTES = 2  # of each band: its coefficients are held until the last scan
# Each scan of a JPEG goes over the whole picture: with a few bytes a scan, a file asks for minutes.
# Ten make a picture; an embedded one or two have their own.
_MAX_SCANS = 64
_SCAN = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
# A PNG has one colour profile. Each one found would be unpacked, from a thousandth of its size.
_MAX_PROFILES = 8
_PROFILE = b"iCCP"
_QUALITY = 82
_STRIP_ROWS = 32
_WHITE = (255, 255, 255)
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))

# The library's own guards, behind ours.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)
PngImagePlugin.MAX_TEXT_MEMORY = 4 * 1024 * 1024


class RefusedImage(Exception):
    """Why a file is no avatar: `key` is the catalogue's, `values` fill it in."""

    def __init__(self, key: str, **values: int) -> None:
        super().__init__(key)
        self.key = key
        self.values = values


def squares(data: bytes) -> dict[int, bytes]:
    """The middle square of a JPEG, PNG or WebP photo, upright, as WebP in each of `SIZES`.

    Transparent parts become white; of an animation the first frame is taken. Raises
    `RefusedImage`.
    """
    kind = _kind(data)
    _check_work(data, kind)
    try:
        with Image.open(BytesIO(data), formats=[kind]) as image:
            _check_size(image, kind)
            return _encoded(_square(image))
    except RefusedImage:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large() from error
    except Exception as error:
        # A hostile file can bring out any of the decoders' errors, and each says the same of it.
        log.info("an image was refused: %s", type(error).__name__)
        raise RefusedImage("image_unreadable") from error


def _kind(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    raise RefusedImage("image_format")


def _check_work(data: bytes, kind: str) -> None:
    if kind == "JPEG":
        excessive = sum(1 for _ in islice(_SCAN.finditer(data), _MAX_SCANS + 1)) > _MAX_SCANS
    else:
        excessive = kind == "PNG" and data.count(_PROFILE) > _MAX_PROFILES
    if excessive:
        raise RefusedImage("image_unreadable")


def _check_size(image: Image.Image, kind: str) -> None:
    pixels = image.width * image.height
    costs = {"WEBP": _WEBP_BYTES, "PNG": _PNG_BYTES, "JPEG": _BASELINE_JPEG_BYTES}
    cost = costs[kind]
    if "progressive" in image.info:
        cost = _PROGRESSIVE_JPEG_BYTES * len(image.getbands())
    too_many = pixels > MAX_PIXELS or pixels * cost > MAX_DECODER_BYTES
    if too_many or max(image.size) > MAX_SIDE:
        raise _too_large()


def _too_large() -> RefusedImage:
    return RefusedImage("image_too_large", max=MAX_PIXELS // 1_000_000, side=MAX_SIDE)


def _square(image: Image.Image) -> Image.Image:
    largest = max(SIZES)
    # A JPEG can be decoded at a half, a quarter or an eighth, still at least this large.
    image.draft(image.mode, (largest, largest))
    image.load()
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    flat = _reduced(image, left, top, side)
    small = flat.resize((largest, largest), Image.Resampling.LANCZOS)
    small = _in_srgb(small, image)
    turn = _TURNS.get(_orientation(image))
    return small if turn is None else small.transpose(turn)


def _reduced(image: Image.Image, left: int, top: int, side: int) -> Image.Image:
    """The square on white in RGB, not much larger than needed. It is taken in strips: a second
    picture of the whole size would double the memory.
    """
    factor = max(1, side // (2 * max(SIZES)))
    size = side // factor
    result = Image.new("RGB", (size, size), _WHITE)
    for row in range(0, size, _STRIP_ROWS):
        rows = min(_STRIP_ROWS, size - row)
        upper = top + row * factor
        strip = image.crop((left, upper, left + size * factor, upper + rows * factor))
        flat = _on_white(strip)
        result.paste(flat.reduce(factor) if factor > 1 else flat, (0, row))
    return result


def _on_white(strip: Image.Image) -> Image.Image:
    if strip.mode.startswith("I"):
        # Sixteen bits: converting would cut off what is brighter than 255.
        strip = strip.point(lambda value: value / 256).convert("L")
    if not strip.has_transparency_data:
        return strip.convert("RGB")
    above = strip.convert("RGBA")
    ground = Image.new("RGBA", above.size, (*_WHITE, 255))
    return Image.alpha_composite(ground, above).convert("RGB")


def _in_srgb(small: Image.Image, image: Image.Image) -> Image.Image:
    """Colours as the file's profile means them; a profile that cannot be used is left out."""
    described = image.info.get("icc_profile")
    if not described or image.mode not in ("RGB", "RGBA", "P"):
        return small
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(described))
        return ImageCms.profileToProfile(small, profile, _SRGB, outputMode="RGB") or small
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return small


def _orientation(image: Image.Image) -> int:
    try:
        told = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - broken metadata, whose picture may be fine
        return 1
    return told if isinstance(told, int) else 1


def _encoded(square: Image.Image) -> dict[int, bytes]:
    # A picture of its own: what the library carries along from the file stays behind.
    clean = Image.new("RGB", square.size)
    clean.paste(square)
    encoded = {}
    for size in SIZES:
        shown = clean if size == clean.width else clean.resize((size, size), reducing_gap=3.0)
        file = BytesIO()
        shown.save(file, "WEBP", quality=_QUALITY, method=4)
        encoded[size] = file.getvalue()
    return encoded
