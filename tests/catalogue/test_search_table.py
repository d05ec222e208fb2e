"""One table of questions and their first hits, the same on both databases."""

from __future__ import annotations

import pytest
from actors import Actor, People, assert_problem
from catalogue.search_corpus import CATEGORIES, SERVICES, SPECIALISTS, TABLE
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.support import CATALOGUE, add_category, listed, read_through

from marketplace.catalogue import search_cost

MINE = "/api/auth/profile/me/"


@pytest.fixture
def corpus(app: Flask, people: People) -> dict[int, str]:
    """The keys of the corpus's services by id."""
    for slug, name, parent in CATEGORIES:
        add_category(app, slug, name, parent)
    specialists = {name: people.specialist(name) for name in SPECIALISTS}
    for name, full_name in SPECIALISTS.items():
        specialists[name].patch(MINE, {"full_name": full_name})
    made = {}
    for key, owner, category, name, description in SERVICES:
        row = specialists[owner].new_service(
            name=name, description=description, category=category, visible=key != "hidden"
        )
        made[row["id"]] = key
    return made


@pytest.fixture(params=["counted", "few", "many"])
def expected_matches(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How many matches statements are steered for, whatever there are: they answer the same."""
    if request.param != "counted":
        many = request.param == "many"
        monkeypatch.setattr(search_cost, "is_common", lambda *_: many)
        monkeypatch.setattr(search_cost, "is_whole", lambda *_: not many)


@pytest.mark.usefixtures("expected_matches")
def test_every_question_finds_what_it_should(corpus: dict[int, str], anonymous: Actor) -> None:
    wrong = {}
    for question, expected in TABLE:
        hits = [corpus[row["id"]] for row in listed(anonymous, CATALOGUE, q=question, limit=100)]
        wanted = [key for key in expected if key is not ...]
        seen = hits[: len(wanted)] if ... in expected else hits
        if seen != wanted:
            wrong[question] = {"found": hits, "wanted": wanted}

    assert len(TABLE) > 60
    assert not wrong, "\n".join(f"{question}: {each}" for question, each in wrong.items())


@pytest.mark.usefixtures("expected_matches")
def test_pages_show_every_hit_exactly_once(corpus: dict[int, str], anonymous: Actor) -> None:
    for question in ("массаж", "ремонт", "с", "мытье"):
        whole = [row["id"] for row in listed(anonymous, CATALOGUE, q=question, limit=100)]

        assert len(whole) > 1
        assert read_through(anonymous, CATALOGUE, q=question, limit=1) == whole
        for ordering in ("price", "-created_at", "created_at"):
            other = read_through(anonymous, CATALOGUE, q=question, limit=2, ordering=ordering)
            assert sorted(other) == sorted(whole)


@pytest.mark.usefixtures("expected_matches")
def test_other_filters_narrow_a_search(corpus: dict[int, str], anonymous: Actor) -> None:
    owner = listed(anonymous, CATALOGUE, q="сантехника")[0]["specialist"]

    found = listed(anonymous, CATALOGUE, q="сантехника", specialist=owner, name="замена")

    assert [corpus[row["id"]] for row in found] == ["tap"]
    assert listed(anonymous, CATALOGUE, q="сантехника", min_price="99999") == []


def test_a_search_counts_what_it_finds(corpus: dict[int, str], anonymous: Actor) -> None:
    for question, count in (("массаж", 5), ("***", 0)):
        answer = anonymous.get(CATALOGUE, query_string={"q": question, "count": "1"})
        assert answer.headers["X-Total-Count"] == str(count)


def test_suggestions_begin_like_what_is_typed(corpus: dict[int, str], anonymous: Actor) -> None:
    def suggested(question: str) -> dict[str, list[str]]:
        answer = anonymous.get(f"{CATALOGUE}suggest/", query_string={"q": question})
        assert answer.status_code == 200, answer.text
        found: dict[str, list[str]] = answer.get_json()
        assert sum(map(len, found.values())) <= 10
        return found

    assert suggested("мас") == {
        "names": ["Массаж спины", "Классический массаж", "Тайский массаж"],
        "categories": ["Массаж"],
        "specialists": [],
    }
    assert suggested("соко") == {
        "names": [],
        "categories": [],
        "specialists": ["Анна Соколова"],
    }
    assert suggested("ремонт ст")["names"] == ["Ремонт стиральных машин"]
    assert suggested("крас")["categories"] == ["Красота"]
    assert (
        suggested("камуф")
        == suggested("***")
        == {
            "names": [],
            "categories": [],
            "specialists": [],
        }
    )


HOSTILE = (
    *('"', "'", "''; DROP TABLE services; --", '""""', "*", "^", "-", "+", "()", "(((", ":", "\\"),
    *("a:b", "words:a", "{name}: a", "a NEAR b", "NOT a", "AND", "OR OR OR", "a AND", "& | ! <->"),
    *("'a' & !'b'", "a:*", "%", "_", "%%__", "?", ":search", "%(search)s", "🙂", "a🙂b"),
    *("\u202eabc\u202c", "\u200f\u200e", "ﬁ", "Ⅷ²½", "\ufeffмассаж", "а\u0301", "İ", "ß" * 100),
    *("漢字かな", "𞤀𞤁", "ا" * 100, "x" * 100, "1 " * 50, "й" * 100, "а б в г д е ж з и к л м"),
)


def test_hostile_questions_are_plain_texts(corpus: dict[int, str], anonymous: Actor) -> None:
    for question in HOSTILE:
        for path in (CATALOGUE, f"{CATALOGUE}suggest/"):
            answer = anonymous.get(path, query_string={"q": question})
            assert answer.status_code in {200, 422}, (question, answer.text)
        for ordering in ("price", "relevance"):
            listing = {"q": question, "ordering": ordering, "count": "1"}
            answer = anonymous.get(CATALOGUE, query_string=listing)
            assert answer.status_code in {200, 422}, (question, answer.text)


@pytest.mark.parametrize("question", ["", "   ", "a" * 101, "a\x00b", "a\nb", "я" * 10_000])
def test_a_question_has_bounds(anonymous: Actor, question: str) -> None:
    for path in (CATALOGUE, f"{CATALOGUE}suggest/"):
        answer = anonymous.get(path, query_string={"q": question})
        assert_problem(answer, 422, "invalid_fields", "q")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.one_of(
        st.text(max_size=100),
        st.text(alphabet="масжcnr;[ \"'*&|!():-<>ёЁ%_\\", max_size=30),
    )
)
def test_no_question_is_an_error(corpus: dict[int, str], anonymous: Actor, question: str) -> None:
    for path in (CATALOGUE, f"{CATALOGUE}suggest/"):
        answer = anonymous.get(path, query_string={"q": question.encode("utf-8", "replace")})
        assert answer.status_code in {200, 422}, (question, answer.text)
