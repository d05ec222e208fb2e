"""Which language to answer in."""

from __future__ import annotations

from flask import g, has_request_context, request

from marketplace.core.messages import DEFAULT_LANGUAGE, LANGUAGES


def request_language() -> str:
    """`ru` or `en` by `Accept-Language`; Russian when nothing fits."""
    if not has_request_context():
        return DEFAULT_LANGUAGE
    if "language" not in g:
        g.language = request.accept_languages.best_match(LANGUAGES, DEFAULT_LANGUAGE)
    language: str = g.language
    return language
