"""The life of a booking: states, actions, who may do what when (contract section 5). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

# A confirmed booking that nobody closes is completed this long after its end.
CLOSES_AFTER = timedelta(hours=24)


class Status(StrEnum):
    PENDING = "pending"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    NO_SHOW = "no_show"
    EXPIRED = "expired"


class Party(StrEnum):
    CLIENT = "client"
    SPECIALIST = "specialist"
    SYSTEM = "system"
    ADMIN = "admin"


class Action(StrEnum):
    CONFIRM = "confirm"
    DECLINE = "decline"
    CANCEL = "cancel"
    COMPLETE = "complete"
    NO_SHOW = "no-show"
    RESCHEDULE = "reschedule"


class Verdict(StrEnum):
    APPLIES = "applies"
    DONE_ALREADY = "done_already"
    WRONG_STATE = "wrong_state"


@dataclass(frozen=True, slots=True)
class Transition:
    """Who may act, and whether only after the start, or only before it."""

    parties: frozenset[Party]
    after_start: bool = False


HOLDING = frozenset({Status.PENDING, Status.CONFIRMED})
_SPECIALIST = frozenset({Party.SPECIALIST})
_EITHER = frozenset({Party.CLIENT, Party.SPECIALIST})
TRANSITIONS = {
    (Status.PENDING, Action.CONFIRM): Transition(_SPECIALIST),
    (Status.PENDING, Action.DECLINE): Transition(_SPECIALIST),
    (Status.PENDING, Action.CANCEL): Transition(_EITHER),
    (Status.PENDING, Action.RESCHEDULE): Transition(_EITHER),
    (Status.CONFIRMED, Action.CANCEL): Transition(_EITHER),
    (Status.CONFIRMED, Action.RESCHEDULE): Transition(_EITHER),
    (Status.CONFIRMED, Action.COMPLETE): Transition(_SPECIALIST, after_start=True),
    (Status.CONFIRMED, Action.NO_SHOW): Transition(_SPECIALIST, after_start=True),
}
# Where an action leads; a reschedule leads where the rules of confirmation say.
TARGETS = {
    Action.CONFIRM: Status.CONFIRMED,
    Action.DECLINE: Status.DECLINED,
    Action.CANCEL: Status.CANCELLED,
    Action.COMPLETE: Status.COMPLETED,
    Action.NO_SHOW: Status.NO_SHOW,
}


def effective_status(
    status: Status, starts_at: datetime, ends_at: datetime, now: datetime
) -> Status:
    """What a stored status means now: a request unanswered at its start has expired, an
    appointment nobody closed is completed 24 h after its end, whether or not that is written yet.
    """
    if status is Status.PENDING and starts_at <= now:
        return Status.EXPIRED
    if status is Status.CONFIRMED and ends_at + CLOSES_AFTER <= now:
        return Status.COMPLETED
    return status


def judge(
    status: Status, status_by: Party, action: Action, party: Party, *, started: bool
) -> Verdict:
    """Whether a party may act on a booking of an effective status, or has done so already."""
    transition = TRANSITIONS.get((status, action))
    if transition is not None and party in transition.parties and started == transition.after_start:
        return Verdict.APPLIES
    # Booking brings a client's own booking into `confirmed` too, and is no confirming.
    if TARGETS.get(action) is status and status_by is party and _may_ever(party, action):
        return Verdict.DONE_ALREADY
    return Verdict.WRONG_STATE


def _may_ever(party: Party, action: Action) -> bool:
    return any(
        party in transition.parties
        for (_, each), transition in TRANSITIONS.items()
        if each is action
    )


def is_too_late(
    starts_at: datetime, cancel_notice_minutes: int, *, moved_by_specialist: bool, now: datetime
) -> bool:
    """Whether a client's notice has passed; after the specialist's own move there is none."""
    notice = 0 if moved_by_specialist else cancel_notice_minutes
    return now > starts_at - timedelta(minutes=notice)
