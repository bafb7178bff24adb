"""Bodies of HTTP answers, read piece by piece within bounds: whoever answers is not trusted.

Owns the decoding, so that three megabytes of gzip never become nine gigabytes (requests decodes a
body whole before anybody may look). Refuses codings that were not asked for (RFC 9110, 8.4), whose
decoders have no bound.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

import requests
import urllib3

from scanner.model.errors import Unavailable

CODINGS = "gzip"
"""For ``Accept-Encoding``."""
MOST_BYTES = 64 << 20
"""Of one decoded answer. Lists that a source does not page are the longest: some 1,500 bytes a
repository in Azure DevOps, and it may have tens of thousands."""
_MOST_RATIO = 250
"""Lists of like records shrink to a fiftieth; gzip's own limit is a thousandth."""
_UNSUSPICIOUS = 4 << 20
"""Below this the ratio says nothing."""
_PIECE = 64 << 10
_ANY_WRAPPING = 32 + zlib.MAX_WBITS
_GZIP = b"\x1f\x8b"
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})


def read_whole(answer: requests.Response, *, most: int = MOST_BYTES) -> None:
    """Fills in ``answer.content``. Raises ``Unavailable`` for what exceeds the bounds, and what
    requests raises when the source breaks off."""
    said = f"{answer.request.method} {urlsplit(answer.url).path}"
    coding = answer.headers.get("Content-Encoding", "").strip().lower()
    pieces = _pieces(answer)
    try:
        if coding in _PACKED:
            pieces = _unpacked(pieces, said)
        elif coding not in ("", "identity"):
            raise Unavailable(
                f"{said}: the answer is coded as {coding[:40]!r}, which was not asked for; a proxy "
                "between here and the source may do so"
            )
        data = bytearray()
        for piece in pieces:
            data += piece
            if len(data) > most:
                raise _too_much(said, f"larger than {most >> 20} MiB")
    except BaseException:
        answer.close()  # what is left of it is not waited for
        raise
    answer._content = bytes(data)


def _pieces(answer: requests.Response) -> Iterator[bytes]:
    """As they were sent."""
    try:
        yield from answer.raw.stream(_PIECE, decode_content=False)
    except urllib3.exceptions.HTTPError as error:
        raise requests.ConnectionError(error, request=answer.request) from error


def _unpacked(pieces: Iterable[bytes], said: str) -> Iterator[bytes]:
    decoder = zlib.decompressobj(_ANY_WRAPPING)
    sent = made = 0
    for piece in pieces:
        sent += len(piece)
        rest, is_open = piece, True
        while is_open:
            if decoder.eof:
                if not rest.startswith(_GZIP):
                    return  # padding
                decoder = zlib.decompressobj(_ANY_WRAPPING)  # one more member (RFC 1952, 2.2)
            try:
                found = decoder.decompress(rest, _PIECE)
            except zlib.error as error:
                raise _broken(f"the answer is no gzip ({error})") from error
            made += len(found)
            if made > max(_UNSUSPICIOUS, sent * _MOST_RATIO):
                raise _too_much(said, f"{sent >> 10} KiB that unpack to more than {made >> 20} MiB")
            yield found
            rest = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
            # Input that is used up may have left output that did not fit.
            is_open = bool(rest) or (len(found) == _PIECE and not decoder.eof)
        if sent > MOST_BYTES:
            raise _too_much(said, f"larger than {MOST_BYTES >> 20} MiB as it is sent")
    if sent and not decoder.eof:
        raise _broken("the answer's gzip breaks off")


def _broken(how: str) -> requests.RequestException:
    """One that is asked for again."""
    return requests.exceptions.ContentDecodingError(how)


def _too_much(said: str, how: str) -> Unavailable:
    return Unavailable(
        f"{said}: the answer is {how}, more than a source's page may be; it was broken off. Check "
        "that the configured URL is the source's own; leave this source out if it is"
    )
