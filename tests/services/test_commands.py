"""`flask services`: the admins' switch, their list."""

import pytest
from actors import Actor, People, assert_problem
from command_line import CommandLine, refusal
from flask import Flask


@pytest.fixture
def flask(app: Flask) -> CommandLine:
    return CommandLine(app)


def ids(flask: CommandLine, *filters: object) -> list[int]:
    return [row["id"] for row in flask.json("services", "list", *filters)]


def test_a_hidden_service_is_its_owners_only_until_it_is_shown_again(
    flask: CommandLine, specialist: Actor, anonymous: Actor
) -> None:
    made = specialist.new_service()
    path = f"/api/auth/services/{made['id']}/"

    flask.do("services", "hide", made["id"], "--reason", "Спам", "--yes")

    assert anonymous.get("/api/services/").get_json() == []
    assert_problem(anonymous.get(path), 404, "not_found")
    assert_problem(anonymous.get(f"/api/services/{made['id']}/"), 404, "not_found")
    assert specialist.patch(path, {"visible": True}).status_code == 200
    assert anonymous.get(path).status_code == 404
    assert flask.json("services", "info", made["id"])["hidden_by"] == ["admins"]

    flask.do("services", "show", made["id"])

    assert anonymous.get(path).status_code == 200
    assert len(anonymous.get("/api/services/").get_json()) == 1
    assert flask.acts("--service", made["id"]) == [
        ("service.hide", {"reason": "Спам"}),
        ("service.show", {}),
    ]


def test_hiding_changes_the_tag_of_the_service(flask: CommandLine, specialist: Actor) -> None:
    path = f"/api/auth/services/{specialist.new_service()['id']}/"
    before = specialist.get(path).headers["ETag"]

    flask.do("services", "hide", "1", "--yes")

    assert specialist.get(path).headers["ETag"] != before


def test_a_shown_service_may_still_be_hidden_by_its_owner(
    flask: CommandLine, specialist: Actor, anonymous: Actor
) -> None:
    specialist.new_service(visible=False)
    flask.do("services", "hide", "1", "--yes")

    said = flask.do("services", "show", "1")

    assert "still hidden by: owner" in said
    assert anonymous.get("/api/services/1/").status_code == 404


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_hiding_asks_first(
    flask: CommandLine, specialist: Actor, anonymous: Actor, answer: str
) -> None:
    specialist.new_service()

    result = flask.run("services", "hide", "1", stdin=answer)

    assert result.exit_code == 1
    assert 'Hide service 1, "Массаж спины"? [y/N]' in result.stderr
    assert anonymous.get("/api/services/1/").status_code == 200
    assert flask.acts() == []


def test_what_cannot_be_done_to_a_service_is_told(flask: CommandLine, specialist: Actor) -> None:
    specialist.new_service()
    not_hidden = flask.run("services", "show", "1")
    flask.do("services", "hide", "1", "--yes")

    assert refusal(not_hidden) == "Service 1 is not hidden by the admins."
    again = flask.run("services", "hide", "1", "--yes")
    assert refusal(again) == "Service 1 is hidden by the admins already."
    for command in ("info", "show", "hide"):
        assert refusal(flask.run("services", command, "99")) == "There is no service 99."
    assert [action for action, _ in flask.acts()] == ["service.hide"]


def test_services_are_found_by_specialist_by_part_of_the_name_and_by_being_hidden(
    flask: CommandLine, specialist: Actor, rival: Actor
) -> None:
    specialist.new_service(name="Массаж СПИНЫ")
    specialist.new_service(name="Скидка 50%", visible=False)
    rival.new_service(name="Массаж лица")
    rival.new_service(name="Пилинг")
    flask.do("services", "hide", "4", "--yes")

    assert ids(flask) == [1, 2, 3, 4]
    assert ids(flask, "--specialist", "RIVAL@example.com") == [3, 4]
    assert ids(flask, "--search", "МАСС") == [1, 3]
    assert ids(flask, "--search", "%") == [2]
    assert ids(flask, "--hidden") == [2, 4]
    assert ids(flask, "--hidden", "--specialist", "rival", "--search", "пил") == [4]
    assert ids(flask, "--limit", "2", "--after", "1") == [2, 3]
    assert refusal(flask.run("services", "list", "--specialist", "none")).endswith("none.")


def test_a_service_is_listed_with_all_that_hides_it(flask: CommandLine, specialist: Actor) -> None:
    specialist.new_service(name="Массаж", visible=False, price="1500.50")
    flask.do("services", "hide", "1", "--yes")
    flask.do("users", "block", "master", "--reason", "Жалобы", "--yes")

    table = flask.do("services", "list").splitlines()
    row = flask.json("services", "list")[0]

    assert row["hidden_by"] == ["owner", "admins", "block"]
    assert (row["specialist"], row["price"], row["category"]) == ("master", "1500.50", None)
    assert "Массаж  master      -         1500.50" in table[1]
    assert "owner, admins, block" in table[1]
    assert "Массаж" in flask.do("services", "list", "--json")


def test_the_list_costs_the_same_queries_however_long_it_is(
    flask: CommandLine, people: People
) -> None:
    flask.do("categories", "add", "Первая", "--slug", "first")
    people.specialist("master0").new_service(category="first")
    short = flask.queries("services", "list")
    for number in range(1, 9):
        slug = f"slug-{number}"
        flask.do("categories", "add", f"Имя {number}", "--slug", slug, "--parent", "first")
        people.specialist(f"master{number}").new_service(category=slug)

    assert len(flask.json("services", "list")) == 9
    assert flask.queries("services", "list") == short
