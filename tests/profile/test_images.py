"""What becomes of a photo: upright, square, small, clean; or why it is refused."""

from __future__ import annotations

import random
import struct
import zlib
from io import BytesIO

import photos
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from marketplace.profile import images

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
BEYOND = b"<html><script>alert(1)</script></html>PK\x03\x04polyglot.zip"


def shown(data: bytes, size: int = 512) -> Image.Image:
    with Image.open(BytesIO(images.squares(data)[size])) as image:
        image.load()
        return image


def refusal(data: bytes) -> str:
    with pytest.raises(images.RefusedImage) as caught:
        images.squares(data)
    return caught.value.key


def color_of(data: bytes) -> str:
    return photos.named(shown(data).convert("RGB").getpixel((256, 256)))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("size", [(1, 1), (64, 48), (3_000, 2_000), (513, 4_000)])
def test_every_photo_becomes_two_squares(kind: str, size: tuple[int, int]) -> None:
    made = images.squares(photos.plain(size, photos.GREEN, kind))

    assert sorted(made) == [128, 512]
    for side, data in made.items():
        with Image.open(BytesIO(data)) as image:
            assert (image.format, image.size, image.mode) == ("WEBP", (side, side), "RGB")
        assert photos.corners(data) == ["green"] * 4


def test_the_middle_is_kept() -> None:
    wide = Image.new("RGB", (3_000, 1_000), photos.RED)
    wide.paste(photos.quarters(1_000, 1_000), (1_000, 0))
    tall = Image.new("RGB", (800, 2_000), photos.RED)
    tall.paste(photos.quarters(800, 800), (0, 600))

    for image in (wide, tall):
        made = images.squares(photos.encoded(image, "PNG"))
        assert photos.corners(made[512]) == ["red", "green", "blue", "white"]
        assert photos.corners(made[128]) == ["red", "green", "blue", "white"]


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, "red green blue white"),
        (2, "green red white blue"),
        (3, "white blue green red"),
        (4, "blue white red green"),
        (5, "red blue green white"),
        (6, "blue red white green"),
        (7, "white green blue red"),
        (8, "green white red blue"),
        (9, "red green blue white"),
    ],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_stands_upright(kind: str, orientation: int, expected: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = photos.encoded(photos.quarters(900, 600), kind, exif=exif)

    assert " ".join(photos.corners(images.squares(data)[512])) == expected


def test_nothing_but_the_picture_goes_on() -> None:
    exif = Image.Exif()
    exif[0x010E] = "canary-description"
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (55.0, 45.0, 20.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "canary-text")
    xmp = b"<x:xmpmeta>canary-xmp</x:xmpmeta>"
    picture = photos.quarters()
    files = [
        photos.encoded(picture, "JPEG", exif=exif, icc_profile=profile, comment=b"canary-comment"),
        photos.encoded(picture, "PNG", exif=exif, icc_profile=profile, pnginfo=text),
        photos.encoded(picture, "WEBP", exif=exif, icc_profile=profile, xmp=xmp),
    ]

    for file in files:
        assert b"canary" in file or b"Exif" in file
        for data in images.squares(file).values():
            assert {data[12:16], data[:4]} == {b"VP8 ", b"RIFF"}  # one chunk, of pixels
            assert b"canary" not in data
            with Image.open(BytesIO(data)) as image:
                assert not image.getexif()
                assert not image.info.keys() & {"exif", "icc_profile", "xmp", "comment"}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_hangs_behind_a_picture_is_left_behind(kind: str) -> None:
    made = images.squares(photos.encoded(photos.quarters(), kind) + BEYOND)

    assert photos.corners(made[512]) == ["red", "green", "blue", "white"]
    assert not [data for data in made.values() if b"script" in data or b"PK\x03\x04" in data]


def gif() -> bytes:
    return photos.encoded(Image.new("P", (8, 8)), "GIF")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        SVG,
        gif(),
        photos.encoded(Image.new("RGB", (8, 8)), "BMP"),
        photos.encoded(Image.new("RGB", (8, 8)), "TIFF"),
        photos.encoded(Image.new("RGB", (8, 8)), "PDF"),
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"<?xml version='1.0'?>" + SVG,
        b" " + photos.plain(),
    ],
)
def test_other_formats_are_refused_whatever_their_name(data: bytes) -> None:
    assert refusal(data) == "image_format"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_truncated_photo_is_refused(kind: str) -> None:
    noise = Image.effect_noise((300, 300), 80).convert("RGB")
    whole = photos.encoded(noise, kind)

    for length in (12, 20, 60, len(whole) // 2, len(whole) - 200):
        assert refusal(whole[:length]) in ("image_unreadable", "image_format")


def chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack("!I", len(content)) + name + content + struct.pack("!I", check)


def png(width: int, height: int, pixels: bytes) -> bytes:
    header = struct.pack("!IIBBBBB", width, height, 1, 0, 0, 0, 0)
    parts = [chunk(b"IHDR", header), chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = png(20_000, 20_000, zlib.compress(bytes(2_501 * 20_000), 9))
    assert len(bomb) < 60_000
    decoded: list[int] = []
    monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", lambda _image: decoded.append(1))

    assert refusal(bomb) == "image_too_large"
    for size in ((5_001, 5_000), (10_001, 1), (1, 2**31 - 1)):
        assert refusal(png(*size, zlib.compress(b""))) == "image_too_large"

    assert decoded == []


def test_webp_whose_decoder_takes_more_may_be_smaller_only() -> None:
    assert refusal(photos.plain((4_000, 2_600), kind="WEBP")) == "image_too_large"
    assert color_of(photos.plain((4_000, 2_600), photos.BLUE)) == "blue"


def test_a_bomb_of_text_is_refused() -> None:
    info = PngImagePlugin.PngInfo()
    for number in range(8):
        info.add_text(f"k{number}", "a" * 1_000_000, zip=True)

    assert refusal(photos.encoded(photos.quarters(), "PNG", pnginfo=info)) == "image_unreadable"


def test_a_photo_that_asks_for_minutes_of_work_is_refused() -> None:
    """Each scan goes over the whole picture, each profile unpacks to a thousand times its size."""
    jpeg = photos.encoded(photos.quarters(), progressive=True)
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x01\x3f\x00"
    profile = chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(1_000_000)))
    png = photos.plain(kind="PNG")
    start = png.index(b"IDAT") - 4

    assert refusal(jpeg[:-2] + scan * 1_000 + jpeg[-2:]) == "image_unreadable"
    assert refusal(png[:start] + profile * 100 + png[start:]) == "image_unreadable"
    assert photos.corners(images.squares(jpeg)[512]) == ["red", "green", "blue", "white"]


