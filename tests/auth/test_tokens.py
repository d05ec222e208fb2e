"""Which tokens are believed: only our own, whole, of the right kind, in the one right place."""

from __future__ import annotations

import base64
from typing import Any

from actors import Actor, People, assert_problem
from auth.support import (
    bearer,
    claims_of,
    forge,
    later,
    refresh,
    works,
)
from databases import SECRET
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.auth.tokens import key_id

OTHER_SECRET = "another-test-key-of-forty-random-looking-bytes"


OURS = {"alg": "HS256", "typ": "JWT", "kid": key_id(SECRET)}


def test_the_test_forges_well_enough_to_be_believed(client: Actor) -> None:
    assert bearer(client, forge(claims_of(client.access), OURS)).status_code == 200
    assert refresh(client, forge(claims_of(client.refresh), OURS)).status_code == 200


SIGNED_IN_ANOTHER_WAY: list[tuple[dict[str, Any], str, str]] = [
    (OURS | {"alg": "none"}, SECRET, "sha256"),
    (OURS | {"alg": "None"}, SECRET, "sha256"),
    (OURS | {"alg": "HS512"}, SECRET, "sha512"),
    (OURS | {"alg": "HS384"}, SECRET, "sha384"),
    (OURS | {"alg": "RS256"}, SECRET, "sha256"),
    (OURS | {"alg": "ES256"}, SECRET, "sha256"),
    (OURS | {"alg": ""}, SECRET, "sha256"),
    (OURS | {"alg": None}, SECRET, "sha256"),
    (OURS | {"alg": ["HS256"]}, SECRET, "sha256"),
    ({"typ": "JWT", "kid": key_id(SECRET)}, SECRET, "sha256"),
    (OURS, OTHER_SECRET, "sha256"),
    (OURS, "", "sha256"),
    (OURS | {"kid": key_id(OTHER_SECRET)}, OTHER_SECRET, "sha256"),
    (OURS | {"kid": key_id(OTHER_SECRET)}, SECRET, "sha256"),
    (OURS | {"kid": ""}, "", "sha256"),
    (OURS | {"kid": "../../../dev/null"}, "", "sha256"),
    (OURS | {"kid": ["list"]}, OTHER_SECRET, "sha256"),
    (OURS | {"kid": {"a": 1}}, OTHER_SECRET, "sha256"),
    (OURS | {"kid": 5}, OTHER_SECRET, "sha256"),
    (OURS | {"kid": None}, OTHER_SECRET, "sha256"),
    ({"alg": "HS256", "typ": "JWT"}, SECRET, "sha256"),
    (OURS | {"jwk": {"kty": "oct", "k": "a2V5"}}, "key", "sha256"),
    (OURS | {"jku": "https://attacker.example/jwks.json"}, OTHER_SECRET, "sha256"),
    (OURS | {"x5u": "https://attacker.example/cert.pem"}, OTHER_SECRET, "sha256"),
    (OURS | {"crit": ["exp"]}, SECRET, "sha256"),
    (OURS | {"b64": False}, SECRET, "sha256"),
]


def test_a_token_signed_in_another_way_is_refused(client: Actor) -> None:
    for header, key, digest in SIGNED_IN_ANOTHER_WAY:
        access = forge(claims_of(client.access), header, key, digest)
        renewal = forge(claims_of(client.refresh), header, key, digest)

        assert_problem(bearer(client, access), 401, "token_invalid")
        assert_problem(refresh(client, renewal), 401, "refresh_token_invalid")
    assert works(client)


def test_an_unsigned_or_altered_token_is_refused(client: Actor) -> None:
    head, body, signature = client.access.split(".")
    other_head, other_body, _ = client.refresh.split(".")

    for token in (
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{head}.{other_body}.{signature}",
        f"{head}.{body}.{signature[:-2]}",
        f"{head}.{body}.{signature}.{signature}",
        f"{other_head}..{signature}",
    ):
        assert_problem(bearer(client, token), 401, "token_invalid")
        assert_problem(refresh(client, token), 401, "refresh_token_invalid")


def test_a_token_without_one_of_its_claims_is_refused_though_well_signed(client: Actor) -> None:
    for claim in ("iss", "aud", "sub", "sid", "jti", "type", "iat", "nbf", "exp"):
        access, renewal = claims_of(client.access), claims_of(client.refresh)
        del access[claim], renewal[claim]

        assert_problem(bearer(client, forge(access)), 401, "token_invalid")
        assert_problem(refresh(client, forge(renewal)), 401, "refresh_token_invalid")


