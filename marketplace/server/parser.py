"""Reading a request strictly: what two servers could understand differently is refused with 400."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import BadRequest

from marketplace.core.accept_language import accepted_language

MAX_CHUNK_LINE_BYTES = 1024
MAX_TRAILER_BYTES = 8192

_FOLDED_LINE = re.compile(rb"\r\n[ \t]")
_LINES = re.IGNORECASE | re.MULTILINE
_TRANSFER_ENCODING = re.compile(rb"^transfer-encoding:[ \t]*([^\r\n]*)", _LINES)
_ACCEPT_LANGUAGE = re.compile(rb"^accept-language:([^\r\n]*)", _LINES)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})(?:;[\t\x20-\x7e]*)?")


class StrictParser(HTTPRequestParser):  # type: ignore[misc]
    """Waitress's parser without its leniencies."""

    path = ""  # waitress logs it even of a request that was never parsed
    body_rcv: Any = None
    _raw_headers = b""

    @property
    def language(self) -> str:
        """The language to answer an error in, known even of headers that could not be parsed."""
        accepted = self.headers.get("ACCEPT_LANGUAGE")
        if accepted is None:
            lines = _ACCEPT_LANGUAGE.findall(self._raw_headers)
            accepted = b",".join(lines).decode("latin-1")
        return accepted_language(accepted)

    def received(self, data: bytes) -> int:
        """Take in bytes and tell how many were used."""
        in_headers = self.body_rcv is None
        consumed: int = super().received(data)
        if self.completed:
            # Left on, "100 Continue" would be sent and a request that is complete or refused
            # would wait for more.
            self.expect_continue = False
        if in_headers and self.error is not None:
            self._raw_headers = self.header_plus + data
        return consumed

    def parse_header(self, header_plus: bytes) -> None:
        """Read request line and headers. Raises `ParsingError`."""
        if _FOLDED_LINE.search(header_plus):
            raise ParsingError("Folded header line")
        try:
            super().parse_header(header_plus)
        except ValueError as error:
            raise ParsingError("A value that cannot be read") from error
        if self.version not in ("1.0", "1.1"):
            raise ParsingError("Unknown HTTP version")
        host = self.headers.get("HOST")
        if (host is None and self.version == "1.1") or "," in (host or ""):
            raise ParsingError("Exactly one Host is expected")
        codings = _TRANSFER_ENCODING.findall(header_plus)
        if codings:
            self._check_chunked(codings)
            self.body_rcv = ChunkedBody(self.body_rcv.getbuf())

    def _check_chunked(self, codings: list[bytes]) -> None:
        once = len(codings) == 1 and codings[0].strip(b" \t").lower() == b"chunked"
        if not (once and self.chunked) or "CONTENT_LENGTH" in self.headers:
            raise ParsingError("Ambiguous length of the body")


class ChunkedBody:
    """A receiver of waitress's kind for `Transfer-Encoding: chunked` (RFC 9112, section 7.1)."""

    completed = False
    error: Any = None

    def __init__(self, buffer: Any) -> None:
        self._buffer = buffer
        self._state: Callable[[bytes], None] = self._size
        self._line = b""
        self._remaining = 0
        self._trailer_bytes = 0

    def __len__(self) -> int:
        length: int = self._buffer.__len__()
        return length

    def getfile(self) -> Any:
        return self._buffer.getfile()

    def getbuf(self) -> Any:
        return self._buffer

    def received(self, data: bytes) -> int:
        """Take in bytes and tell how many were used; sets `completed` or `error` at the end."""
        position = 0
        while position < len(data) and not self.completed and self.error is None:
            if self._remaining:
                piece = data[position : position + self._remaining]
                self._buffer.append(piece)
                self._remaining -= len(piece)
                position += len(piece)
                continue
            end = data.find(b"\n", position) + 1
            self._line += data[position : end or len(data)]
            position = end or len(data)
            self._read_line(finished=end > 0)
        return position

    def _read_line(self, *, finished: bool) -> None:
        line = self._line.removesuffix(b"\r\n")
        whole = finished and len(line) + 2 == len(self._line)
        if len(self._line) > MAX_CHUNK_LINE_BYTES or (finished and (not whole or b"\r" in line)):
            self.error = BadRequest("Chunk line too long or not ended by CR LF")
        elif self._state == self._end_of_chunk and not b"\r\n".startswith(self._line):
            self.error = BadRequest("Chunk not properly terminated")
        elif finished:
            self._line = b""
            self._state(line)

    def _size(self, line: bytes) -> None:
        match = _CHUNK_SIZE.fullmatch(line)
        if match is None:
            self.error = BadRequest("Invalid chunk size")
            return
        self._remaining = int(match[1], 16)
        self._state = self._end_of_chunk if self._remaining else self._trailer

    def _end_of_chunk(self, _line: bytes) -> None:
        self._state = self._size

    def _trailer(self, line: bytes) -> None:
        self._trailer_bytes += len(line)
        if not line:
            self.completed = True
        elif self._trailer_bytes > MAX_TRAILER_BYTES:
            self.error = BadRequest("Trailer too long")
