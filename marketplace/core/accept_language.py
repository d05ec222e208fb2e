"""What `Accept-Language` asks for (RFC 9110, section 12.5.4). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from marketplace.core.messages import DEFAULT_LANGUAGE, LANGUAGES

_RANGE = re.compile(
    r"[ \t]*(\*|[a-z]{1,8}(?:-[a-z0-9]{1,8})*)[ \t]*"
    r"(?:;[ \t]*q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*)?",
    re.ASCII | re.IGNORECASE,
)


def accepted_language(header: str) -> str:
    """The best of our languages; the default when nothing fits.

    `en-US` asks for `en`, whatever else is asked for less: the regions of a language are the same
    to us. What cannot be read is passed over.
    """
    ranges = list(_ranges(header))
    refused = {tag for tag, quality in ranges if not quality}
    # Sorting keeps the order of equals, and the first named is meant to be the best of them.
    for tag, quality in sorted(ranges, key=lambda each: -each[1]):
        if not quality:
            break
        for language in LANGUAGES:
            wanted = tag == "*" or tag.partition("-")[0] == language
            if wanted and language not in refused:
                return language
    return DEFAULT_LANGUAGE


def _ranges(header: str) -> Iterator[tuple[str, float]]:
    for part in header.split(","):
        match = _RANGE.fullmatch(part)
        if match:
            yield match[1].lower(), float(match[2] or 1)
