"""What a file's bytes are packed or written in, told by how they begin, and the text in them.

Owns unpacking (gzip, Zstandard, bzip2, xz, an archive of one file), UTF-16 and the bounds of both:
what is packed is hostile. What was sound before a stream breaks is given before the break is
raised.
"""

from __future__ import annotations

import bz2
import codecs
import lzma
import os
import re
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any, BinaryIO, cast

from connectors.logs.parquet import MAGIC, Lines
from scanner.model.errors import SourceError, Unavailable

BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, tarfile.TarError,
          zipfile.BadZipFile, NotImplementedError)  # fmt: skip
"""What reading a stream that is packed may raise."""
_PEEKED = 4096
_PIECE = 1 << 18
_INPUT = 1 << 16
_CUT_OFF = "the file ends before its end is marked"
_FREE = 1 << 30
_MOST_RATIO = 1100
"""gzip's format cannot pack more tightly than 1032 to 1 (https://www.zlib.net/zlib_tech.html)."""
_MOST_XZ = 96 << 20
"""Bytes of memory; what ``xz -9`` packs needs 65 MiB (https://tukaani.org/xz/xz-file-format.txt)."""
_GZIP, _ZSTD, _BZIP2, _ZIP = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh", b"PK\x03\x04"
_XZ = b"\xfd7zXZ\x00"
_NO_TEXT = {
    b"SQLite format 3\x00": "a database of SQLite; export its table",
    b"ElfFile\x00": "an event log of Windows; export it as text",
    b"7z\xbc\xaf\x27\x1c": "packed by 7-Zip; unpack it",
    b"Rar!\x1a\x07": "packed by RAR; unpack it",
    b"\x04\x22\x4d\x18": "packed by LZ4; unpack it",
    b"\xff\x06\x00\x00sNaPpY": "packed by Snappy; unpack it",
    b"Obj\x01": "a file of Avro; export it as JSON",
    b"ORC": "a file of ORC; export it as JSON",
    b"%PDF-": "a PDF",
    b"\xd4\xc3\xb2\xa1": "a capture of packets; let Zeek or Suricata read it",
    b"\xa1\xb2\xc3\xd4": "a capture of packets; let Zeek or Suricata read it",
    b"\x0a\x0d\x0d\x0a": "a capture of packets; let Zeek or Suricata read it",
}
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f]")


def no_text(head: bytes) -> str:
    """What a file is that holds no text; empty: it may be a log."""
    for magic, what in _NO_TEXT.items():
        if head.startswith(magic):
            return what
    told = head[: 1 << 16].replace(b"\x00", b"")
    return "no text" if len(_CONTROL.findall(told)) * 20 > len(told) else ""


class _Joined:
    """What was read to see how a stream begins, and the rest of it."""

    def __init__(self, head: bytes, rest: Any) -> None:
        self._head, self._rest = head, rest

    def read(self, size: int = -1) -> bytes:
        if self._head:
            given, self._head = self._head[:size], self._head[size:] if size >= 0 else b""
            return given
        data: bytes = self._rest.read(size)
        return data


class _Counted:
    def __init__(self, stream: Any) -> None:
        self._stream, self.given = stream, 0

    def read(self, size: int = -1) -> bytes:
        data: bytes = self._stream.read(size)
        self.given += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False


class Bounded:
    """Raises ``Unavailable`` when more comes out than any honest file of that size holds, and what
    ends the stream only when all before it was given."""

    def __init__(self, stream: Any, path: str, packed: _Counted) -> None:
        self._path, self._packed, self._given = path, packed, 0
        self._read = getattr(stream, "read1", stream.read)
        self._trouble: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        pieces: list[bytes] = []
        held = 0
        while self._trouble is None and (size < 0 or held < size):
            try:
                piece = self._read(size - held if size >= 0 else _PIECE)
            except (*BROKEN, SourceError) as error:
                self._trouble = error
                break
            if not piece:
                break
            pieces.append(piece)
            held += len(piece)
            self._given += len(piece)
            if self._given > _FREE + _MOST_RATIO * self._packed.given:
                raise Unavailable(f"{self._path}: it unpacks to more than a log of its size can")
        if self._trouble is not None and not held:
            raise self._trouble
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def text_of(raw: BinaryIO, path: str) -> IO[bytes]:
    """``raw`` itself where it holds plain text. Raises the source errors."""
    head = raw.read(_PEEKED)
    stream: Any = raw
    if raw.seekable():
        raw.seek(0)
    else:
        stream = _Joined(head, raw)
    unpacked = _unpacked(stream, raw, head, path)
    if unpacked is not None:
        head = unpacked.read(_PEEKED)
        stream = _Joined(head, unpacked)
    if head[257:262] == b"ustar":
        counted = _Counted(stream)
        stream = Bounded(_Pieces(_only_member(counted, path)), path, counted)
        head = stream.read(_PEEKED)
        stream = _Joined(head, stream)
    encoding = _wide(head)
    if encoding:
        stream = _Pieces(_narrowed(stream, encoding))
    return cast("IO[bytes]", stream)


def _unpacked(stream: Any, raw: BinaryIO, head: bytes, path: str) -> Bounded | None:
    """None: it is not packed."""
    if head.startswith((MAGIC, _ZIP)):
        if not raw.seekable():
            kind = "Parquet" if head.startswith(MAGIC) else "a ZIP archive"
            raise Unavailable(f"{path}: {kind} is read from a file, not from a stream; name it")
        whole = _whole(raw)
        raw.seek(0)
        found = Lines(raw, path) if head.startswith(MAGIC) else _only_entry(raw, path)
        return Bounded(found, path, whole)
    counted = _Counted(stream)
    if head.startswith(_GZIP):
        return Bounded(_Pieces(_gzip(counted, raw)), path, counted)
    if head.startswith(_ZSTD):
        return Bounded(_zstd(counted, path), path, counted)
    if head.startswith(_BZIP2):
        return Bounded(_Pieces(_unpacked_by(counted, bz2.BZ2Decompressor)), path, counted)
    if head.startswith(_XZ):
        return Bounded(_Pieces(_unpacked_by(counted, _xz)), path, counted)
    return None


