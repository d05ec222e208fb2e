"""Demo data as rows: the same for everybody, natural, and inside the contract's bounds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import phonenumbers
import pytest

from marketplace.auth.devices import Device
from marketplace.auth.identifiers import email_form, username_fault
from marketplace.core import money, text
from marketplace.system.demo import generator
from marketplace.system.demo.cast import Plan
from marketplace.system.demo.people import feminine, latin
from marketplace.system.demo.wording import years_text

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
CATEGORY_IDS = {row["slug"]: number for number, row in enumerate(generator.categories(), 1)}


def plan(**changes):
    numbers = {"specialists": 200, "services_each": 10, "clients": 100, "seed": 1, "now": NOW}
    return Plan(**(numbers | changes))


def everything(made):
    return [
        list(generator.users(made, "hash")),
        list(generator.profiles(made)),
        list(generator.services(made, CATEGORY_IDS)),
        list(generator.sessions(made)),
    ]


@pytest.fixture(scope="module")
def users():
    return list(generator.users(plan(), "hash"))


@pytest.fixture(scope="module")
def profiles():
    return list(generator.profiles(plan()))


@pytest.fixture(scope="module")
def services():
    return list(generator.services(plan(), CATEGORY_IDS))


def test_the_same_seed_gives_the_same_rows():
    assert everything(plan()) == everything(plan())


def test_another_seed_gives_other_rows():
    assert everything(plan(seed=2)) != everything(plan())


@pytest.mark.parametrize("size", [1, 7, 500])
def test_chunks_do_not_change_the_rows(services, size):
    rows = generator.services(plan(), CATEGORY_IDS)

    chunked = []
    while chunk := list(islice(rows, size)):
        chunked += chunk

    assert chunked == services


def test_nobody_changes_when_there_are_more_people(profiles, services):
    more = plan(specialists=300)

    assert list(islice(generator.profiles(more), 200)) == profiles[:200]
    assert list(islice(generator.services(more, CATEGORY_IDS), len(services))) == services


def test_counts_and_order_are_what_the_plan_says(users, profiles, services):
    assert [user["id"] for user in users] == list(range(1, 301))
    assert [profile["user_id"] for profile in profiles] == list(range(1, 301))
    assert [service["id"] for service in services] == list(range(1, 2001))
    roles = [user["role"] for user in users]
    assert roles == ["specialist", "client"] + ["specialist"] * 199 + ["client"] * 99


@pytest.mark.parametrize("name", ["specialists", "services_each", "clients"])
def test_a_plan_for_nobody_is_refused(name):
    with pytest.raises(ValueError, match="at least one"):
        plan(**{name: 0})


def test_the_demo_logins_come_first(users, profiles):
    specialist, client = users[:2]

    assert (specialist["username"], specialist["phone"]) == ("demo_specialist", "+79000000001")
    assert specialist["email"] == "demo_specialist@example.com"
    assert (client["username"], client["phone"]) == ("demo_client", "+79000000002")
    assert client["email"] == "demo_client@example.com"
    assert (profiles[0]["full_name"], profiles[0]["city"]) == ("Анна Соколова", "Москва")


def test_the_first_service_is_the_documented_one(services):
    first = services[0]

    assert first["name"] == "Классический массаж спины"
    assert (money.to_kopecks(first["price"]), first["duration_minutes"]) == (250_000, 60)
    assert first["category_id"] == CATEGORY_IDS["massage-classic"]
    assert first["visible"]
    assert {service["specialist_id"] for service in services[:10]} == {1}


def test_accounts_would_pass_registration(users):
    for user in users:
        assert username_fault(user["username"]) is None
        assert email_form(user["email"]) == user["email"]
        assert phonenumbers.is_valid_number(phonenumbers.parse(user["phone"]))
        assert user["username_folded"] == text.fold(user["username"])
        assert user["email_folded"] == text.fold(user["email"])
        assert user["email"].endswith(("@example.com", "@example.org"))
        assert (user["is_demo"], user["language"]) == (True, "ru")
        assert user["created_at"] <= user["updated_at"] < NOW


def test_what_must_be_unique_is(users):
    for name in ("id", "username_folded", "email_folded", "phone"):
        assert len({user[name] for user in users}) == len(users)


def test_most_but_not_all_emails_are_verified(users):
    verified = sum(user["email_verified_at"] is not None for user in users)

    assert 0.8 * len(users) < verified < len(users)


def test_profiles_are_within_bounds(profiles):
    for profile in profiles:
        assert 0 <= profile["experience_years"] <= 30
        assert 3 <= len(profile["full_name"]) <= 255
        assert 2 <= profile["bio"].count(".") + profile["bio"].count("!") <= 6
        assert "{" not in profile["bio"]
        assert "[" not in profile["bio"]
        assert ZoneInfo(profile["timezone"])
        assert profile["city_folded"] == text.caseless(profile["city"])
        assert all(link.startswith("https://") for link in profile["links"])


def test_every_city_and_category_is_in_use(profiles, services):
    tree = list(generator.categories())
    used = {service["category_id"] for service in services}

    assert len({profile["city"] for profile in profiles[:1] + profiles[2:201]}) == 12
    assert len(tree) == 20
    assert used == {CATEGORY_IDS[row["slug"]] for row in tree if row["parent"]}


def test_categories_are_two_levels_with_parents_first():
    tree = list(generator.categories())
    parents = [row["slug"] for row in tree[:5]]

    assert [row["parent"] for row in tree[:5]] == [None] * 5
    assert all(row["parent"] in parents for row in tree[5:])
    assert len({(row["parent"], row["name_folded"]) for row in tree}) == 20
    assert all(set(row["slug"]) <= set("abcdefghijklmnopqrstuvwxyz-") for row in tree)


def test_services_are_within_bounds(services):
    for service in services:
        name = service["name"]
        assert 1 <= len(name) <= 100
        assert text.normalise(name).strip() == name
        assert text.is_clean(name)
        assert service["name_folded"] == text.caseless(name)
        assert text.is_clean(service["description"], multiline=True)
        assert len(service["description"]) <= 5000
        assert "{" not in service["description"]
        assert 0 <= money.to_kopecks(service["price"]) <= money.MAX_KOPECKS
        assert 5 <= service["duration_minutes"] <= 1440
        assert NOW - timedelta(days=400) <= service["created_at"] < NOW
        assert service["created_at"] <= service["updated_at"] < NOW
        assert "listed" not in service


def test_a_few_services_are_hidden(services):
    hidden = sum(not service["visible"] for service in services)

    assert 0.03 < hidden / len(services) < 0.07


def test_a_specialists_names_differ(services):
    named = {(service["specialist_id"], service["name"]) for service in services}

    assert len(named) == len(services)


def test_names_share_common_words_and_hold_rare_ones():
    rows = generator.services(plan(specialists=2000), CATEGORY_IDS)
    names = [row["name_folded"] for row in rows]

    def share(part):
        return sum(part in name for name in names) / len(names)

    assert 0.08 < share("на дому") < 0.16
    assert 0.01 < share("классический массаж спины") < 0.05
    assert 0 < share("на эгершельде") < 0.001


def test_demo_sessions_live_and_are_named_after_their_devices():
    rows = list(generator.sessions(plan()))

    assert [(row["id"], row["user_id"]) for row in rows] == [(1, 1), (2, 1), (3, 2), (4, 2)]
    assert len(rows) == generator.SESSIONS
    for row in rows:
        assert Device(row["user_agent"], row["ip"]).name == row["device"]
        assert row["created_at"] < row["refresh_issued_at"] == row["last_seen_at"] < NOW
        assert NOW - row["last_seen_at"] < timedelta(days=2)
        assert row["expires_at"] == NOW + timedelta(days=90)
    assert len({row["refresh_jti"] for row in rows}) == 4


@pytest.mark.parametrize(
    ("surname", "expected"),
    [
        ("Соколов", "Соколова"),
        ("Киселёв", "Киселёва"),
        ("Ильин", "Ильина"),
        ("Достоевский", "Достоевская"),
        ("Толстой", "Толстая"),
        ("Белый", "Белая"),
        ("Коваленко", "Коваленко"),
        ("Черных", "Черных"),
        ("Цой", "Цой"),
    ],
)
def test_women_have_womens_surnames(surname, expected):
    assert feminine(surname) == expected


def test_russian_is_spelled_in_latin():
    assert latin("Фёдор Щербаков") == "fedor shcherbakov"
    assert latin("Любовь") == "lyubov"


@pytest.mark.parametrize(
    ("years", "expected"),
    [(1, "1 год"), (3, "3 года"), (5, "5 лет"), (11, "11 лет"), (14, "14 лет"), (21, "21 год")],
)
def test_years_agree_with_their_number(years, expected):
    assert years_text(years) == expected
