"""`flask users` and `flask sessions`: accounts and signed-in devices."""

from __future__ import annotations

import click
import marshmallow as ma
from flask import current_app

from marketplace.auth import administration, identifiers, privacy, recovery
from marketplace.auth.models import ROLES
from marketplace.auth.operations import NewUser
from marketplace.auth.password_policy import MAX_LENGTH, MIN_LENGTH, password_faults
from marketplace.auth.passwords import hash_password
from marketplace.core import cli, fields
from marketplace.core.clock import utc_now
from marketplace.core.errors import Code, DomainError
from marketplace.core.fields import refuse
from marketplace.core.messages import DEFAULT_LANGUAGE, LANGUAGES

_USERNAME = fields.Text(min_length=identifiers.USERNAME_MIN, max_length=identifiers.USERNAME_MAX)
_EMAIL = fields.Text(min_length=3, max_length=identifiers.EMAIL_MAX)
_PHONE = fields.Text(min_length=5, max_length=32)
_PASSWORD = fields.Text(min_length=MIN_LENGTH, max_length=MAX_LENGTH, verbatim=True)
_USER_COLUMNS = ("id", "username", "email", "phone", "role", "blocked_at", "created_at")
_SESSION_COLUMNS = ("id", "device", "ip", "created_at", "last_seen_at", "ended_at", "end_reason")

_NOT_SENT = {
    Code.CONTACT_MISSING: "The account has no e-mail or phone, or it is blocked.",
    Code.TOO_MANY_REQUESTS: "A code was sent there just now, or too many today.",
}

users = cli.AdminGroup(
    "users",
    help="People's accounts. USER is an id, a user name, an e-mail or a phone; a number is an id.",
)
sessions = cli.AdminGroup("sessions", help="Signed-in devices.")


def _username(value: str) -> str:
    name = identifiers.username_form(_USERNAME.deserialize(value))
    fault = identifiers.username_fault(name)
    if fault is not None:
        raise refuse(fault.key, **fault.values)
    return name


def _email(value: str) -> str:
    address = identifiers.email_form(_EMAIL.deserialize(value))
    if address is None:
        raise refuse("email")
    return address


def _phone(value: str) -> str:
    number = identifiers.phone_form(_PHONE.deserialize(value))
    if number is None:
        raise refuse("phone")
    return number


_user_argument = click.argument("reference", metavar="USER", type=cli.text_type("USER", 254))
_stdin_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, not by asking."
)


@users.command("list")
@click.option("--role", type=click.Choice(ROLES), help="Only this role.")
@click.option("--blocked", is_flag=True, help="Only blocked people.")
@click.option(
    "--search", type=cli.SEARCH, help="A part of the user name, the e-mail or the phone, any case."
)
@cli.listing
def list_users(
    *,
    role: str | None,
    blocked: bool,
    search: str | None,
    limit: int,
    after: int | None,
    as_json: bool,
) -> None:
    """List accounts by id."""
    rows = administration.user_rows(
        role=role, blocked=blocked, search=search, after=after, limit=limit + 1
    )
    cli.emit_page(rows, limit, _USER_COLUMNS, as_json=as_json)


@users.command("show")
@_user_argument
@cli.json_option
def show(reference: str, as_json: bool) -> None:
    """Show one account.

    Everything but the password's hash, with counts of live sessions and of services.
    """
    person = administration.find_user(reference)
    cli.emit_record(administration.user_details(person.id, utc_now()), as_json=as_json)


@users.command("create")
@click.argument("username", type=cli.Checked("USERNAME", _username))
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--email", type=cli.Checked("ADDRESS", _email))
@click.option("--phone", type=cli.Checked("NUMBER", _phone))
@click.option(
    "--language", type=click.Choice(LANGUAGES), default=DEFAULT_LANGUAGE, show_default=True
)
@_stdin_option
def create(
    *,
    username: str,
    role: str,
    email: str | None,
    phone: str | None,
    language: str,
    password_stdin: bool,
) -> None:
    """Make an account, an admin's too.

    The rules are those of registration; an e-mail or a phone is needed, or both. The password is
    asked for twice, without echo.
    """
    if email is None and phone is None:
        raise click.UsageError("Give --email or --phone, or both.")
    password_hash = _new_password_hash([username, email, phone], from_stdin=password_stdin)
    new = NewUser(username, email, phone, role, language, password_hash)
    user_id = administration.create_account(new, actor=cli.actor(), now=utc_now())
    click.echo(f"User {user_id} ({username}) is made, with the role {role}.")


@users.command("block")
@_user_argument
@click.option(
    "--reason", type=cli.REASON, required=True, help="Kept with the account and in the audit."
)
@cli.yes_option
def block(reference: str, reason: str, yes: bool) -> None:
    """Block a person.

    Sessions end at once, services disappear, signing in with the right password is refused.
    """
    person = administration.find_user(reference)
    cli.confirm(f"Block user {person}, end the sessions and hide the services?", yes=yes)
    ended = administration.block(person.id, reason, actor=cli.actor(), now=utc_now())
    click.echo(f"User {person} is blocked. Sessions ended: {ended}.")


