"""Which way out each channel has by the settings."""

from __future__ import annotations

from pathlib import Path

from marketplace.notifications.files import FileSender
from marketplace.notifications.mail import SmtpSender
from marketplace.notifications.models import CHANNELS, EMAIL, PUSH, SMS
from marketplace.notifications.push import FcmSender
from marketplace.notifications.senders import Sender
from marketplace.notifications.sms import SmscSender, SmsRuSender
from marketplace.settings import Settings

OUTBOX = "outbox"


def outbox_folder(settings: Settings) -> Path:
    """Where development's messages become files."""
    return settings.instance_path / OUTBOX


def open_senders(settings: Settings) -> dict[str, Sender]:
    """A sender for every channel that has one; in development all have, files if nothing else."""
    delivery = settings.delivery
    found: dict[str, Sender] = {}
    if delivery.smtp is not None:
        found[EMAIL] = SmtpSender(delivery.smtp, delivery.mail_from)
    if delivery.sms is not None:
        kind = SmsRuSender if delivery.sms.kind == "smsru" else SmscSender
        found[SMS] = kind(delivery.sms)
    if delivery.push is not None:
        found[PUSH] = FcmSender(delivery.push)
    if not settings.is_production_like:
        # Quoted: a brand may hold a comma, which would end the name.
        brand = settings.brand.replace("\\", "").replace('"', "'")
        mail_from = delivery.mail_from or f'"{brand}" <noreply@localhost>'
        for channel in CHANNELS:
            if channel not in found:
                found[channel] = FileSender(channel, outbox_folder(settings), mail_from)
    return found


def describe(settings: Settings) -> str:
    """Where messages go, for people at a terminal."""
    delivery = settings.delivery
    ways = {EMAIL: delivery.smtp, SMS: delivery.sms, PUSH: delivery.push}
    names = {EMAIL: "e-mail", SMS: "SMS", PUSH: "push"}
    sent = [names[each] for each, way in ways.items() if way is not None]
    kept = [names[each] for each, way in ways.items() if way is None]
    parts = [f"{', '.join(sent)} to the configured gateways"] if sent else []
    if kept:
        parts.append(f"{', '.join(kept)} to files in {outbox_folder(settings)}")
    return "; ".join(parts)
