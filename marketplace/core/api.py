"""The blueprint every feature's routes hang on: route, access and documents in one declaration."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NoReturn, cast

import flask_smorest
import marshmallow as ma
from flask import Request, request
from webargs.flaskparser import FlaskParser
from werkzeug.routing import IntegerConverter

from marketplace.core.errors import Code, DomainError, Message, invalid
from marketplace.core.permissions import Access, declare_access
from marketplace.core.problems import flatten
from marketplace.core.requests import METHODS_WITH_BODY, ApiRequest, declare_upload
from marketplace.core.upload_document import upload_body

_REMEMBERED_QUERIES = 256
ID = "id"

_ALWAYS = (
    Code.TOKEN_INVALID,
    Code.TOKEN_EXPIRED,
    Code.TOKEN_REVOKED,
    Code.DUPLICATE_PARAMETER,
    Code.MALFORMED_REQUEST,
    Code.INVALID_FIELDS,
    Code.TOO_MANY_REQUESTS,
    Code.SERVICE_UNAVAILABLE,
)
_WITH_BODY = (
    Code.MALFORMED_JSON,
    Code.PAYLOAD_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE,
)
_IDEMPOTENT = (Code.IDEMPOTENCY_KEY_REUSED, Code.IDEMPOTENCY_IN_FLIGHT)


class IdConverter(IntegerConverter):
    """An id in a path: 1 to 2147483647 in ASCII digits. Its pattern holds the bounds: a path that
    only fails to convert counts as known, and other methods on it are answered 405.
    """

    regex = (
        "(?:[1-9][0-9]{0,8}|1[0-9]{9}|20[0-9]{8}|21[0-3][0-9]{7}|214[0-6][0-9]{6}"
        "|2147[0-3][0-9]{5}|21474[0-7][0-9]{4}|214748[0-2][0-9]{3}|2147483[0-5][0-9]{2}"
        "|21474836[0-3][0-9]|214748364[0-7])"
    )


class Parser(FlaskParser):
    """Reads bodies and queries strictly and raises our problems."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": ma.RAISE, "query": ma.RAISE}

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        return cast("ApiRequest", req).strict_json()

    def load_querystring(self, req: Request, schema: ma.Schema) -> Any:
        return cast("ApiRequest", req).strict_args()

    def handle_error(self, error: ma.ValidationError, *args: Any, **kwargs: Any) -> NoReturn:
        by_location = error.messages if isinstance(error.messages, dict) else {}
        messages: Any = next(iter(by_location.values()), {})
        raise DomainError(Code.INVALID_FIELDS, errors=flatten(messages, ""))


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """A feature's routes; `operation` declares each of them."""

    ARGUMENTS_PARSER = Parser()

    def arguments(
        self,
        schema: type[ma.Schema],
        *,
        location: str = "json",
        required: bool = True,
        **documentation: Any,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a body or a query and pass the loaded one as the view's first argument. A body
        that is not `required` may be missing; it is then read as `{}`.

        The documentation is the library's; the parsing is done with one schema object, which the
        library would make anew, deep copies and all, for every request.
        """
        document = super().arguments(schema, location=location, required=required, **documentation)
        load = _loader(schema(), location, required=required)

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(view)
            def parse_first(*args: Any, **kwargs: Any) -> Any:
                return view(load(), *args, **kwargs)

            parse_first._apidoc = document(view)._apidoc  # type: ignore[attr-defined]
            return parse_first

        return decorate

    def response(
        self, status_code: int, schema: Any = None, **documentation: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Document the answer; views return it encoded."""
        document = super().response(status_code, schema, **documentation)

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            view._apidoc = document(view)._apidoc  # type: ignore[attr-defined]
            return view

        return decorate

    def upload(
        self, field: str, *, limit: int, content_types: Sequence[str], example: str
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a multipart body with one file and pass its bytes as the view's first argument.
        `example` is the address of a file to try it with.
        """

        def decorate(view: Callable[..., Any]) -> Callable[..., Any]:
            @functools.wraps(view)
            def parse_first(*args: Any, **kwargs: Any) -> Any:
                data = cast("ApiRequest", request).one_file(field, limit)
                return view(data, *args, **kwargs)

            body = upload_body(field, limit=limit, content_types=content_types, example=example)
            parse_first.__upload_body__ = body  # type: ignore[attr-defined]
            return declare_upload(parse_first, limit)

        return decorate

    def operation(
        self,
        method: str,
        rule: str,
        *,
        access: Access,
        knows_caller: bool = False,
        summary: str,
        description: str = "",
        errors: Sequence[Code] = (),
        etag: bool = False,
        if_match: bool = False,
        paged: bool = False,
        location: bool = False,
        idempotent: bool = False,
        tag: str | None = None,
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Register a view for one method of a path under `/api/`.

        The decorators below it declare body, query and answer. `knows_caller` documents an open
        route whose answer depends on who is signed in. The other flags document headers:
        `etag` on the answer, `if_match` taken, `paged` for `Link` and `X-Total-Count`, `location`,
        `idempotent` for `Idempotency-Key` taken. `tag` is the heading in the documentation where it
        is not the blueprint's name.
        """

        def register(view: Callable[..., Any]) -> Callable[..., Any]:
            name = view.__name__
            arguments = getattr(view, "_apidoc", {}).get("arguments", {}).get("parameters", [])
            places = {argument["in"] for argument in arguments}
            closed_to_some = access not in (Access.ANYONE, Access.INFRASTRUCTURE)
            codes = list(errors) if access is Access.INFRASTRUCTURE else [*_ALWAYS, *errors]
            codes += [Code.TOKEN_REQUIRED] if closed_to_some else []
            if access in (Access.CLIENT, Access.SPECIALIST):
                codes.append(Code.WRONG_ROLE)
            codes += _IDEMPOTENT if idempotent else ()
            codes += _WITH_BODY if method in METHODS_WITH_BODY else ()
            codes += [Code.NOT_FOUND] if "<" in rule else []
            codes += [Code.PRECONDITION_FAILED] if if_match else []
            closed = view if "query" in places else _without_query(view)
            upload = getattr(view, "__upload_body__", None)
            if method in METHODS_WITH_BODY and "json" not in places and upload is None:
                closed = _without_body(closed)
            documented = self.doc(
                summary=summary,
                description=description,
                operationId=_camel_case(name),
                security=_security(closed_to_some=closed_to_some, knows_caller=knows_caller),
                **({} if upload is None else {"requestBody": upload}),
                **{
                    "x-codes": sorted(set(codes)),
                    "x-headers": {"etag": etag, "if_match": if_match, "paged": paged}
                    | {"location": location, "idempotent": idempotent},
                },
            )(closed)
            declare_access(documented, access)
            tags = None if tag is None else [tag]
            self.route(rule, methods=[method], endpoint=name, tags=tags)(documented)
            return view

        return register


def _security(*, closed_to_some: bool, knows_caller: bool) -> list[dict[str, list[str]]]:
    token: dict[str, list[str]] = {"bearerAuth": []}
    if closed_to_some:
        return [token]
    # Nothing at all, or a token: the documentation page sends one where it is of use.
    return [{}, token] if knows_caller else []


def _loader(schema: ma.Schema, location: str, *, required: bool) -> Callable[[], Any]:
    if location != "query" and not required:
        return lambda: (
            Blueprint.ARGUMENTS_PARSER.parse(schema, request, location=location)
            if request.get_data(cache=True)
            else schema.load({})
        )
    if location != "query":
        return lambda: Blueprint.ARGUMENTS_PARSER.parse(schema, request, location=location)

    @lru_cache(maxsize=_REMEMBERED_QUERIES)
    def load(_query: bytes) -> Any:
        return Blueprint.ARGUMENTS_PARSER.parse(schema, request, location=location)

    # Loading depends on nothing but the query itself, and apps ask for the same pages over again.
    return lambda: load(request.query_string)


def _without_query(view: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(view)
    def refuse_parameters(*args: Any, **kwargs: Any) -> Any:
        if request.query_string and (given := cast("ApiRequest", request).strict_args()):
            errors = {name: [Message("unknown_parameter")] for name in given}
            raise DomainError(Code.INVALID_FIELDS, errors=errors)
        return view(*args, **kwargs)

    return refuse_parameters


def _without_body(view: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(view)
    def refuse_fields(*args: Any, **kwargs: Any) -> Any:
        if request.get_data(cache=True):
            body = cast("ApiRequest", request).strict_json()
            if not isinstance(body, dict):
                raise invalid("body", "object")
            if body:
                errors = {name: [Message("unknown")] for name in body}
                raise DomainError(Code.INVALID_FIELDS, errors=errors)
        return view(*args, **kwargs)

    return refuse_fields


def _camel_case(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.capitalize() for part in rest)
