"""The document of the API: complete, bounded, and true when its examples are tried."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest
from auth.support import newest_code
from databases import empty
from flask import Flask
from flask.testing import FlaskClient
from photos import form
from werkzeug.test import TestResponse

from marketplace.core.clock import utc_now
from marketplace.core.errors import STATUS, Code
from marketplace.system import openapi
from marketplace.system.demo import operations as demo
from marketplace.system.demo.accounts import DEMO_CLIENT, DEMO_PASSWORD, DEMO_SPECIALIST

Json = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
NOW = utc_now()
TODAY = NOW.date()
# Who signs in where more than one may, or the client must.
FOR_CLIENTS = {"createBooking", "createHold", "listHolds", "deleteHold", "unlinkIdentity"}
BY_SPECIALISTS = {"confirmBooking", "declineBooking", "completeBooking", "noShowBooking"}
OPTIONAL_HEADERS = {"Link", "X-Total-Count", "Idempotency-Replayed"}


@pytest.fixture(scope="module")
def document(shared_app: Flask) -> Json:
    with shared_app.app_context():
        return openapi.document(TODAY)


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    declared: Json
    of_path: list[Json]

    @property
    def in_path(self) -> list[Json]:
        """The parameters of the path, with the operation's own examples of them."""
        own = {each["name"]: each for each in self.declared.get("parameters", ())}
        return [own.get(each["name"], each) for each in self.of_path]

    @property
    def body(self) -> Json | None:
        content: Json | None = self.declared.get("requestBody", {}).get("content")
        return content and content.get("application/json")

    @property
    def upload(self) -> Json | None:
        content: Json = self.declared.get("requestBody", {}).get("content", {})
        return content.get("multipart/form-data")

    @property
    def success(self) -> int:
        """The documented status of success, 304 aside: 201 where a dry run is answered 200."""
        statuses = {status for status in self.declared["responses"] if status.startswith("2")}
        assert len(statuses) == 1 or statuses == {"200", "201"}
        return int(max(statuses))

    @property
    def role(self) -> str | None:
        """Who is to sign in before trying it."""
        security = self.declared["security"]
        if not security or {} in security:
            return None
        name = self.declared["operationId"]
        closed_to_clients = "403" in self.declared["responses"] and name not in FOR_CLIENTS
        return DEMO_SPECIALIST if closed_to_clients or name in BY_SPECIALISTS else DEMO_CLIENT


@pytest.fixture(scope="module")
def operations(document: Json) -> list[Operation]:
    return [
        Operation(method, path, item[method], item.get("parameters", []))
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
    ]


def test_the_document_is_valid_and_is_what_is_served(document: Json, shared_app: Flask) -> None:
    validator = pytest.importorskip("openapi_spec_validator")

    response = shared_app.test_client().get("/api/openapi.json")

    assert response.get_json() == document
    assert document["openapi"].startswith("3.1.")
    validator.validate(document)


def test_the_document_is_the_same_every_time_it_is_made(document: Json, shared_app: Flask) -> None:
    with shared_app.app_context():
        assert openapi.document(TODAY) == document


def test_every_operation_says_what_it_is(document: Json, operations: list[Operation]) -> None:
    tags = [tag["name"] for tag in document["tags"]]
    order = [tags.index(*operation.declared["tags"]) for operation in operations]
    names = [operation.declared["operationId"] for operation in operations]

    assert len(operations) >= 20
    assert order == sorted(order)
    assert set(order) == set(range(len(tags)))
    assert len(set(names)) == len(names)
    assert all(re.fullmatch("[a-z]+([A-Z][a-z]+)*", name) for name in names), names
    assert all(operation.declared["summary"] for operation in operations)
    assert all(operation.success for operation in operations)


def test_every_operation_lists_the_errors_it_can_answer(operations: list[Operation]) -> None:
    for operation in operations:
        statuses = set(map(int, operation.declared["responses"]))
        expected = set() if operation.declared["tags"] == ["health"] else {401, 422, 429, 503}
        expected |= {400, 413, 415} if operation.body or operation.upload else set()
        expected |= {404} if "{" in operation.path else set()

        assert expected <= statuses, operation.path
        for status, answer in operation.declared["responses"].items():
            for media_type, content in answer.get("content", {}).items():
                if media_type == "application/problem+json":
                    told = re.findall("^`([a-z_]+)` — .+$", answer["description"], re.MULTILINE)
                    assert told
                    assert {STATUS[Code(code)] for code in told} == {int(status)}
                    assert content["example"]["code"] in told


def unbounded(document: Json, schema: Json, place: str) -> Iterator[str]:
    """The places in a schema of what is sent that say of no limit."""
    schema = schema.get("anyOf", [schema])[0]  # of an object or null the object
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema, place = document["components"]["schemas"][name], f"{place}:{name}"
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "string" in kinds and not {"maxLength", "enum", "format"} & schema.keys():
        yield place
    if {"integer", "number"} & set(kinds) and not {"minimum", "maximum"} <= schema.keys():
        yield place
    if "array" in kinds:
        if "maxItems" not in schema:
            yield place
        yield from unbounded(document, schema["items"], f"{place}[]")
    if "object" in kinds:
        if schema.get("additionalProperties") is not False:
            yield place
        for name, inner in schema["properties"].items():
            yield from unbounded(document, inner, f"{place}.{name}")


