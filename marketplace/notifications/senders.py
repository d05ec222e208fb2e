"""What sends a message, and how it says that it could not."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

ANSWER_BYTES = 64 * 1024
CALL_SECONDS = 15.0
_BUSY = 429
_SERVER_ERROR = 500


class Temporary(Exception):
    """Not now, perhaps later. The text is for an admin: no secrets, no addresses."""


class Unreachable(Temporary):
    """The gateway itself is away or refuses us: the next message would fare no better."""


class Silent(Temporary):
    """No answer in time. One may be chance; where the next is silent too, so is the gateway."""


class Permanent(Exception):
    """Never. The text is for an admin: no secrets, no addresses."""


class Gone(Permanent):
    """The destination does not exist any more."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message ready to go. Sent twice it carries the same `key`."""

    id: int
    key: str
    kind: str
    destination: str
    title: str
    text: str
    html: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


class Sender(Protocol):
    """One channel's way out."""

    def send(self, message: Message) -> None:
        """Return when the message is accepted. Raises `Temporary` or `Permanent`."""

    def close(self) -> None:
        """Let go of connections."""


def message_key(dedup_key: str) -> str:
    """What a message and its duplicates share, and nobody can read anything from."""
    return hashlib.sha256(dedup_key.encode()).hexdigest()[:32]


def call(client: httpx.Client, url: str, **content: Any) -> tuple[int, Any]:
    """POST; the status and the JSON of the answer, which is None when it is none.

    Bounded as a whole: by time against an answer that drips, by size against one without an end.
    Raises `Unreachable` when nothing answers, `Temporary` when the answer breaks off.
    """
    deadline = time.monotonic() + CALL_SECONDS
    try:
        with client.stream("POST", url, **content) as answer:
            body = b""
            for part in answer.iter_bytes():
                body += part
                if len(body) > ANSWER_BYTES:
                    raise Temporary("the gateway's answer does not end")
                if time.monotonic() > deadline:
                    raise Silent("the gateway's answer does not end")
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise Unreachable(f"the gateway cannot be reached ({type(error).__name__})") from None
    except httpx.TimeoutException as error:
        raise Silent(f"the gateway did not answer ({type(error).__name__})") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Temporary(f"the gateway did not answer ({type(error).__name__})") from None
    try:
        return answer.status_code, json.loads(body)
    except (ValueError, RecursionError):
        return answer.status_code, None


def refuse_trouble(status: int) -> None:
    """Raise `Temporary` for what a gateway answers when it is in trouble itself."""
    if status == _BUSY or status >= _SERVER_ERROR:
        raise Temporary(f"the gateway answered {status}")