def test_of_a_phones_photo_of_several_pictures_the_first_is_taken() -> None:
    """Phones add a map of brightness or of depth as a second JPEG to the file."""
    depth = Image.new("RGB", (60, 60), photos.RED)
    data = photos.encoded(photos.quarters(), "MPO", save_all=True, append_images=[depth])

    with Image.open(BytesIO(data)) as image:
        assert image.format == "MPO"
    assert photos.corners(images.squares(data)[512]) == ["red", "green", "blue", "white"]


def test_transparent_parts_become_white() -> None:
    clear = Image.new("RGBA", (600, 600), (255, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 300, 300))
    palette = clear.quantize(4)
    grey = Image.new("LA", (600, 600), (0, 0))

    for kind in ("PNG", "WEBP"):
        made = images.squares(photos.encoded(clear, kind))
        assert photos.corners(made[512]) == ["blue", "white", "white", "white"]
    assert photos.corners(images.squares(photos.encoded(palette, "PNG"))[512])[3] == "white"
    assert color_of(photos.encoded(grey, "PNG")) == "white"
    keyed = photos.encoded(Image.new("RGB", (60, 60), photos.RED), "PNG", transparency=photos.RED)
    assert color_of(keyed) == "white"


def test_every_kind_of_pixels_is_understood() -> None:
    cmyk = Image.new("CMYK", (60, 60), (255, 255, 0, 0))
    deep = Image.new("I;16", (60, 60), 0x8000)

    assert color_of(photos.encoded(cmyk)) == "blue"
    assert abs(shown(photos.encoded(deep, "PNG")).getpixel((9, 9))[0] - 128) <= 3
    assert color_of(photos.encoded(Image.new("1", (60, 60), 1), "PNG")) == "white"
    assert color_of(photos.encoded(Image.new("L", (60, 60), 255), "JPEG")) == "white"
    assert color_of(photos.encoded(photos.quarters().quantize(8), "PNG")) == "white"


def test_of_an_animation_the_first_frame_is_taken() -> None:
    frames = [Image.new("RGB", (60, 60), color) for color in (photos.GREEN, photos.RED)]

    for kind in ("WEBP", "PNG"):
        data = photos.encoded(frames[0], kind, save_all=True, append_images=frames[1:])
        assert color_of(data) == "green"


def test_colours_are_those_the_profile_means() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert srgb.count(b"rXYZ") == srgb.count(b"bXYZ") == 1
    exchanged = srgb.replace(b"rXYZ", b"?").replace(b"bXYZ", b"rXYZ").replace(b"?", b"bXYZ")
    for kind in ("JPEG", "PNG", "WEBP"):
        data = photos.encoded(photos.quarters(), kind, icc_profile=exchanged)
        assert photos.corners(images.squares(data)[512]) == ["blue", "green", "red", "white"]

    lab = ImageCms.createProfile("LAB")
    swapped = ImageCms.ImageCmsProfile(lab).tobytes()
    broken = photos.encoded(photos.quarters(), "JPEG", icc_profile=b"no profile at all")

    assert photos.corners(images.squares(broken)[512])[0] == "red"
    odd = photos.encoded(photos.quarters(), "JPEG", icc_profile=swapped)
    assert photos.corners(images.squares(odd)[512])[0] == "red"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_damaged_photo_is_a_picture_or_a_refusal(kind: str) -> None:
    chance = random.Random(kind)  # noqa: S311 - the same every time
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = photos.encoded(photos.quarters(90, 60), kind, exif=exif)

    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        if chance.random() < 0.3:
            del damaged[chance.randrange(len(damaged)) :]
        try:
            assert sorted(images.squares(bytes(damaged))) == [128, 512]
        except images.RefusedImage as refused:
            assert refused.key in ("image_format", "image_unreadable", "image_too_large")