def _whole(raw: BinaryIO) -> _Counted:
    """For a file that is not read from one end to the other."""
    counted = _Counted(raw)
    counted.given = raw.seek(0, os.SEEK_END)
    return counted


def _gzip(stream: Any, raw: BinaryIO) -> Iterator[bytes]:
    """By the fastest reader, which keeps to itself what it had when a file breaks; that is
    unpacked once more, in small steps."""
    given = 0
    try:
        reader = _gzip_reader(stream)
        while piece := reader.read(_PIECE):
            given += len(piece)
            yield piece
    except Exception as error:  # isal has errors of its own
        if raw.seekable():
            raw.seek(0)
            yield from _sound_rest(raw, given)
        raise OSError(str(error)) from error


def _sound_rest(raw: BinaryIO, given: int) -> Iterator[bytes]:
    """What stands between what was given and the break."""
    passed = 0
    try:
        for piece in _gunzip(raw, given):
            passed += len(piece)
            if passed > given:
                yield piece[max(0, given - passed + len(piece)) :]
    except (EOFError, zlib.error):
        return


def _gzip_reader(stream: Any) -> Any:
    try:
        from isal import igzip

        return igzip.GzipFile(fileobj=stream)  # type: ignore[no-untyped-call,unused-ignore]
    except ImportError:
        import gzip

        return gzip.GzipFile(fileobj=stream)


def _gunzip(stream: Any, sound: int) -> Iterator[bytes]:
    """``sound``: bytes in which nothing breaks."""
    given, data = 0, stream.read(_INPUT)
    while data:
        unpacker = zlib.decompressobj(wbits=31)
        while not unpacker.eof:
            piece = unpacker.decompress(data, _PIECE if given + _PIECE < sound else _step(given))
            given += len(piece)
            yield piece
            data = unpacker.unconsumed_tail
            if not data and not unpacker.eof:
                data = stream.read(_INPUT)
                if not data and not piece:
                    raise EOFError(_CUT_OFF)
        data = _next_stream(unpacker.unused_data, stream)


def _unpacked_by(stream: Any, unpackers: Callable[[], Any]) -> Iterator[bytes]:
    """Of bzip2 and xz: one stream behind the other."""
    given, data = 0, stream.read(_INPUT)
    while data:
        unpacker = unpackers()
        while not unpacker.eof:
            piece = unpacker.decompress(data, _step(given))
            given += len(piece)
            yield piece
            data = b""
            if unpacker.needs_input and not unpacker.eof:
                data = stream.read(_INPUT)
                if not data:
                    raise EOFError(_CUT_OFF)
        data = _next_stream(unpacker.unused_data, stream)


def _step(given: int) -> int:
    """How much to ask for at once: what is unpacked in one go is lost if it breaks."""
    return 1024 if given < _PIECE else 1 << 14


def _next_stream(data: bytes, stream: Any) -> bytes:
    while not (data := data.lstrip(b"\0")):
        data = stream.read(_INPUT)
        if not data:
            break
    return data


def _zstd(stream: Any, path: str) -> Any:
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        try:
            from backports import zstd
        except ImportError as error:
            raise Unavailable(f"{path}: install `shadow-ai-scanner[zstd]` to read it") from error
    return zstd.ZstdFile(stream)


def _xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MOST_XZ)


def _only_entry(raw: BinaryIO, path: str) -> Any:
    with zipfile.ZipFile(raw) as archive:
        names = [one for one in archive.infolist() if not one.is_dir()]
        if len(names) != 1:
            raise Unavailable(f"{path}: a ZIP archive of {len(names)} files; unpack it")
        if names[0].flag_bits & 1:
            raise Unavailable(f"{path}: a ZIP archive that needs a password; unpack it")
        return archive.open(names[0])


def _only_member(stream: Any, path: str) -> Iterator[bytes]:
    """Of a tar archive the first file; another behind it raises."""
    with tarfile.open(fileobj=stream, mode="r|") as archive:
        number = 0
        for member in archive:
            if not member.isreg():
                continue
            number += 1
            if number > 1:
                raise Unavailable(f"{path}: an archive of several files, of which the first was "
                                  "read; unpack it")  # fmt: skip
            inner = archive.extractfile(member)
            while inner is not None and (data := inner.read(_PIECE)):
                yield data


def _wide(head: bytes) -> str:
    """The encoding of text in which every other byte is nought."""
    if len(head) < 4:
        return ""
    pairs = len(head) // 2
    if head[1::2].count(0) * 4 > pairs * 3 and head[::2].count(0) * 4 < pairs:
        return "utf-16-le"
    if head[::2].count(0) * 4 > pairs * 3 and head[1::2].count(0) * 4 < pairs:
        return "utf-16-be"
    return ""


def _narrowed(stream: Any, encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    while data := stream.read(_PIECE):
        yield decoder.decode(data).replace("\ufeff", "").encode(errors="replace")
    yield decoder.decode(b"", final=True).encode(errors="replace")


class _Pieces:
    """A stream of what an iterator gives, as much at a time as comes."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._held = pieces, b""

    def read(self, size: int = -1) -> bytes:
        while not self._held:
            piece = next(self._pieces, None)
            if piece is None:
                return b""
            self._held = piece
        cut = len(self._held) if size < 0 else size
        given, self._held = self._held[:cut], self._held[cut:]
        return given