WRONG_CLAIMS: list[dict[str, Any]] = [
    {"iss": "somebody"},
    {"iss": ""},
    {"aud": "another-app"},
    {"aud": []},
    {"aud": None},
    {"type": "reset"},
    {"type": ""},
    {"type": None},
    {"sub": 1},
    {"sub": "somebody"},
    {"sub": "-1"},
    {"sub": ""},
    {"sub": None},
    {"sid": "1"},
    {"sid": None},
    {"sid": True},
    {"jti": 5},
    {"jti": None},
    {"exp": "tomorrow"},
    {"exp": None},
    {"nbf": 9_999_999_999},
    {"iat": "yesterday"},
]


def test_a_token_with_a_wrong_claim_is_refused_though_well_signed(client: Actor) -> None:
    for changes in WRONG_CLAIMS:
        access = forge(claims_of(client.access) | changes)
        renewal = forge(claims_of(client.refresh) | changes)

        assert_problem(bearer(client, access), 401, "token_invalid")
        assert_problem(refresh(client, renewal), 401, "refresh_token_invalid")


def test_a_token_whose_claims_are_no_object_is_refused(client: Actor) -> None:
    for claims in ([], "claims", 5, None):
        assert_problem(bearer(client, forge(claims)), 401, "token_invalid")
        assert_problem(refresh(client, forge(claims)), 401, "refresh_token_invalid")


def test_neither_kind_of_token_passes_for_the_other(client: Actor) -> None:
    assert_problem(bearer(client, client.refresh), 401, "token_invalid")
    assert_problem(refresh(client, client.access), 401, "refresh_token_invalid")


def test_a_token_is_good_only_with_its_own_session(people: People, client: Actor) -> None:
    stranger = people.client("stranger")
    mixed = claims_of(client.access) | {"sid": stranger.session_id}

    assert_problem(bearer(client, forge(mixed)), 401, "token_revoked")
    assert_problem(
        refresh(client, forge(claims_of(client.refresh) | {"sid": stranger.session_id})),
        401,
        "token_revoked",
    )
    assert works(stranger)


def test_a_role_in_a_token_gives_no_rights(client: Actor) -> None:
    boasting = forge(claims_of(client.access) | {"role": "specialist", "is_admin": True})

    response = Actor(client.client, access=boasting).post("/api/auth/services/", {})

    assert_problem(response, 403, "wrong_role")


def test_an_access_token_works_for_a_quarter_of_an_hour(client: Actor) -> None:
    claims = claims_of(client.access)

    assert claims["exp"] - claims["iat"] == 15 * 60
    with later(minutes=14, seconds=55):
        assert works(client)
    with later(minutes=15, seconds=30):
        assert_problem(client.get("/api/auth/me/"), 401, "token_expired")


def test_a_token_of_a_machine_whose_clock_is_seconds_ahead_is_believed(client: Actor) -> None:
    with later(seconds=-5):
        assert works(client)
        assert refresh(client, client.refresh).status_code == 200


@settings(
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    token=st.one_of(
        st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60),
        st.lists(st.from_regex(r"[A-Za-z0-9_-]{0,12}", fullmatch=True), max_size=4).map(".".join),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
            lambda inner: st.dictionaries(st.sampled_from(["sub", "sid", "exp", "alg"]), inner),
            max_leaves=5,
        ).map(lambda claims: forge(claims, key=OTHER_SECRET)),
    )
)
def test_no_nonsense_is_believed_or_breaks_the_server(client: Actor, token: str) -> None:
    as_access = Actor(client.client).get(
        "/api/services/", environ_base={"HTTP_AUTHORIZATION": f"Bearer {token}"}
    )
    as_renewal = refresh(client, token)

    assert as_access.status_code == 401
    assert as_renewal.status_code in (401, 422)


def test_nesting_without_end_in_a_token_does_not_break_the_server(client: Actor) -> None:
    for deep in ('{"a":' * 3000 + "1" + "}" * 3000, "[" * 20_000, "9" * 5000, '{"exp":1e999}'):
        head, _, signature = client.access.split(".")
        body = _encoded_text(deep)

        assert_problem(bearer(client, f"{head}.{body}.{signature}"), 401, "token_invalid")
        assert_problem(bearer(client, f"{body}.{head}.{signature}"), 401, "token_invalid")


def _encoded_text(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def test_an_access_token_claims_nothing_that_is_not_used(client: Actor) -> None:
    claims = {"iss", "aud", "exp", "iat", "nbf", "jti", "sub", "sid", "type", "fresh"}

    assert set(claims_of(client.access)) == set(claims_of(client.refresh)) == claims