def test_everything_sent_has_bounds(document: Json, operations: list[Operation]) -> None:
    found = []
    for operation in operations:
        place = f"{operation.method} {operation.path}"
        for parameter in operation.in_path + operation.declared.get("parameters", []):
            found += unbounded(document, parameter["schema"], f"{place} {parameter['name']}")
        if body := operation.body or operation.upload:
            found += unbounded(document, body["schema"], place)

    assert found == []


def fitting(document: Json, schema: Json, value: Any) -> list[str]:
    """What is wrong with a value of this schema."""
    jsonschema = import_module("jsonschema")
    whole = {**schema, "components": document["components"]}
    validator = jsonschema.Draft202012Validator(
        whole, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    return [error.message for error in validator.iter_errors(value)]


def test_every_example_fits_its_schema(document: Json, operations: list[Operation]) -> None:
    pytest.importorskip("jsonschema")

    for operation in operations:
        contents = [
            content
            for answer in operation.declared["responses"].values()
            for content in answer.get("content", {}).values()
        ]
        for content in contents + ([operation.body] if operation.body else []):
            faults = fitting(document, content["schema"], content["example"])
            assert faults == [], f"{operation.method} {operation.path}: {faults}"
        for parameter in operation.in_path:
            assert fitting(document, parameter["schema"], parameter["example"]) == []


def load_demo(app: Flask) -> None:
    empty(app)
    with app.app_context():
        demo.load(specialists=20, services_each=2, clients=10, seed=1, actor="system", now=NOW)


def sent_code(client: FlaskClient, operation: Operation, headers: Json) -> str:
    """The code that the call before this one sent, as the person reads it."""
    if operation.path.endswith("/confirm/"):
        asked = client.post(operation.path.removesuffix("confirm/"), headers=headers)
    else:
        asked = client.post("/api/auth/password/forgot/", json={"login": DEMO_CLIENT})
    assert asked.status_code == 202, asked.text
    return newest_code(client.application)


def tried(client: FlaskClient, operation: Operation) -> TestResponse:
    """The answer to the operation's examples as they stand, as the documentation page sends them:
    signed in, and a real refresh token in the place of the placeholder.
    """
    login = {"username": operation.role or DEMO_CLIENT, "password": DEMO_PASSWORD}
    tokens = client.post("/api/auth/login/", json=login).get_json()
    headers = {"Authorization": f"Bearer {tokens['access']}"} if operation.role else {}
    path = operation.path
    for parameter in operation.in_path:
        path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
    needed = [each for each in operation.declared.get("parameters", ()) if each.get("required")]
    query = {each["name"]: each["schema"]["example"] for each in needed if each["in"] == "query"}
    body = operation.body and operation.body["example"]
    if operation.declared["operationId"] == "refreshTokens":
        assert body == {"refresh": "<refresh>"}
        body = {"refresh": tokens["refresh"]}
    if body and "code" in body:
        body = {**body, "code": sent_code(client, operation, headers)}
    method = operation.method.upper()
    carried = uploaded(client, operation.upload) if operation.upload else {"json": body}
    return client.open(path, method=method, headers=headers, query_string=query, **carried)


def uploaded(client: FlaskClient, body: Json) -> Json:
    """What a person sends who follows the link to the example's file."""
    (field,) = body["schema"]["required"]
    with client.get(body["examples"]["file"]["externalValue"]) as file:
        assert file.mimetype in body["encoding"][field]["contentType"].split(", ")
        return form(file.data, field=field)


def test_every_example_works_as_it_stands_on_fresh_demo_data(
    app: Flask, document: Json, operations: list[Operation]
) -> None:
    pytest.importorskip("jsonschema")

    is_fresh = False
    for operation in operations:
        if not is_fresh:
            load_demo(app)
        # What only reads leaves the data fresh for the next; signing in adds sessions at the end.
        is_fresh = operation.method == "get"
        declared = operation.declared["responses"][str(operation.success)]

        response = tried(app.test_client(), operation)

        where = f"{operation.method} {operation.path}: {response.text}"
        assert response.status_code == operation.success, where
        assert (declared.get("headers", {}).keys() - OPTIONAL_HEADERS) <= set(
            response.headers.keys()
        ), where
        if operation.success in (202, 204):
            assert response.data == b""
            assert "content" not in declared
        else:
            schema = declared["content"][response.mimetype]["schema"]
            assert fitting(document, schema, response.get_json()) == [], where


def test_an_operation_closed_to_some_says_so(app: Flask, operations: list[Operation]) -> None:
    load_demo(app)
    client = app.test_client()

    for operation in operations:
        path = re.sub(r"\{\w+\}", "1", operation.path)
        answer = client.open(path, method=operation.method.upper())

        assert (answer.status_code == 401) == bool(operation.role), operation.path


def test_an_open_operation_that_knows_its_caller_takes_a_token(
    operations: list[Operation],
) -> None:
    either = {
        f"{operation.method} {operation.path}"
        for operation in operations
        if operation.declared["security"] == [{}, {"bearerAuth": []}]
    }

    assert either == {
        "get /api/auth/services/",
        "get /api/auth/services/{service_id}/",
        "get /api/services/{service_id}/",
    }
