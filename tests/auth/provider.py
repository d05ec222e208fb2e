"""A sign-in provider of our own: an HTTP server with real RSA keys that speaks as Google, Apple and
VK document it, counts what it is asked, and fails in every way on demand.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from marketplace.settings_social import SocialSettings

GOOGLE_ID = "1234.apps.googleusercontent.com"
ANDROID_ID = "5678.apps.googleusercontent.com"
APPLE_ID = "org.example.beautygo"
VK_ID = "7654321"
VK_REDIRECT = "vk7654321://vk.ru/blank.html"
NONCE = "n-0S6_WzA2Mj"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
VK_CODE = {
    "code": "vk2.a.code",
    "code_verifier": VERIFIER,
    "device_id": "device-1",
    "state": "state-1",
}
VK_USER = {"first_name": "Мария", "last_name": "Соколова", "email": "masha@vk.example"}


def rsa_key(name: str, bits: int = 2048) -> RSAPrivateKey:
    """A private key, the same for the same name and size."""
    return _rsa_key(name, bits)


@cache
def _rsa_key(_name: str, bits: int) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=bits)


def public_jwk(name: str, bits: int = 2048, **changes: Any) -> dict[str, Any]:
    entry = json.loads(RSAAlgorithm.to_jwk(rsa_key(name, bits).public_key()))
    return entry | {"kid": name, "alg": "RS256", "use": "sig"} | changes


Answer = tuple[int, Any]


class Provider:
    """What the server says and what it was asked. `keys` are published, the first one signs."""

    def __init__(self) -> None:
        self.url = ""
        self.keys = ["key-1"]
        self.cache_control = "public, max-age=3600"
        self.asked: list[str] = []
        self.forms: list[dict[str, str]] = []
        self.vk_user_id: Any = 1001
        self.jwks: Callable[[], Answer] = self._jwks
        self.vk_token: Callable[[dict[str, str]], Answer] = self._vk_token
        self.vk_user: Callable[[dict[str, str]], Answer] = self._vk_user

    @property
    def settings(self) -> SocialSettings:
        return SocialSettings(
            google_client_ids=(GOOGLE_ID, ANDROID_ID),
            google_jwks_url=f"{self.url}/google/certs",
            apple_client_ids=(APPLE_ID,),
            apple_jwks_url=f"{self.url}/apple/keys",
            vk_client_id=VK_ID,
            vk_url=self.url,
            vk_redirect_uri=VK_REDIRECT,
        )

    def _jwks(self) -> Answer:
        return 200, {"keys": [public_jwk(name) for name in self.keys]}

    def _vk_token(self, form: dict[str, str]) -> Answer:
        return 200, {
            "access_token": "vk1.a.token",
            "refresh_token": "vk2.a.refresh",
            "user_id": self.vk_user_id,
            "expires_in": 3600,
            "state": form.get("state"),
            "scope": "email",
        }

    def _vk_user(self, _form: dict[str, str]) -> Answer:
        return 200, {"user": VK_USER | {"user_id": str(self.vk_user_id)}}

    def google_claims(self, **changes: Any) -> dict[str, Any]:
        """Claims of a Gmail user; a change to None leaves the claim out."""
        now = int(time.time())
        claims = {
            "iss": "https://accounts.google.com",
            "aud": GOOGLE_ID,
            "azp": ANDROID_ID,
            "sub": "107691503500061507151",
            "email": "maria@gmail.com",
            "email_verified": True,
            "name": "Мария Соколова",
            "iat": now,
            "exp": now + 3600,
        }
        return _present(claims | changes)

    def apple_claims(self, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": "https://appleid.apple.com",
            "aud": APPLE_ID,
            "sub": "001234.abcdef0123456789.0042",
            "email": "maria@example.com",
            "email_verified": "true",
            "nonce": sha256(NONCE.encode()).hexdigest(),
            "iat": now,
            "exp": now + 600,
        }
        return _present(claims | changes)

    def sign(self, claims: Any, *, key: str = "", **headers: Any) -> str:
        """A token signed with the key of that name, by default the first published one."""
        name = key or self.keys[0]
        return jwt.encode(claims, rsa_key(name), "RS256", headers={"kid": name} | headers)

    def google_body(self, **changes: Any) -> dict[str, Any]:
        return {"id_token": self.sign(self.google_claims(**changes))}

    def apple_body(self, **changes: Any) -> dict[str, Any]:
        return {"id_token": self.sign(self.apple_claims(**changes)), "nonce": NONCE}


def _present(claims: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in claims.items() if value is not None}


@contextmanager
def running_provider() -> Iterator[Provider]:
    """A provider that answers on a port of its own."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            provider.asked.append(self.path)
            self._answer(*provider.jwks())

        def do_POST(self) -> None:
            provider.asked.append(self.path)
            assert self.headers["Content-Type"] == "application/x-www-form-urlencoded"
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            provider.forms.append(form)
            asked = provider.vk_token if self.path == "/oauth2/auth" else provider.vk_user
            self._answer(*asked(form))

        def _answer(self, status: int, content: Any) -> None:
            body = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Cache-Control", provider.cache_control)
            self.send_header("Location", f"{provider.url}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: Any) -> None:
            """Hang up without a word, as the test wants it."""

    with Server(("127.0.0.1", 0), Handler) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield provider
        server.shutdown()
        thread.join()
