"""`flask categories`: the tree grows and moves, and never breaks."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from actors import Actor
from command_line import CommandLine, refusal
from flask import Flask

from marketplace.core.database import session, transactional
from marketplace.extensions import db
from marketplace.services.models import Category


@pytest.fixture
def flask(app: Flask) -> CommandLine:
    return CommandLine(app)


def tree(flask: CommandLine) -> list[tuple[str, str, str | None]]:
    return [(row["slug"], row["name"], row["parent"]) for row in flask.json("categories", "list")]


@pytest.fixture
def planted(flask: CommandLine) -> list[tuple[str, str, str | None]]:
    """Beauty with hair and nails, and an empty repair."""
    flask.do("categories", "add", "Красота", "--slug", "beauty")
    flask.do("categories", "add", "Ремонт", "--slug", "repair")
    flask.do("categories", "add", "Волосы", "--slug", "hair", "--parent", "beauty")
    flask.do("categories", "add", "Ногти", "--slug", "nails-2", "--parent", "beauty")
    return tree(flask)


def test_added_categories_are_what_apps_see(
    flask: CommandLine, planted: list[tuple[str, str, str | None]], anonymous: Actor
) -> None:
    seen = anonymous.get("/api/categories/").get_json()

    assert planted == [
        ("beauty", "Красота", None),
        ("hair", "Волосы", "beauty"),
        ("nails-2", "Ногти", "beauty"),
        ("repair", "Ремонт", None),
    ]
    assert "hair" in json.dumps(seen[0])
    assert [node["slug"] for node in seen] == ["beauty", "repair"]
    added = {"slug": "hair", "name": "Волосы", "parent": "beauty"}
    assert flask.acts("--action", "category.add")[2] == ("category.add", added)


def test_the_tree_tells_how_many_services_each_category_has(
    flask: CommandLine, planted: list[object], specialist: Actor
) -> None:
    for category in ("beauty", "hair", "hair", "repair"):
        specialist.new_service(category=category)
    specialist.new_service(category="hair", visible=False)

    rows = flask.json("categories", "list")

    assert len(rows) == len(planted)
    counts = {row["slug"]: (row["services"], row["total"]) for row in rows}
    assert counts == {"beauty": (1, 4), "hair": (3, 3), "nails-2": (0, 0), "repair": (1, 1)}
    assert "\n  Волосы " in flask.do("categories", "list")


@pytest.mark.usefixtures("planted")
def test_a_position_puts_a_category_at_its_place_among_its_siblings(flask: CommandLine) -> None:
    flask.do("categories", "add", "Брови", "--slug", "brows", "--parent", "beauty", "--position", 1)
    flask.do("categories", "move", "repair", "--top", "--position", 1)
    flask.do("categories", "move", "brows", "--parent", "beauty", "--position", 2)

    assert [slug for slug, _, _ in tree(flask)] == ["repair", "beauty", "hair", "brows", "nails-2"]
    positions = [row["position"] for row in flask.json("categories", "list")]
    assert positions == [1, 2, 1, 2, 3]


@pytest.mark.usefixtures("planted")
def test_a_moved_category_keeps_its_services(
    flask: CommandLine, specialist: Actor, anonymous: Actor
) -> None:
    specialist.new_service(category="hair")

    flask.do("categories", "move", "hair", "--parent", "repair")
    under_repair = tree(flask)
    flask.do("categories", "move", "hair", "--top")

    assert ("hair", "Волосы", "repair") in under_repair
    assert tree(flask)[-1] == ("hair", "Волосы", None)
    assert anonymous.get("/api/services/1/").get_json()["category"] == "hair"
    moves = [details for _, details in flask.acts("--action", "category.move")]
    assert [move["parent"] for move in moves] == ["repair", None]


@pytest.mark.usefixtures("planted")
def test_a_renamed_category_keeps_its_slug(flask: CommandLine, anonymous: Actor) -> None:
    before = anonymous.get("/api/categories/").headers["ETag"]

    flask.do("categories", "rename", "hair", " Причёски ")
    flask.do("categories", "rename", "beauty", "КРАСОТА")

    assert ("hair", "Причёски", "beauty") in tree(flask)
    assert ("beauty", "КРАСОТА", None) in tree(flask)
    assert anonymous.get("/api/categories/").headers["ETag"] != before
    renamed = {"slug": "hair", "before": "Волосы", "after": "Причёски"}
    assert flask.acts("--action", "category.rename")[0] == ("category.rename", renamed)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "Новая", "--slug", "hair"), 'The slug hair belongs to the category "Волосы".'),
        (("add", "КРАСОТА", "--slug", "new"), 'Category beauty beside it has the name "Красота".'),
        (("add", "волосы", "--slug", "new", "--parent", "beauty"), "Category hair beside it"),
        (("add", "Новая", "--slug", "new", "--parent", "hair"), "has two levels only"),
        (("add", "Новая", "--slug", "new", "--parent", "none"), "There is no category none."),
        (("rename", "none", "Новая"), "There is no category none."),
        (("rename", "hair", "Волосы"), "has the name"),
        (("rename", "hair", "НОГТИ"), "Category nails-2 beside it"),
        (("move", "none", "--top"), "There is no category none."),
        (("move", "repair", "--parent", "none"), "There is no category none."),
        (("move", "repair", "--parent", "repair"), "cannot be moved under itself"),
        (("move", "beauty", "--parent", "repair"), "has sub-categories"),
        (("move", "beauty", "--parent", "hair"), "has two levels only"),
        (("move", "repair", "--parent", "hair"), "has two levels only"),
        (("move", "hair", "--parent", "beauty"), "is there already"),
        (("move", "hair", "--parent", "beauty", "--position", "1"), "is there already"),
        (("move", "beauty", "--top"), "is there already"),
    ],
)
def test_what_would_break_the_tree_is_refused_and_changes_nothing(
    flask: CommandLine, planted: list[object], words: tuple[str, ...], told: str
) -> None:
    acts = flask.acts()

    assert told in refusal(flask.run("categories", *words))

    assert tree(flask) == planted
    assert flask.acts() == acts


def test_a_category_cannot_be_moved_beside_one_of_its_name(flask: CommandLine) -> None:
    flask.do("categories", "add", "Красота", "--slug", "beauty")
    flask.do("categories", "add", "красота", "--slug", "inner", "--parent", "beauty")

    told = refusal(flask.run("categories", "move", "inner", "--top"))

    assert told == 'Category beauty beside it has the name "Красота".'
    assert ("inner", "красота", "beauty") in tree(flask)


@pytest.mark.parametrize(
    "words",
    [
        ("add", "Новая", "--slug", "Большие"),
        ("add", "Новая", "--slug", "-new"),
        ("add", "Новая", "--slug", "new--one"),
        ("add", "Новая", "--slug", "new\n"),
        ("add", "Новая", "--slug", "n" * 61),
        ("add", "Новая", "--slug", "new", "--position", "0"),
        ("add", "Новая"),
        ("add", " ", "--slug", "new"),
        ("add", "н" * 101, "--slug", "new"),
        ("move", "hair"),
        ("move", "hair", "--top", "--parent", "repair"),
    ],
)
def test_a_wrong_slug_name_or_place_is_a_usage_error(
    flask: CommandLine, planted: list[object], words: tuple[str, ...]
) -> None:
    result = flask.run("categories", *words)

    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert tree(flask) == planted


def test_the_longest_slug_is_kept(flask: CommandLine) -> None:
    flask.do("categories", "add", "Новая", "--slug", "n" * 60)

    assert tree(flask) == [("n" * 60, "Новая", None)]


def plant(app: Flask, count: int) -> None:
    @transactional
    def add() -> None:
        for number in range(count):
            name = f"category {number}"
            slug = f"category-{number}"
            session().add(Category(level=1, slug=slug, name=name, name_folded=name))

    with app.app_context():
        add()


def test_the_tree_holds_500_categories_at_most(flask: CommandLine, app: Flask) -> None:
    plant(app, 499)
    flask.do("categories", "add", "Пятисотая", "--slug", "last")

    told = refusal(flask.run("categories", "add", "Лишняя", "--slug", "more"))

    assert told.startswith("There are 500 categories already")
    assert len(tree(flask)) == 500


def test_the_tree_costs_the_same_queries_however_big_it_is(flask: CommandLine, app: Flask) -> None:
    plant(app, 1)
    small = flask.queries("categories", "list")
    flask.do("categories", "add", "Вторая", "--slug", "second")
    flask.do("categories", "add", "Третья", "--slug", "third", "--parent", "second")

    assert len(tree(flask)) == 3
    assert flask.queries("categories", "list") == small


def test_of_two_admins_who_add_the_same_category_at_once_one_is_refused(
    flask: CommandLine, app: Flask
) -> None:
    values = {"slug": "new", "name": "Первая", "name_folded": "первая"}
    numbers = {"level": 1, "position": 1, "version": 1}
    with app.app_context(), db.engine.connect() as other, ThreadPoolExecutor(1) as pool:
        other.execute(sa.insert(Category).values(**values, **numbers))
        added = pool.submit(flask.run, "categories", "add", "Вторая", "--slug", "new")
        with pytest.raises(TimeoutError):
            added.result(timeout=0.2)
        other.commit()

        assert refusal(added.result(timeout=10))

    assert tree(flask) == [("new", "Первая", None)]
