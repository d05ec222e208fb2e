"""`python -m benchmarks.avatars`: the time and memory of uploading photos to the real server."""

from __future__ import annotations

import http.client
import re
import statistics
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import servers
from benchmarks.servers import BenchmarkError, Server, Workers

AVATAR = "/api/auth/profile/me/avatar/"
LIMIT = 5 * 1024 * 1024
UPLOADS = 20
AT_ONCE = 8
GOAL_MS, GOAL_MB = 400, 200
_EDGE = b"edge-of-a-photo"
_SERVED = re.compile(r" 200 PUT .* ([0-9.]+) ms ")


def noise(width: int, height: int, strength: float) -> Image.Image:
    """A picture that compresses about as badly as a photo: coarse noise under fine one."""
    coarse = Image.effect_noise((width // 16, height // 16), 90).resize((width, height))
    fine = Image.effect_noise((width, height), strength)
    return Image.merge("RGB", (coarse, Image.blend(coarse, fine, 0.3), fine))


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def largest_jpeg(width: int, height: int, **options: Any) -> bytes:
    """The best quality that fits the limit."""
    image = noise(width, height, 40)
    for quality in range(95, 4, -5):
        data = encoded(image, "JPEG", quality=quality, **options)
        if len(data) <= LIMIT:
            return data
    raise BenchmarkError("no quality fits")


def photos() -> dict[str, bytes]:
    """What a phone sends first, then what costs the decoders most within the limits."""
    flat = Image.effect_noise((250, 250), 60).resize((5_000, 5_000), Image.Resampling.NEAREST)
    clear = Image.merge("RGBA", (flat, flat, flat, flat))
    return {
        "JPEG 12 Mpx": largest_jpeg(4_000, 3_000),
        "JPEG 25 Mpx": largest_jpeg(5_000, 5_000),
        "JPEG 25 Mpx, progressive, 4:4:4": largest_jpeg(
            5_000, 5_000, progressive=True, subsampling=0
        ),
        "PNG 25 Mpx, transparent": encoded(clear, "PNG"),
        "WebP 10 Mpx": encoded(noise(3_600, 2_770, 20), "WEBP", quality=60, method=0),
    }


def put(port: int, token: str, data: bytes) -> float:
    """Milliseconds of one upload."""
    head = b'\r\nContent-Disposition: form-data; name="avatar"; filename="a"\r\n\r\n'
    body = b"--" + _EDGE + head + data + b"\r\n--" + _EDGE + b"--\r\n"
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": f"multipart/form-data; boundary={_EDGE.decode()}",
    }
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    started = time.perf_counter()
    try:
        connection.request("PUT", AVATAR, body, headers)
        response = connection.getresponse()
        answer = response.read()
    finally:
        connection.close()
    if response.status != http.HTTPStatus.OK:
        raise BenchmarkError(f"an upload was answered {response.status}: {answer[:300]!r}")
    return (time.perf_counter() - started) * 1_000


def registered(port: int, number: int) -> str:
    """The access token of a new person."""
    person = {"username": f"person{number}", "password": "тихий-вечер-7", "role": "client"}
    person["email"] = f"person{number}@example.com"
    status, answer = servers.call(port, "POST", "/api/auth/register/", person)
    if status != http.HTTPStatus.CREATED:
        raise BenchmarkError(f"a registration was answered {status}")
    token: str = answer["access"]
    return token


def served_ms(server: Server, since: int) -> list[float]:
    """The server's own times of uploads, from its log behind that many bytes."""
    lines = server.log.read_bytes()[since:].decode("utf-8", "replace")
    return [float(found[1]) for found in _SERVED.finditer(lines)]


def measured(name: str, data: bytes, folder: Path) -> str:
    """One row: a server of its own, or one kind's peak would hide another's."""
    settings = {"INSTANCE_PATH": str(folder), "LOG_LEVEL": "INFO"}
    settings["DATABASE_URL"] = f"sqlite:///{folder / 'avatars.sqlite3'}"
    with servers.marketplace("avatars", Workers(1, 4), settings) as server:
        tokens = [registered(server.port, number) for number in range(AT_ONCE)]
        before = server.peak_megabytes()
        since = server.log.stat().st_size
        whole = [put(server.port, tokens[0], data) for _ in range(UPLOADS)]
        own = served_ms(server, since)
        started = time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(lambda token: put(server.port, token, data), tokens))
        together = time.perf_counter() - started
        grown = server.peak_megabytes() - before
    return (
        f"| {name} | {len(data) / 1024 / 1024:.1f} | {statistics.median(own):.0f} | {max(own):.0f} "
        f"| {statistics.median(whole):.0f} | {together:.1f} | {grown:.0f} |"
    )


def main() -> int:
    """Print the table; 1 when an upload failed."""
    columns = (
        f"| photo | MiB | server ms, median of {UPLOADS} | worst | client ms, median "
        f"| {AT_ONCE} at once, s | memory grown, MB |"
    )
    print(f"{columns}\n| --- |{' ---: |' * 6}")
    try:
        for name, data in photos().items():
            with tempfile.TemporaryDirectory() as folder:
                print(measured(name, data, Path(folder)), flush=True)
    except BenchmarkError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\nGoals: {GOAL_MS} ms of server time for a photo of 5 MiB, {GOAL_MB} MB more memory.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
