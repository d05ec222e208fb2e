"""The wire's shape of hours, exceptions and settings."""

from __future__ import annotations

from collections.abc import Hashable
from itertools import pairwise
from typing import Any

import marshmallow as ma

from marketplace.core import fields
from marketplace.core.fields import refuse
from marketplace.core.schemas import BodySchema, OutSchema, PageQuery, PatchSchema, QuerySchema
from marketplace.core.time_fields import Date, WallTime
from marketplace.schedule.models import MAX_EXCEPTION_DAYS

MAX_INTERVALS_A_DAY = 24
REASON_MAX = 500


class IntervalIn(BodySchema):
    """A half-open interval of wall time."""

    start = WallTime(required=True)
    end = WallTime(required=True, end_of_day=True)

    @ma.validates_schema
    def _forward(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["start"] >= data["end"]:
            raise ma.ValidationError({"end": refuse("interval_reversed").messages})


class WeeklyIntervalIn(IntervalIn):
    weekday = fields.Integer(low=1, high=7, required=True)


class HoursIn(BodySchema):
    """The whole week; days that are not named are free."""

    hours = fields.Items(
        fields.Nested(WeeklyIntervalIn), max_items=7 * MAX_INTERVALS_A_DAY, required=True
    )

    @ma.validates_schema
    def _apart(self, data: dict[str, Any], **_kwargs: Any) -> None:
        _refuse_overlaps("hours", data["hours"])


class ExceptionIn(BodySchema):
    """Dates, both ends included, and the intervals that replace their weekly hours."""

    date_from = Date(required=True)
    date_to = Date(required=True)
    intervals = fields.Items(
        fields.Nested(IntervalIn), max_items=MAX_INTERVALS_A_DAY, required=True
    )
    reason = fields.Text(max_length=REASON_MAX, load_default="")

    @ma.validates_schema
    def _sound(self, data: dict[str, Any], **_kwargs: Any) -> None:
        days = (data["date_to"] - data["date_from"]).days + 1
        if days < 1:
            raise ma.ValidationError({"date_to": refuse("dates_reversed").messages})
        if days > MAX_EXCEPTION_DAYS:
            fault = refuse("too_many_days", max=MAX_EXCEPTION_DAYS)
            raise ma.ValidationError({"date_to": fault.messages})
        _refuse_overlaps("intervals", data["intervals"])


def _refuse_overlaps(name: str, intervals: list[dict[str, Any]]) -> None:
    ordered = sorted(
        enumerate(intervals), key=lambda item: (item[1].get("weekday"), item[1]["start"])
    )
    for (_, before), (number, after) in pairwise(ordered):
        same_day = before.get("weekday") == after.get("weekday")
        if same_day and after["start"] < before["end"]:
            faults: dict[Hashable, Any] = {number: refuse("intervals_overlap").messages}
            raise ma.ValidationError({name: faults})


class SettingsPatch(PatchSchema):
    timezone = fields.TimeZone()
    slot_step_minutes = fields.Integer(low=5, high=240)
    min_notice_minutes = fields.Integer(low=0, high=43_200)
    horizon_days = fields.Integer(low=1, high=365)
    buffer_before_minutes = fields.Integer(low=0, high=240)
    buffer_after_minutes = fields.Integer(low=0, high=240)
    auto_confirm = fields.Boolean()
    cancel_notice_minutes = fields.Integer(low=0, high=43_200)


class DryRunQuery(QuerySchema):
    dry_run = fields.QueryBoolean(
        load_default=False,
        metadata={"description": "Ничего не менять, только назвать затронутые записи"},
    )


class ExceptionsQuery(PageQuery):
    """The exceptions that touch the dates from `from` to `to`, by their first date."""

    first = Date(data_key="from", metadata={"description": "Первая дата"})
    last = Date(data_key="to", metadata={"description": "Последняя дата"})

    @ma.validates_schema
    def _forward(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if "first" in data and "last" in data and data["last"] < data["first"]:
            raise ma.ValidationError({"to": refuse("dates_reversed").messages})


class AffectedBookingOut(OutSchema):
    id = ma.fields.Integer(required=True)
    status = ma.fields.String(required=True)
    service_name = ma.fields.String(required=True)
    client = ma.fields.Integer(required=True)
    starts_at = ma.fields.AwareDateTime(required=True)
    ends_at = ma.fields.AwareDateTime(required=True)


class AffectedOut(OutSchema):
    """At most the first hundred bookings; `affected_count` counts them all."""

    affected_bookings = ma.fields.List(ma.fields.Nested(AffectedBookingOut), required=True)
    affected_count = ma.fields.Integer(required=True)


class IntervalOut(OutSchema):
    start = ma.fields.String(required=True)
    end = ma.fields.String(required=True)


class WeeklyIntervalOut(IntervalOut):
    weekday = ma.fields.Integer(required=True)


class HoursOut(OutSchema):
    hours = ma.fields.List(ma.fields.Nested(WeeklyIntervalOut), required=True)


class HoursChangedOut(AffectedOut):
    """`hours` are missing from the answer of a dry run."""

    hours = ma.fields.List(ma.fields.Nested(WeeklyIntervalOut))


class ExceptionOut(OutSchema):
    id = ma.fields.Integer(required=True)
    date_from = ma.fields.Date(required=True)
    date_to = ma.fields.Date(required=True)
    intervals = ma.fields.List(ma.fields.Nested(IntervalOut), required=True)
    reason = ma.fields.String(required=True)


class ExceptionMadeOut(ExceptionOut):
    affected_bookings = ma.fields.List(ma.fields.Nested(AffectedBookingOut), required=True)
    affected_count = ma.fields.Integer(required=True)


class SettingsOut(OutSchema):
    timezone = ma.fields.String(required=True)
    slot_step_minutes = ma.fields.Integer(required=True)
    min_notice_minutes = ma.fields.Integer(required=True)
    horizon_days = ma.fields.Integer(required=True)
    buffer_before_minutes = ma.fields.Integer(required=True)
    buffer_after_minutes = ma.fields.Integer(required=True)
    auto_confirm = ma.fields.Boolean(required=True)
    cancel_notice_minutes = ma.fields.Integer(required=True)


class SettingsChangedOut(AffectedOut):
    """The settings are missing from the answer of a dry run."""

    timezone = ma.fields.String()
    slot_step_minutes = ma.fields.Integer()
    min_notice_minutes = ma.fields.Integer()
    horizon_days = ma.fields.Integer()
    buffer_before_minutes = ma.fields.Integer()
    buffer_after_minutes = ma.fields.Integer()
    auto_confirm = ma.fields.Boolean()
    cancel_notice_minutes = ma.fields.Integer()
