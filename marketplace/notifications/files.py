"""Development's way out: each message a file, which is how a tester reads a code."""

from __future__ import annotations

import json
import os
from pathlib import Path

from marketplace.notifications.mail import compose
from marketplace.notifications.models import EMAIL, PUSH, SMS
from marketplace.notifications.senders import Message, Temporary

_SUFFIX = {EMAIL: "eml", SMS: "sms.txt", PUSH: "push.json"}


class FileSender:
    """Writes `<id>.eml`, `<id>.sms.txt` or `<id>.push.json`, for the owner alone."""

    def __init__(self, channel: str, folder: Path, mail_from: str) -> None:
        self._channel = channel
        self._folder = folder
        self._mail_from = mail_from

    def send(self, message: Message) -> None:
        path = self._folder / f"{message.id}.{_SUFFIX[self._channel]}"
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._content(message))
            unfinished.replace(path)
        except OSError as error:
            raise Temporary(f"the outbox folder cannot be written ({error.strerror})") from None

    def close(self) -> None:
        """Nothing is kept open."""

    def _content(self, message: Message) -> bytes:
        if self._channel == EMAIL:
            return compose(message, self._mail_from, readable=True)
        if self._channel == SMS:
            return f"To: {message.destination}\n\n{message.text}\n".encode()
        shown = {
            "token": message.destination,
            "title": message.title,
            "body": message.text,
            "data": {**message.data, "kind": message.kind, "key": message.key},
        }
        return (json.dumps(shown, ensure_ascii=False, indent=1) + "\n").encode()
