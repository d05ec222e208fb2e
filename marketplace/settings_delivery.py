"""The environment variables of delivery: mail server, SMS gateway, push, caps, quiet hours."""

from __future__ import annotations

import ipaddress
import json
import re
from dataclasses import dataclass, field
from datetime import time
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from marketplace.environment import Environment, is_ip, shown, split_address, wrong

FCM = "https://fcm.googleapis.com"
_SMTP_PORTS = {"smtp": 587, "smtps": 465}
_SMS_KINDS = ("smsru", "smsc")
_MAIL = re.compile(r"[^\s@<>,;:\"]+@[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*")
_QUIET = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_SMS_SENDER = re.compile(r"[0-9A-Za-z ._-]{1,15}")
_NEEDED_FOR_PUSH = ("project_id", "client_email", "private_key", "token_uri")


@dataclass(frozen=True)
class SmtpServer:
    """`security` is `none`, `starttls` or `tls`; the last two verify the certificate."""

    host: str
    port: int
    security: str
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True)
class SmsGateway:
    """`kind` is `smsru` or `smsc`; `login` is empty where the secret alone is asked for."""

    kind: str
    base: str
    login: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    sender: str = ""


@dataclass(frozen=True)
class PushAccount:
    """A Firebase service account."""

    project_id: str
    client_email: str
    token_uri: str
    base: str = FCM
    key_id: str = ""
    private_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class DeliverySettings:
    """Checked and complete. Without quiet hours nothing waits for the morning."""

    smtp: SmtpServer | None = None
    mail_from: str = ""
    sms: SmsGateway | None = None
    push: PushAccount | None = None
    daily_cap: int = 50
    quiet_hours: tuple[time, time] | None = (time(22), time(8))
    worker: bool = False


def read_delivery(env: Environment, *, strict: bool) -> DeliverySettings:
    """Read them; `strict` is said outside development. Raises `SettingsError`."""
    smtp = _smtp(env)
    return DeliverySettings(
        smtp=smtp,
        mail_from=_mail_from(env, needed=smtp is not None),
        sms=_sms(env),
        push=_push(env),
        daily_cap=env.integer("DAILY_CAP", 50, 1, 10_000),
        quiet_hours=_quiet_hours(env),
        worker=env.choice("DELIVERY", "off" if strict else "on", ("on", "off")) == "on",
    )


def is_loopback(host: str) -> bool:
    """Whether an address stays on this machine."""
    return host == "localhost" or (is_ip(host) and ipaddress.ip_address(host).is_loopback)


def _smtp(env: Environment) -> SmtpServer | None:
    value = env.text("SMTP_URL")
    may_hold = "only smtp:// or smtps://USER:PASSWORD@HOST:PORT or nothing"
    if not value:
        return None
    parts = split_address("SMTP_URL", value, may_hold)
    if parts.scheme not in _SMTP_PORTS:
        raise wrong("SMTP_URL", "an address of something else", may_hold)
    _refuse_more(parts, "SMTP_URL", may_hold)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password):
        raise wrong("SMTP_URL", "a user without a password or the reverse", may_hold)
    host = parts.hostname or ""
    security = "tls" if parts.scheme == "smtps" else "none" if is_loopback(host) else "starttls"
    return SmtpServer(host, parts.port or _SMTP_PORTS[parts.scheme], security, user, password)


def _mail_from(env: Environment, *, needed: bool) -> str:
    value = env.text("MAIL_FROM")
    may_hold = "only an address such as noreply@example.org or Name <noreply@example.org>"
    if needed and not value:
        raise wrong("MAIL_FROM", "nothing", f"{may_hold}, since MARKETPLACE_SMTP_URL is set")
    if value and not _MAIL.fullmatch(parseaddr(value)[1]):
        raise wrong("MAIL_FROM", repr(value), may_hold)
    return value


def _sms(env: Environment) -> SmsGateway | None:
    value = env.text("SMS_URL")
    may_hold = (
        "only smsru://API_ID@sms.ru or smsc://LOGIN:PASSWORD@smsc.ru, with ?from=SENDER or without"
    )
    if not value:
        return None
    parts = split_address("SMS_URL", value, may_hold)
    if parts.scheme not in _SMS_KINDS:
        raise wrong("SMS_URL", "an address of something else", may_hold)
    query = parse_qs(parts.query, keep_blank_values=True)
    if parts.path.strip("/") or parts.fragment or not query.keys() <= {"from"}:
        raise wrong("SMS_URL", "an address with more than a sender", may_hold)
    sender = query.get("from", [""])[-1]
    if sender and not _SMS_SENDER.fullmatch(sender):
        raise wrong("SMS_URL", "a sender of other characters or more than 15", may_hold)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    needed = (user,) if parts.scheme == "smsru" else (user, password)
    if not all(needed) or (parts.scheme == "smsru" and password):
        raise wrong("SMS_URL", "an address without the gateway's keys", may_hold)
    login, secret = ("", user) if parts.scheme == "smsru" else (user, password)
    return SmsGateway(parts.scheme, _http_base(parts), login, secret, sender)


def _http_base(parts: SplitResult) -> str:
    """Plain http stays on this machine."""
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    return f"{'http' if is_loopback(host) else 'https'}://{bracketed}{port}"


def _push(env: Environment) -> PushAccount | None:
    base = env.text("PUSH_URL", FCM).rstrip("/")
    may_hold = "only an https address, http on this machine"
    parts = split_address("PUSH_URL", base, may_hold)
    if not _is_safe_web(parts):
        raise wrong("PUSH_URL", shown(base), may_hold)
    _refuse_more(parts, "PUSH_URL", may_hold)
    path = env.text("PUSH_CREDENTIALS")
    if not path:
        return None
    may_hold = "only the path of a Firebase service account's JSON file"
    try:
        account: Any = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, RuntimeError) as error:
        holds = f"the path of a file that cannot be read ({type(error).__name__})"
        raise wrong("PUSH_CREDENTIALS", holds, may_hold) from error
    named = account if isinstance(account, dict) else {}
    missing = [name for name in _NEEDED_FOR_PUSH if not isinstance(named.get(name), str)]
    if missing:
        raise wrong("PUSH_CREDENTIALS", f"a file without {', '.join(missing)}", may_hold)
    if not re.fullmatch("[0-9a-z:.-]{1,100}", named["project_id"]):
        raise wrong("PUSH_CREDENTIALS", "a file with a strange project_id", may_hold)
    if not _is_safe_web(_split_or_nothing(named["token_uri"])):
        raise wrong("PUSH_CREDENTIALS", "a file whose token_uri is no https address", may_hold)
    return PushAccount(
        named["project_id"],
        named["client_email"],
        named["token_uri"],
        base,
        str(named.get("private_key_id", "")),
        named["private_key"],
    )


def _split_or_nothing(value: str) -> SplitResult:
    try:
        return urlsplit(value)
    except ValueError:
        return urlsplit("")


def _is_safe_web(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    return bool(host) and (
        parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    )


def _refuse_more(parts: SplitResult, name: str, may_hold: str) -> None:
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise wrong(name, "an address with more than its host", may_hold)


def _quiet_hours(env: Environment) -> tuple[time, time] | None:
    value = env.text("QUIET_HOURS", "22:00-08:00")
    if value.lower() == "off":
        return None
    found = _QUIET.fullmatch(value)
    if not found or value[:5] == value[6:]:
        raise wrong("QUIET_HOURS", repr(value), "only HH:MM-HH:MM of two different times, or off")
    hours = [int(each) for each in found.groups()]
    return time(hours[0], hours[1]), time(hours[2], hours[3])
