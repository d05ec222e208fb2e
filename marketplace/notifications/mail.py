"""E-mail over SMTP: one connection for as long as it holds."""

from __future__ import annotations

import smtplib
import ssl
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import formatdate, parseaddr

from email_validator import EmailNotValidError, validate_email

from marketplace.notifications.senders import (
    Message,
    Permanent,
    Silent,
    Temporary,
    Unreachable,
)
from marketplace.settings_delivery import SmtpServer

TIMEOUT_SECONDS = 10.0
_PERMANENT = 500
_CLOSING = 421


def compose(message: Message, sender: str, *, readable: bool = False) -> bytes:
    """The message as bytes of RFC 5322, `readable` without a mail program.

    Raises `Permanent` for an address that is none.
    """
    name, address = parseaddr(sender)
    destination = mailbox(message.destination)
    mail = EmailMessage()
    try:
        mail["From"] = Address(name, addr_spec=address)
        mail["To"] = _address(destination)
        mail["Subject"] = message.title
        mail["Date"] = formatdate(usegmt=True)
        mail["Message-ID"] = f"<{message.key}@{address.rpartition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        coding = "8bit" if readable else "base64"
        mail.set_content(message.text, cte=coding)
        mail.add_alternative(message.html, subtype="html", cte=coding)
        plain = destination.isascii() and not readable
        return mail.as_bytes(policy=SMTP if plain else SMTPUTF8)
    except (MessageError, ValueError, IndexError) as error:
        raise Permanent(f"no e-mail can be made of it ({type(error).__name__})") from None


def mailbox(destination: str) -> str:
    """The address with its domain as DNS has it: a mail server that knows nothing of SMTPUTF8 takes
    `anna@почта.рф` too, as long as the name before the domain is plain.
    """
    name, at, domain = destination.rpartition("@")
    if domain.isascii():
        return destination
    try:
        checked = validate_email(f"postmaster@{domain}", check_deliverability=False)
    except EmailNotValidError:
        return destination
    return f"{name}{at}{checked.ascii_domain}"


def _address(destination: str) -> Address:
    if destination.isascii():
        return Address(addr_spec=destination)
    # The library reads no such address, but writes one.
    name, _, domain = destination.rpartition("@")
    return Address(username=name, domain=domain)


class SmtpSender:
    """Sends over one connection, which is made anew when it broke."""

    def __init__(
        self, server: SmtpServer, sender: str, *, context: ssl.SSLContext | None = None
    ) -> None:
        self._server = server
        self._sender = sender
        self._envelope = parseaddr(sender)[1]
        self._context = context
        self._connection: smtplib.SMTP | None = None

    def send(self, message: Message) -> None:
        raw, destination = compose(message, self._sender), mailbox(message.destination)
        is_kept = self._connection is not None
        try:
            self._deliver(destination, raw)
        except Unreachable:
            # A server may close what idled for long; that says nothing of the server.
            if not is_kept:
                raise
            self._deliver(destination, raw)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.quit()
            except (OSError, smtplib.SMTPException):
                connection.close()

    def _deliver(self, destination: str, raw: bytes) -> None:
        connection = self._connection or self._connect()
        self._connection = connection
        options = () if destination.isascii() else ("SMTPUTF8", "BODY=8BITMIME")
        try:
            connection.sendmail(self._envelope, [destination], raw, options)
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = next(iter(error.recipients.values()))
            self._refused(code, "the recipient")
        except smtplib.SMTPSenderRefused as error:
            # Not the receiver's fault, and no better with the next one.
            self._drop()
            raise Unreachable(f"SMTP {error.smtp_code} to our sender") from None
        except smtplib.SMTPDataError as error:
            self._refused(error.smtp_code, "the message")
        except smtplib.SMTPNotSupportedError:
            raise Permanent("the mail server takes no such address") from None
        except smtplib.SMTPServerDisconnected:
            self._drop()
            raise Unreachable("the mail server closed the connection") from None
        except TimeoutError:
            self._drop()
            raise Silent("the mail server did not answer") from None
        except (OSError, smtplib.SMTPException) as error:
            self._drop()
            raise Temporary(f"the mail server failed ({type(error).__name__})") from None

    def _refused(self, code: int, what: str) -> None:
        if code == _CLOSING:
            self._drop()
            raise Unreachable(f"SMTP {code}: the mail server is closing")
        if code >= _PERMANENT:
            raise Permanent(f"SMTP {code} to {what}")
        raise Temporary(f"SMTP {code} to {what}")

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        connection: smtplib.SMTP | None = None
        try:
            if server.security == "tls":
                connection = smtplib.SMTP_SSL(
                    server.host, server.port, timeout=TIMEOUT_SECONDS, context=self._tls()
                )
            else:
                connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
            if server.security == "starttls":
                connection.starttls(context=self._tls())
            if server.user:
                connection.login(server.user, server.password)
        except smtplib.SMTPAuthenticationError as error:
            _close(connection)
            raise Unreachable(f"SMTP {error.smtp_code} to our log-in") from None
        except (OSError, smtplib.SMTPException) as error:
            _close(connection)
            reason = type(error).__name__
            raise Unreachable(f"the mail server cannot be reached ({reason})") from None
        return connection

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = ssl.create_default_context()
        return self._context

    def _drop(self) -> None:
        _close(self._connection)
        self._connection = None


def _close(connection: smtplib.SMTP | None) -> None:
    if connection is not None:
        connection.close()
