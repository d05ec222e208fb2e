"""A real S3-compatible server in a process of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

import pytest
from minio import Minio
from nginx_server import free_ports

KEY, SECRET, BUCKET = "test-key", "test-secret", "avatars-bucket"
PATIENCE_SECONDS = 60
READ_BY_ALL = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": ["*"]},
            "Action": ["s3:GetObject"],
            "Resource": [f"arn:aws:s3:::{BUCKET}/*"],
        }
    ],
}


@contextmanager
def s3_server() -> Iterator[str]:
    """`moto_server` with an empty bucket, whose objects all may read; its HOST:PORT. Skips where it
    is not installed.
    """
    command = shutil.which("moto_server")
    if find_spec("moto") is None and command is None:
        pytest.skip("moto, an S3-compatible server, is not installed")
    start = [sys.executable, "-m", "moto.server"] if find_spec("moto") else [str(command)]
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [*start, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _answers(port):
            assert process.poll() is None, "the server ended"
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.1)
        address = f"127.0.0.1:{port}"
        admin(address).make_bucket(BUCKET)
        admin(address).set_bucket_policy(BUCKET, json.dumps(READ_BY_ALL))
        yield address
    finally:
        process.terminate()
        process.wait(20)


def admin(address: str) -> Minio:
    return Minio(address, KEY, SECRET, secure=False, region="us-east-1")


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/moto-api/", timeout=2):
            return True
    except urllib.error.URLError:
        return False
