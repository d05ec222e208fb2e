"""Acting outside the database once a transaction stands, such as removing a file it let go of."""

from __future__ import annotations

from collections.abc import Callable

from marketplace.core.database import pending_actions


def after_commit(action: Callable[[], None]) -> None:
    """Run `action` after the present transaction's commit, never after a rollback, and once where
    the transaction was tried several times. A failure is logged: what is committed stands.

    Raises `RuntimeError` outside a transaction.
    """
    pending_actions().append(action)
