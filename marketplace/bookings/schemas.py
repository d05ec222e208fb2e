"""The wire's shape of slots, holds and bookings."""

from __future__ import annotations

from typing import Any

import marshmallow as ma

from marketplace.bookings.states import Status
from marketplace.core import fields
from marketplace.core.fields import MAX_ID, refuse
from marketplace.core.schemas import BodySchema, OutSchema, PageQuery, QuerySchema
from marketplace.core.time_fields import Date, Moment, QueryMoment
from marketplace.schedule.availability import Rule
from marketplace.schedule.schemas import IntervalOut

MAX_DAYS = 31
NOTE_MAX = 1_000
REASON_MAX = 500
ORDERINGS = ("-starts_at", "starts_at")


class _DatesQuery(QuerySchema):
    """At most 31 dates, both ends included; the route knows what today is and checks it."""

    first = Date(data_key="from", metadata={"description": "Первая дата; по умолчанию сегодня"})
    last = Date(data_key="to", metadata={"description": "Последняя дата; по умолчанию та же"})


class SlotsQuery(_DatesQuery):
    tz = fields.TimeZone(
        metadata={"description": "Пояс дат и смещений; по умолчанию пояс специалиста"}
    )


class AgendaQuery(_DatesQuery):
    """Dates of the specialist's own zone."""


class ExplainQuery(QuerySchema):
    starts_at = QueryMoment(
        required=True,
        metadata={"description": "Желаемое начало", "example": "2030-01-15T12:00:00+03:00"},
    )


class HoldIn(BodySchema):
    service = fields.Integer(low=1, high=MAX_ID, required=True)
    starts_at = Moment(required=True)


class BookingIn(BodySchema):
    """Either a hold, or a service and a start."""

    _DIRECT: tuple[str, ...] = ("service", "starts_at")
    service = fields.Integer(low=1, high=MAX_ID)
    starts_at = Moment()
    hold = fields.Integer(low=1, high=MAX_ID)
    note = fields.Text(max_length=NOTE_MAX, multiline=True, load_default="")

    @ma.validates_schema
    def _one_way(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if "hold" in data:
            wrong, key = [name for name in self._DIRECT if name in data], "hold_alone"
        else:
            wrong, key = [name for name in self._DIRECT if name not in data], "required"
        if wrong:
            raise ma.ValidationError({name: refuse(key).messages for name in wrong})


class CancelIn(BodySchema):
    reason = fields.Text(max_length=REASON_MAX, load_default="")


class RescheduleIn(BodySchema):
    starts_at = Moment(required=True)


class BookingsQuery(PageQuery):
    """One's own bookings; dates are of the caller's own zone, both ends included."""

    status = fields.Choice([str(status) for status in Status])
    first = Date(data_key="from", metadata={"description": "Первая дата"})
    last = Date(data_key="to", metadata={"description": "Последняя дата"})
    ordering = fields.Choice(ORDERINGS, load_default=ORDERINGS[0])


class SlotsDayOut(OutSchema):
    date = ma.fields.Date(required=True)
    slots = ma.fields.List(ma.fields.AwareDateTime(), required=True)


class SlotsOut(OutSchema):
    """`rule` is `no_hours` when the specialist has no working time at all."""

    service = ma.fields.Integer(required=True)
    timezone = ma.fields.String(required=True)
    duration_minutes = ma.fields.Integer(required=True)
    rule = ma.fields.String(required=True, allow_none=True)
    days = ma.fields.List(ma.fields.Nested(SlotsDayOut), required=True)


class ExplainOut(OutSchema):
    bookable = ma.fields.Boolean(required=True)
    rule = ma.fields.String(
        required=True, allow_none=True, metadata={"enum": [*(str(rule) for rule in Rule), None]}
    )
    detail = ma.fields.String(required=True)
    nearest = ma.fields.List(ma.fields.AwareDateTime(), required=True)


class HoldOut(OutSchema):
    id = ma.fields.Integer(required=True)
    expires_at = ma.fields.AwareDateTime(required=True)
    service = ma.fields.Integer(required=True)
    service_name = ma.fields.String(required=True)
    specialist = ma.fields.Integer(required=True)
    starts_at = ma.fields.AwareDateTime(required=True)
    ends_at = ma.fields.AwareDateTime(required=True)
    timezone = ma.fields.String(required=True)
    price = ma.fields.String(required=True)
    currency = ma.fields.String(required=True)
    duration_minutes = ma.fields.Integer(required=True)


class ContactsOut(OutSchema):
    phone = ma.fields.String(required=True, allow_none=True)
    email = ma.fields.String(required=True, allow_none=True)


class PartyOut(OutSchema):
    """A party's card; contacts only while the booking is confirmed."""

    id = ma.fields.Integer(required=True)
    full_name = ma.fields.String(required=True)
    avatar = ma.fields.String(required=True, allow_none=True)
    avatar_small = ma.fields.String(required=True, allow_none=True)
    contacts = ma.fields.Nested(ContactsOut, required=True, allow_none=True)


class PlaceOut(OutSchema):
    latitude = ma.fields.Float(required=True)
    longitude = ma.fields.Float(required=True)
    address = ma.fields.String(required=True)


class SpecialistPartyOut(PartyOut):
    """The exact place, as the contacts, only while the booking is confirmed."""

    place = ma.fields.Nested(PlaceOut, required=True, allow_none=True)


class EventOut(OutSchema):
    at = ma.fields.AwareDateTime(required=True)
    by = ma.fields.String(required=True)
    event = ma.fields.String(required=True)
    status = ma.fields.String(required=True)
    details = ma.fields.Dict(keys=ma.fields.String(), required=True)


class BookingRowOut(OutSchema):
    id = ma.fields.Integer(required=True)
    status = ma.fields.String(required=True)
    service = ma.fields.Integer(required=True)
    service_name = ma.fields.String(required=True)
    specialist = ma.fields.Integer(required=True)
    client = ma.fields.Integer(required=True)
    starts_at = ma.fields.AwareDateTime(required=True)
    ends_at = ma.fields.AwareDateTime(required=True)
    timezone = ma.fields.String(required=True)
    duration_minutes = ma.fields.Integer(required=True)
    price = ma.fields.String(required=True)
    currency = ma.fields.String(required=True)
    note = ma.fields.String(required=True)
    cancel_notice_minutes = ma.fields.Integer(required=True)
    specialist_profile = ma.fields.Nested(SpecialistPartyOut, required=True)
    client_profile = ma.fields.Nested(PartyOut, required=True)
    created_at = ma.fields.AwareDateTime(required=True)
    updated_at = ma.fields.AwareDateTime(required=True)


class BookingOut(BookingRowOut):
    events = ma.fields.List(ma.fields.Nested(EventOut), required=True)


class AgendaDayOut(OutSchema):
    """`exception` is the id of what replaces the weekly hours on that date."""

    date = ma.fields.Date(required=True)
    exception = ma.fields.Integer(required=True, allow_none=True)
    reason = ma.fields.String(required=True)
    intervals = ma.fields.List(ma.fields.Nested(IntervalOut), required=True)
    bookings = ma.fields.List(ma.fields.Nested(BookingRowOut), required=True)


class AgendaOut(OutSchema):
    timezone = ma.fields.String(required=True)
    days = ma.fields.List(ma.fields.Nested(AgendaDayOut), required=True)
