"""Which language to answer in."""

from __future__ import annotations

from flask import g, has_request_context, request

from marketplace.core.accept_language import accepted_language
from marketplace.core.messages import DEFAULT_LANGUAGE


def request_language() -> str:
    """`ru` or `en` by `Accept-Language`; Russian when nothing fits."""
    if not has_request_context():
        return DEFAULT_LANGUAGE
    if "language" not in g:
        g.language = accepted_language(request.headers.get("Accept-Language", ""))
    language: str = g.language
    return language
