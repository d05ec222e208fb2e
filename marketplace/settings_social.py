"""The environment variables of social sign-in."""

from __future__ import annotations

import re
from dataclasses import dataclass

from marketplace.environment import Environment, shown, split_address, wrong

GOOGLE, APPLE, VK = "google", "apple", "vk"
PROVIDERS = (GOOGLE, APPLE, VK)
_MAX_IDS = 20
_CLIENT_ID = re.compile(r"[A-Za-z0-9._-]{1,255}", re.ASCII)
_VK_CLIENT_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
# An app is called back by a scheme of its own, which only has to be one.
_REDIRECT = re.compile(r"[a-z][a-z0-9+.-]*://[!-~]{1,500}", re.ASCII)


@dataclass(frozen=True)
class SocialSettings:
    """Checked and complete. A provider without client ids is not offered."""

    google_client_ids: tuple[str, ...] = ()
    google_jwks_url: str = "https://www.googleapis.com/oauth2/v3/certs"
    apple_client_ids: tuple[str, ...] = ()
    apple_jwks_url: str = "https://appleid.apple.com/auth/keys"
    apple_issuers: tuple[str, ...] = ("https://appleid.apple.com",)
    vk_client_id: str = ""
    vk_url: str = "https://id.vk.ru"
    vk_redirect_uri: str = ""

    @property
    def offered(self) -> frozenset[str]:
        """The providers people may sign in with."""
        ids = (self.google_client_ids, self.apple_client_ids, self.vk_client_id)
        return frozenset(name for name, given in zip(PROVIDERS, ids, strict=True) if given)


def read_social(env: Environment, *, strict: bool) -> SocialSettings:
    """Read them; `strict` is said outside development. Raises `SettingsError`."""
    defaults = SocialSettings()
    vk_client_id = _vk_client_id(env)
    return SocialSettings(
        google_client_ids=_client_ids(env, "GOOGLE_CLIENT_IDS"),
        google_jwks_url=_address(env, "GOOGLE_JWKS_URL", defaults.google_jwks_url, strict=strict),
        apple_client_ids=_client_ids(env, "APPLE_CLIENT_IDS"),
        apple_jwks_url=_address(env, "APPLE_JWKS_URL", defaults.apple_jwks_url, strict=strict),
        apple_issuers=_issuers(env, defaults.apple_issuers),
        vk_client_id=vk_client_id,
        vk_url=_address(env, "VK_URL", defaults.vk_url, strict=strict).rstrip("/"),
        vk_redirect_uri=_redirect_uri(env, needed=bool(vk_client_id), strict=strict),
    )


def _listed(env: Environment, name: str) -> tuple[str, ...]:
    values = (value.strip() for value in env.text(name).split(","))
    return tuple(value for value in values if value)


def _client_ids(env: Environment, name: str) -> tuple[str, ...]:
    given = _listed(env, name)
    if len(given) > _MAX_IDS or not all(map(_CLIENT_ID.fullmatch, given)):
        may_hold = f"only up to {_MAX_IDS} client ids of the provider, separated by commas"
        raise wrong(name, repr(",".join(given)), may_hold)
    return given


def _vk_client_id(env: Environment) -> str:
    value = env.text("VK_CLIENT_ID")
    if value and not _VK_CLIENT_ID.fullmatch(value):
        raise wrong("VK_CLIENT_ID", repr(value), "only the number of the app at VK, or nothing")
    return value


def _address(env: Environment, name: str, default: str, *, strict: bool) -> str:
    value = env.text(name, default)
    may_hold = f"only an address such as {default}, https outside development"
    parts = split_address(name, value, may_hold)
    kinds = ("https",) if strict else ("http", "https")
    if parts.scheme not in kinds or "@" in value or parts.query or parts.fragment:
        raise wrong(name, shown(value), may_hold)
    return value


def _issuers(env: Environment, default: tuple[str, ...]) -> tuple[str, ...]:
    # Names to be compared, which nothing is ever fetched from.
    issuers = _listed(env, "APPLE_ISSUERS") or default
    may_hold = "only https addresses that Apple signs as, separated by commas"
    for issuer in issuers:
        if not issuer.startswith("https://") or len(issuers) > _MAX_IDS:
            raise wrong("APPLE_ISSUERS", repr(issuer), may_hold)
    return issuers


def _redirect_uri(env: Environment, *, needed: bool, strict: bool) -> str:
    value = env.text("VK_REDIRECT_URI")
    may_hold = (
        "only the address registered at VK for VK_CLIENT_ID, such as "
        "vk7654321://vk.ru/blank.html or an https one"
    )
    if needed and not value:
        raise wrong("VK_REDIRECT_URI", "nothing", may_hold)
    if value and (not _REDIRECT.fullmatch(value) or (strict and value.startswith("http://"))):
        raise wrong("VK_REDIRECT_URI", repr(value), may_hold)
    return value