@users.command("unblock")
@_user_argument
def unblock(reference: str) -> None:
    """Undo a block.

    Services come back and the person may sign in again; the old sessions stay ended.
    """
    person = administration.find_user(reference)
    administration.unblock(person.id, actor=cli.actor(), now=utc_now())
    click.echo(f"User {person} is not blocked any more.")


@users.command("set-role")
@_user_argument
@click.argument("role", type=click.Choice(ROLES))
@cli.yes_option
def set_role(reference: str, role: str, yes: bool) -> None:
    """Change a person's role.

    Sessions end. Services of one who is no specialist any more stay, but nobody else sees them.
    """
    person = administration.find_user(reference)
    cli.confirm(f"Make user {person} {role} and end the sessions?", yes=yes)
    administration.set_role(person.id, role, actor=cli.actor(), now=utc_now())
    click.echo(f"User {person} now has the role {role}.")


@users.command("set-password")
@_user_argument
@_stdin_option
def set_password(reference: str, password_stdin: bool) -> None:
    """Replace a password, end all sessions.

    The new password is asked for twice, without echo.
    """
    person = administration.find_user(reference)
    password_hash = _new_password_hash(
        [person.username, person.email, person.phone], from_stdin=password_stdin
    )
    administration.set_password(person.id, password_hash, actor=cli.actor(), now=utc_now())
    click.echo(f"The password of user {person} is replaced; all sessions are ended.")


@users.command("reset-password")
@_user_argument
@cli.yes_option
def reset_password(reference: str, yes: bool) -> None:
    """Send a person a code for a new password.

    It goes to a verified e-mail or phone, else to what the account has. The password stays until
    the code is used.
    """
    person = administration.find_user(reference)
    cli.confirm(f"Send user {person} a code for a new password?", yes=yes)
    try:
        channel = recovery.send_reset_by_admin(person.id, actor=cli.actor(), now=utc_now())
    except DomainError as error:
        raise click.ClickException(_NOT_SENT[error.code]) from None
    click.echo(f"A code for user {person} goes out by {channel}.")


@users.command("delete")
@_user_argument
@cli.yes_option
def delete(reference: str, yes: bool) -> None:
    """Erase a person for good, as the person can.

    Sessions and holds end, coming bookings are cancelled, personal data is gone. What others see
    of past bookings stays, without the name.
    """
    person = administration.find_user(reference)
    cli.confirm(f"Erase user {person} for good and cancel the coming bookings?", yes=yes)
    journal = current_app.config["MARKETPLACE"].erasure_journal
    written = privacy.erase_by_admin(person.id, actor=cli.actor(), journal=journal, now=utc_now())
    click.echo(f"User {person} is erased.")
    if not written:
        click.echo(f"{journal} could not be written; run: flask retention run", err=True)


@sessions.command("list")
@_user_argument
@click.option("--all", "ended_too", is_flag=True, help="Ended and expired ones too.")
@cli.listing
def list_sessions(
    reference: str, ended_too: bool, limit: int, after: int | None, as_json: bool
) -> None:
    """List a person's signed-in devices, newest first."""
    person = administration.find_user(reference)
    rows = administration.session_rows(
        person.id, ended_too=ended_too, after=after, limit=limit + 1, now=utc_now()
    )
    cli.emit_page(rows, limit, _SESSION_COLUMNS, as_json=as_json)


@sessions.command("end")
@click.argument("session_id", metavar="[ID]", type=cli.ID, required=False)
@click.option("--user", "reference", metavar="USER", type=cli.text_type("USER", 254))
@cli.yes_option
def end_sessions(session_id: int | None, reference: str | None, yes: bool) -> None:
    """End one session, or all of a person.

    Give the id of a session, or --user USER. Its tokens stop working at once.
    """
    if (session_id is None) == (reference is None):
        raise click.UsageError("Give the id of a session, or --user USER.")
    if session_id is not None:
        cli.confirm(f"End session {session_id}?", yes=yes)
        administration.end_session(session_id, actor=cli.actor(), now=utc_now())
        click.echo(f"Session {session_id} is ended.")
    if reference is not None:
        person = administration.find_user(reference)
        cli.confirm(f"End all sessions of user {person}?", yes=yes)
        ended = administration.end_user_sessions(person.id, actor=cli.actor(), now=utc_now())
        click.echo(f"Sessions of user {person} ended: {ended}.")


def _new_password_hash(personal: list[str | None], *, from_stdin: bool) -> str:
    password = cli.ask_new_password(from_stdin=from_stdin)
    known = [value for value in personal if value is not None]
    try:
        _PASSWORD.deserialize(password)
    except ma.ValidationError as error:
        faults = error.messages
    else:
        brand = current_app.config["MARKETPLACE"].brand
        faults = password_faults(password, personal=known, brand=brand)
    if faults:
        raise click.ClickException(f"The password is refused. {cli.sentences(faults)}")
    return hash_password(password)


GROUPS = (users, sessions)
