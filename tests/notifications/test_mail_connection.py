"""The connection to the mail server: encrypted, verified, logged in, given up in time."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from notifications import posting
from notifications.posting import Inbox, mail_server

from marketplace.notifications import mail
from marketplace.notifications.mail import SmtpSender
from marketplace.notifications.senders import Message, Permanent, Temporary, Unreachable
from marketplace.settings_delivery import SmtpServer

MESSAGE = Message(1, "k" * 32, "code_email", "a@example.com", "Код", "271828", "<p>271828</p>")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate of this machine that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail test")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def server_side(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@contextmanager
def sending(server: SmtpServer, context: ssl.SSLContext | None = None) -> Iterator[SmtpSender]:
    sender = SmtpSender(server, posting.MAIL_FROM, context=context)
    try:
        yield sender
    finally:
        sender.close()


def test_starttls_encrypts_what_leaves_the_machine(certificate: Path) -> None:
    inbox = Inbox()
    trusting = ssl.create_default_context(cafile=str(certificate))
    options = {"tls_context": server_side(certificate), "require_starttls": True}
    with mail_server(inbox, **options) as plain:
        with sending(replace(plain, security="starttls"), trusting) as sender:
            sender.send(MESSAGE)
        with sending(plain) as sender, pytest.raises(Temporary):
            sender.send(MESSAGE)

    assert len(inbox.mails) == 1


def test_a_certificate_nobody_vouches_for_is_refused(certificate: Path) -> None:
    inbox = Inbox()
    with (
        mail_server(inbox, tls_context=server_side(certificate)) as plain,
        sending(replace(plain, security="starttls")) as sender,
        pytest.raises(Unreachable, match="SSLCertVerificationError"),
    ):
        sender.send(MESSAGE)

    assert inbox.mails == []


def test_a_server_that_offers_no_encryption_gets_nothing() -> None:
    inbox = Inbox()
    with (
        mail_server(inbox) as plain,
        sending(replace(plain, security="starttls")) as sender,
        pytest.raises(Unreachable, match="SMTPNotSupportedError"),
    ):
        sender.send(MESSAGE)

    assert inbox.mails == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while")
@pytest.mark.parametrize("right", [True, False])
def test_the_log_in_is_used_and_its_refusal_told_without_it(right: bool) -> None:
    def check(server, session, envelope, mechanism, given):
        return AuthResult(success=given.password == b"open sesame", handled=right)

    inbox = Inbox()
    options = {"authenticator": check, "auth_required": True, "auth_require_tls": False}
    with mail_server(inbox, **options) as plain:
        password = "open sesame" if right else "wrong word"
        with sending(replace(plain, user="me", password=password)) as sender:
            if right:
                sender.send(MESSAGE)
            else:
                with pytest.raises(Unreachable) as caught:
                    sender.send(MESSAGE)
                assert "wrong word" not in str(caught.value)

    assert len(inbox.mails) == int(right)


def test_a_server_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = SmtpServer("127.0.0.1", silent.getsockname()[1], "none")
        with sending(server) as sender, pytest.raises(Unreachable):
            sender.send(MESSAGE)


def test_an_address_in_cyrillic_needs_a_server_that_takes_it() -> None:
    inbox = Inbox()
    odd = replace(MESSAGE, destination="почта@example.com")
    with mail_server(inbox, enable_SMTPUTF8=True) as plain, sending(plain) as sender:
        sender.send(odd)
    with (
        mail_server(inbox, enable_SMTPUTF8=False) as plain,
        sending(plain) as sender,
        pytest.raises(Permanent),
    ):
        sender.send(odd)

    assert [each["To"] for each in inbox.mails] == ["почта@example.com"]


def test_a_domain_in_cyrillic_needs_no_such_server() -> None:
    inbox = Inbox()
    odd = replace(MESSAGE, destination="anna@почта.рф")
    with mail_server(inbox, enable_SMTPUTF8=False) as plain, sending(plain) as sender:
        sender.send(odd)

    assert [each["To"] for each in inbox.mails] == ["anna@xn--80a1acny.xn--p1ai"]
