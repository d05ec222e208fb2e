"""Which providers are offered: settings, what the document says, what the others answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from actors import Actor, People, assert_problem
from auth.provider import VK_CODE, Provider
from auth.social import on
from flask import Flask

from marketplace.auth import social_examples
from marketplace.settings import Settings, SettingsError
from marketplace.settings_social import PROVIDERS, SocialSettings

PATHS = ("/api/auth/social/{}/", "/api/auth/me/identities/{}/")
VK = {"VK_CLIENT_ID": "7654321", "VK_REDIRECT_URI": "vk7654321://vk.ru/blank.html"}


def read(folder: Path, **variables: str) -> Settings:
    named = {"INSTANCE_PATH": str(folder)} | variables
    return Settings.from_environment({f"MARKETPLACE_{name}": named[name] for name in named})


def document_of(app: Flask) -> dict[str, Any]:
    document: dict[str, Any] = app.test_client().get("/api/openapi.json").get_json()
    return document


def test_a_provider_that_is_not_set_up_is_404_whatever_is_sent(
    shared_app: Flask, people: People
) -> None:
    anonymous, person = people.anonymous(), people.client()

    for provider in PROVIDERS:
        for body in ({}, {"id_token": "x"}, VK_CODE, [1]):
            for caller, path in ((anonymous, PATHS[0]), (person, PATHS[1])):
                answer = caller.post(path.format(provider), body)
                assert_problem(answer, 404, "provider_not_configured")


def test_the_document_tells_of_no_provider_that_is_not_set_up(
    shared_app: Flask, make_app: Callable[..., Flask]
) -> None:
    only_google = make_app(social=SocialSettings(google_client_ids=("one",)))

    assert not any("/social/" in path for path in document_of(shared_app)["paths"])
    paths = document_of(only_google)["paths"]
    for provider in PROVIDERS:
        for path in PATHS:
            assert (path.format(provider) in paths) == (provider == "google")
    assert "VkCodeIn" not in document_of(only_google)["components"]["schemas"]


def test_the_document_of_all_providers_is_whole(social_app: Flask) -> None:
    validator = pytest.importorskip("openapi_spec_validator")
    jsonschema = pytest.importorskip("jsonschema")
    document = document_of(social_app)

    validator.validate(document)
    order = [tag["name"] for tag in document["tags"]]
    tags = [
        order.index(tag)
        for item in document["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
        for tag in operation["tags"]
    ]
    assert tags == sorted(tags)
    for provider in PROVIDERS:
        for path in PATHS:
            operation = document["paths"][path.format(provider)]["post"]
            assert "identity_token_invalid" in operation["description"]
            assert {"401", "404", "409", "422", "429", "503"} <= operation["responses"].keys()
            contents = [operation["requestBody"]["content"]["application/json"]]
            contents += [
                operation["responses"][status]["content"]["application/json"]
                for status in ("200", "201")
                if status in operation["responses"]
            ]
            for content in contents:
                whole = {**content["schema"], "components": document["components"]}
                jsonschema.validate(content["example"], whole)


def test_the_examples_are_refused_as_the_document_says(
    social_app: Flask, people: People, provider: Provider
) -> None:
    provider.vk_token = lambda _form: (400, {"error": "invalid_grant"})
    examples = {
        "google": social_examples.ID_TOKEN,
        "apple": social_examples.ID_TOKEN,
        "vk": social_examples.VK_CODE,
    }
    for name, example in examples.items():
        for caller, path in (
            (Actor(social_app.test_client()), PATHS[0]),
            (on(social_app, people.client(f"client-{name}")), PATHS[1]),
        ):
            answer = caller.post(path.format(name), example)
            assert_problem(answer, 401, "identity_token_invalid")


def test_settings_name_the_real_providers_and_offer_none(tmp_path: Path) -> None:
    social = read(tmp_path).social

    assert social.offered == frozenset()
    assert social.google_jwks_url == "https://www.googleapis.com/oauth2/v3/certs"
    assert social.apple_jwks_url == "https://appleid.apple.com/auth/keys"
    assert social.apple_issuers == ("https://appleid.apple.com",)
    assert social.vk_url == "https://id.vk.ru"


def test_settings_are_read(tmp_path: Path) -> None:
    social = read(
        tmp_path,
        GOOGLE_CLIENT_IDS="web.apps.example, android.apps.example,",
        APPLE_CLIENT_IDS="org.example.app",
        APPLE_ISSUERS="https://appleid.apple.com,https://account.apple.com",
        VK_URL="http://127.0.0.1:9/",
        **VK,
    ).social

    assert social.google_client_ids == ("web.apps.example", "android.apps.example")
    assert social.apple_issuers == ("https://appleid.apple.com", "https://account.apple.com")
    assert social.vk_url == "http://127.0.0.1:9"
    assert social.offered == {"google", "apple", "vk"}


STRICT = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": "f3b1c97de8240a6655fe01ab9cd37742",
    "PUBLIC_URL": "https://api.example.org",
}


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("GOOGLE_CLIENT_IDS", {"GOOGLE_CLIENT_IDS": "two words"}),
        ("APPLE_CLIENT_IDS", {"APPLE_CLIENT_IDS": "a/b"}),
        ("APPLE_CLIENT_IDS", {"APPLE_CLIENT_IDS": ",".join(f"id{n}" for n in range(21))}),
        ("GOOGLE_JWKS_URL", {"GOOGLE_JWKS_URL": "certs"}),
        ("GOOGLE_JWKS_URL", {"GOOGLE_JWKS_URL": "ftp://a.example/certs"}),
        ("GOOGLE_JWKS_URL", {"GOOGLE_JWKS_URL": "http://a.example/certs", **STRICT}),
        ("APPLE_JWKS_URL", {"APPLE_JWKS_URL": "http://a.example/certs", **STRICT}),
        ("APPLE_ISSUERS", {"APPLE_ISSUERS": "appleid.apple.com"}),
        ("VK_CLIENT_ID", {"VK_CLIENT_ID": "app"}),
        ("VK_URL", {"VK_URL": "http://vk.example", **STRICT}),
        ("VK_URL", {"VK_URL": "https://me:secret@vk.example"}),
        ("VK_REDIRECT_URI", {"VK_CLIENT_ID": "1"}),
        ("VK_REDIRECT_URI", {"VK_CLIENT_ID": "1", "VK_REDIRECT_URI": "blank.html"}),
        ("VK_REDIRECT_URI", {**VK, "VK_REDIRECT_URI": "http://app.example/", **STRICT}),
    ],
    ids=str,
)
def test_a_wrong_setting_keeps_the_application_from_starting(
    tmp_path: Path, name: str, variables: dict[str, str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, **variables)

    assert f"MARKETPLACE_{name} holds " in str(caught.value)
    assert "but it may hold only " in str(caught.value)
    assert "secret@" not in str(caught.value)
