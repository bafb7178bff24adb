"""Archives as people make them, and as those make them who want a scanner to fall over."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import tarfile
import time
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.kit.archives import Bounds, Member, is_archive, members
from scanner.kit.streams import new_zstd
from scanner.model.evidence import Setting
from scanner.model.items import Gap

_TEXT = b"import anthropic\n"


def _zip(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(made, "w", method) as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    return made.getvalue()


def _tar(files: dict[str, bytes], mode: str = "w", form: int = tarfile.PAX_FORMAT) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode=mode, format=form) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def _read(name: str, data: bytes, **bounds: int) -> tuple[dict[str, bytes], list[str]]:
    found: dict[str, bytes] = {}
    gaps = []
    for item in members(name, data, Bounds(**bounds)):
        if isinstance(item, Gap):
            gaps.append(f"{item.what}: {item.reason}")
        else:
            found[item.path] = item.data
    return found, gaps


_FILES = {"app/a.py": _TEXT, "app/empty": b"", "b.txt": b"x\n" * 100_000}


def _old_tar(files: dict[str, bytes]) -> bytes:
    """A header from before POSIX has no magic."""
    data = bytearray(_tar(files, form=tarfile.USTAR_FORMAT))
    at = 0
    while any(data[at : at + 512]):
        size = int(data[at + 124 : at + 135], 8)
        data[at + 257 : at + 265] = bytes(8)
        data[at + 148 : at + 156] = b" " * 8
        data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
        at += 512 + (size + 511) // 512 * 512
    return bytes(data)


_MAKERS: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "x.zip": _zip,
    "stored.zip": lambda files: _zip(files, zipfile.ZIP_STORED),
    "bzip2.zip": lambda files: _zip(files, zipfile.ZIP_BZIP2),
    "x.tar": _tar,
    "gnu.tar": lambda files: _tar(files, form=tarfile.GNU_FORMAT),
    "old.tar": _old_tar,
    "x.tgz": lambda files: _tar(files, "w:gz"),
    "x.tar.bz2": lambda files: _tar(files, "w:bz2"),
    "x.tar.xz": lambda files: _tar(files, "w:xz"),
    "program.pyz": lambda files: b"#!/usr/bin/env python3\n" + _zip(files),
    "extension.crx": lambda files: b"Cr24" + struct.pack("<II", 3, 900) + bytes(900) + _zip(files),
    "no-suffix": _zip,
    "image.png": lambda files: _tar(files, "w:gz"),
}


@pytest.mark.parametrize("name", _MAKERS)
def test_members_are_read_by_what_an_archive_is(name: str) -> None:
    data = _MAKERS[name](_FILES)

    assert is_archive(data[:8000], name)
    assert _read(name, data) == ({f"{name}!/{path}": text for path, text in _FILES.items()}, [])
    in_file, gaps = {}, 0
    for item in members(name, io.BytesIO(data), Bounds()):
        gaps += isinstance(item, Gap)
        if isinstance(item, Member):
            in_file[item.path.partition("!/")[2]] = item.data
    assert (in_file, gaps) == (_FILES, 0)


@pytest.mark.skipif(new_zstd is None, reason="needs Python 3.14 or backports.zstd")
def test_zstandard_is_read_where_python_can() -> None:
    zstd = pytest.importorskip("backports.zstd")
    data = zstd.compress(_tar(_FILES))

    assert _read("x.tar.zst", data)[0]["x.tar.zst!/app/a.py"] == _TEXT


@pytest.mark.parametrize(
    ("pack", "name", "inner"),
    [
        (gzip.compress, "log.jsonl.gz", "log.jsonl"),
        (bz2.compress, "log.bz2", "log"),
        (lzma.compress, "log.xz", "log"),
        (lambda data: gzip.compress(data) + gzip.compress(data) + bytes(9), "two.gz", "two"),
    ],
)
def test_a_single_file(pack: Callable[[bytes], bytes], name: str, inner: str) -> None:
    found, gaps = _read(name, pack(_TEXT))

    assert gaps == []
    assert found[f"{name}!/{inner}"] == _TEXT * (2 if name == "two.gz" else 1)


def test_archives_within_each_other_have_one_path() -> None:
    jar = _zip({"app.properties": b"spring.ai.openai.api-key=x\n"})
    war = _zip({"WEB-INF/lib/in.jar": jar})
    data = gzip.compress(_tar({"dist/app.war": war, "dist/a.log.gz": gzip.compress(_TEXT)}))

    found, gaps = _read("release.tgz", data)

    assert gaps == []
    inner = "release.tgz!/dist/app.war!/WEB-INF/lib/in.jar!/app.properties"
    assert found[inner].startswith(b"spring.ai")
    assert found["release.tgz!/dist/a.log.gz!/a.log"] == _TEXT


def test_depth_ends_with_a_gap_and_what_is_beside_it_is_read() -> None:
    data = _TEXT
    for n in range(5):
        data = _zip({f"{n}.zip" if n else "a.py": data, f"beside{n}.py": _TEXT})

    found, gaps = _read("x.zip", data, depth=3)

    assert gaps == [
        "x.zip!/4.zip!/3.zip!/2.zip: deeper than 3 archives (archives.depth); not opened"
    ]
    assert found["x.zip!/4.zip!/3.zip!/beside2.py"] == _TEXT


# --- bombs --------------------------------------------------------------------------------------


def _cost(name: str, data: bytes, **bounds: int) -> tuple[dict[str, bytes], list[str]]:
    """Within seconds and tens of megabytes."""
    tracemalloc.start()
    started = time.process_time()
    found, gaps = _read(name, data, **bounds)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert time.process_time() - started < 10
    assert peak < 150 << 20, f"{peak >> 20} MiB"
    return found, gaps


def _gigabyte(before: bytes = b"") -> bytes:
    """A stream of gzip. A mebibyte is packed once: behind a full flush it is the same each time."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    head = packer.compress(before) + packer.flush(zlib.Z_FULL_FLUSH)
    chunk = b"\n" * (1 << 20)
    packed = packer.compress(chunk) + packer.flush(zlib.Z_FULL_FLUSH)
    check = zlib.crc32(before)
    for _ in range(1024):
        check = zlib.crc32(chunk, check)
    size = (len(before) + (1 << 30)) & 0xFFFFFFFF
    start = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff"
    return start + head + packed * 1024 + packer.flush() + struct.pack("<II", check, size)


def test_a_gigabyte_of_zeros_in_a_megabyte() -> None:
    data = _gigabyte()
    unpacker = zlib.decompressobj(wbits=31)
    assert unpacker.decompress(data, 3 << 20) == b"\n" * (3 << 20)
    assert len(data) < 2 << 20

    found, gaps = _cost("zeros.gz", data)

    assert found == {}
    assert gaps == ["zeros.gz!/zeros: larger than 32 MiB (archives.member_mib); not read"]
    tar = _tar({"first.py": _TEXT})[:1024]
    big = tarfile.TarInfo("big.txt")
    big.size = 1 << 30
    found, gaps = _cost("bomb.tgz", _gigabyte(tar + big.tobuf()))
    assert found == {"bomb.tgz!/first.py": _TEXT}
    assert len(gaps) == 2
    assert "unpacks to more than 200 times its size (archives.ratio)" in gaps[1]


def test_zips_of_zips_of_zips() -> None:
    """Like 42.zip: sixteen of sixteen of sixteen, 4 TB at the end if all were opened."""
    data = _zip({"0": b"0" * (30 << 20)})
    for level in range(4):
        data = _zip({f"{level}-{n}.zip": data for n in range(16)})

    _, gaps = _cost("42.zip", data, depth=9)

    assert len(gaps) == 1
    assert "archives.ratio" in gaps[0] or "archives.total_mib" in gaps[0]


def test_entries_that_overlap_are_told_and_the_rest_is_read() -> None:
    """Every entry of the directory points to one body."""
    data = bytearray(_zip({"good.py": _TEXT, "body": b"0" * 1_000_000}))
    end = data.rindex(b"PK\x05\x06")
    first = data.index(b"PK\x01\x02")
    last = data.index(b"PK\x01\x02", first + 1)
    entry = bytes(data[last:end])
    count = 5000
    directory = bytes(data[first:last]) + entry * count
    tail = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5001, 5001, len(directory), first, 0)

    found, gaps = _cost("overlap.zip", bytes(data[:first]) + directory + tail)

    assert found["overlap.zip!/good.py"] == _TEXT
    (gap,) = gaps
    assert gap.startswith("overlap.zip!/body: overlaps another entry, as in a bomb; not read (and")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_DEFLATED])
def test_a_method_that_unpacks_a_lot_at_once_costs_no_memory(method: int) -> None:
    data = _zip({"zeros": b"0" * (200 << 20), "a.py": _TEXT}, method)

    found, gaps = _cost("x.zip", data)

    assert found == {"x.zip!/a.py": _TEXT}
    assert gaps == ["x.zip!/zeros: larger than 32 MiB (archives.member_mib); not read"]


def test_a_size_that_lies_changes_nothing() -> None:
    body = b"k = 1\n" * 50_000
    data = _zip({"a.py": body})
    for size in (1, 0xFFFFFFF0):
        lying = data.replace(struct.pack("<L", len(body)), struct.pack("<L", size))
        assert lying != data
        assert _read("x.zip", lying)[0] == {"x.zip!/a.py": body}


def test_what_holds_itself_ends_at_the_depth() -> None:
    """As far as anyone can tell before the end, a quine: archive in archive in archive."""
    data = _TEXT
    for n in range(100):
        data = gzip.compress(data) if n % 2 else _zip({"r": data})

    found, gaps = _cost("r.gz", data)

    assert len(found) == 4
    assert gaps[-1].endswith("deeper than 4 archives (archives.depth); not opened")


def test_very_many_members_end_at_the_bound() -> None:
    data = _zip({f"{n}.py": b"" for n in range(3000)})

    found, gaps = _read("x.zip", data, members=1000)

    assert len(found) == 1000
    assert gaps == [
        "x.zip!/1000.py: more than 1000 members in all (archives.members); this and what follows "
        "was not read"
    ]


def test_the_total_counts_archives_within_each_other() -> None:
    inner = _zip({"a.txt": random.Random(1).randbytes(600_000).hex().encode()})
    data = _zip({f"{n}.zip": inner for n in range(9)}, zipfile.ZIP_STORED)

    found, gaps = _read("x.zip", data, total_mib=4)

    assert len([path for path in found if path.endswith("a.txt")]) == 2
    assert "more than 4 MiB unpacked in all (archives.total_mib)" in gaps[0]


def test_a_directory_that_says_it_is_huge_is_not_read() -> None:
    data = bytearray(_zip({"a.py": _TEXT}))
    end = data.rindex(b"PK\x05\x06")
    big = bytes(20 << 20)
    data[end:] = big + struct.pack(
        "<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(big) + end - 60, 60, 0
    )

    found, gaps = _read("x.zip", bytes(data))

    assert found == {}
    assert len(gaps) == 1


# --- names, links and what cannot be read -------------------------------------------------------


def test_names_lead_nowhere_and_are_shown(tmp_path: Path) -> None:
    names = ["/etc/passwd", "../../up.py", "C:\\windows.py", "a/../b.py", "new\nline.py"]
    found, gaps = _read("x.zip", _zip(dict.fromkeys(names, _TEXT)))
    in_tar, _ = _read("x.tar", _tar(dict.fromkeys(names, _TEXT)))

    assert gaps == []
    assert {path.removeprefix("x.zip!/") for path in found} == set(names)
    assert {path.removeprefix("x.tar!/") for path in in_tar} == set(names)
    assert list(tmp_path.iterdir()) == []


def test_names_that_are_not_utf8() -> None:
    tar = _tar({"caf\udce9.py": _TEXT}, form=tarfile.GNU_FORMAT)
    utf8_unflagged = _zip({"cafX.py": _TEXT}).replace(b"cafX", b"caf\xe9")
    silent = bytearray(_zip({"größe.py": _TEXT}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = silent.index(mark) + at
        silent[start : start + 2] = b"\0\0"

    assert list(_read("x.tar", tar)[0]) == ["x.tar!/caf\\udce9.py"]
    assert list(_read("x.zip", utf8_unflagged)[0]) == ["x.zip!/cafΘ.py"]  # code page 437
    assert list(_read("x.zip", bytes(silent))[0]) == ["x.zip!/größe.py"]


def test_each_of_two_members_of_one_name_is_read() -> None:
    made = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr("a.py", b"one = 1\n")
            archive.writestr("a.py", b"two = 2\n")

    texts = [m.data for m in members("x.zip", made.getvalue(), Bounds()) if isinstance(m, Member)]

    assert texts == [b"one = 1\n", b"two = 2\n"]


def test_links_and_devices_are_names_alone() -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, kind in (
            ("link", tarfile.SYMTYPE), ("hard", tarfile.LNKTYPE), ("null", tarfile.CHRTYPE),
            ("pipe", tarfile.FIFOTYPE), ("folder", tarfile.DIRTYPE), ("disk", tarfile.BLKTYPE),
        ):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.type = kind
            info.linkname = "/etc/passwd"
            archive.addfile(info)
        info = tarfile.TarInfo("after.py")
        info.size = len(_TEXT)
        archive.addfile(info, io.BytesIO(_TEXT))
    linked = zipfile.ZipInfo("link")
    linked.external_attr = 0o120777 << 16
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as bag:
        bag.writestr(linked, "/etc/passwd")

    found, gaps = _read("x.tar", made.getvalue())

    assert found == {"x.tar!/link": b"", "x.tar!/hard": b"", "x.tar!/after.py": _TEXT}
    assert gaps == []
    assert _read("x.zip", zipped.getvalue()) == ({"x.zip!/link": b""}, [])


def test_a_sparse_member_is_read_without_its_holes(tmp_path: Path) -> None:
    """As GNU tar writes it; the file says it is a gigabyte."""
    import shutil
    import subprocess

    if not shutil.which("tar"):
        pytest.skip("no tar")
    with (tmp_path / "sparse.py").open("wb") as file:
        file.write(_TEXT.ljust(4096, b"\n"))
        file.seek(1 << 30)
        file.write(b"end = 1\n")
    (tmp_path / "z.py").write_bytes(_TEXT)
    for form in ("gnu", "pax"):
        command = ["tar", "-S", f"--format={form}", "-cf", "x.tar", "sparse.py", "z.py"]
        if subprocess.run(command, cwd=tmp_path, check=False, capture_output=True).returncode:
            pytest.skip("another tar")
        found, gaps = _cost("x.tar", (tmp_path / "x.tar").read_bytes())
        assert gaps == []
        assert _TEXT in next(data for path, data in found.items() if "sparse" in path)
        assert found["x.tar!/z.py"] == _TEXT


def _encrypted() -> bytes:
    data = bytearray(_zip({"secret.py": _TEXT, "open.py": _TEXT}))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _odd_method() -> bytes:
    data = bytearray(_zip({"secret.py": _TEXT, "open.py": _TEXT}))
    data[8] = 97
    data[data.index(b"PK\x01\x02") + 10] = 97
    return bytes(data)


def _wrong_checksum() -> bytes:
    data = bytearray(_zip({"secret.py": _TEXT, "open.py": _TEXT}))
    at = data.index(b"PK\x01\x02") + 16
    data[at : at + 4] = b"abcd"
    return bytes(data)


def _bad_stream() -> bytes:
    data = bytearray(_zip({"secret.py": bytes(range(65, 90)) * 99, "open.py": _TEXT}))
    data[30 + 9 : 30 + 9 + 20] = b"\xff" * 20
    return bytes(data)


def _no_local_header() -> bytes:
    data = bytearray(_zip({"secret.py": _TEXT, "open.py": _TEXT}))
    data[0:4] = b"PK\x03\x05"
    return b"#!" + bytes(data[2:])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_encrypted(), "encrypted; not read"),
        (_odd_method(), "packed by method 97, which is not known here; not read"),
        (_wrong_checksum(), "damaged: its checksum does not fit; read as far as it goes"),
        (_bad_stream(), "damaged: Error -3 while decompressing data"),
        (_no_local_header(), "damaged: no entry where the directory says"),
    ],
)
def test_a_member_that_cannot_be_read_is_named_and_the_rest_is_read(
    data: bytes, reason: str
) -> None:
    found, gaps = _read("x.jar", data)

    assert found["x.jar!/open.py"] == _TEXT
    (gap,) = gaps
    assert gap.startswith(f"x.jar!/secret.py: {reason}")


@pytest.mark.parametrize("name", [n for n in _MAKERS if n != "no-suffix"])
def test_what_is_cut_is_told_wherever_it_is_cut(name: str) -> None:
    lines = [random.Random(n).randbytes(20).hex() for n in range(3000)]
    data = _MAKERS[name]({f"{n}.py": "\n".join(lines[n * 300 :][:300]).encode() for n in range(9)})
    for cut in (len(data) // 4, len(data) // 2, len(data) * 3 // 4):
        found, gaps = _read(name, data[:cut])
        assert gaps, cut
        assert len(found) < 10


@pytest.mark.parametrize("name", _MAKERS)
def test_whatever_bytes_there_are_nothing_falls_over(name: str) -> None:
    """Bit flips, cuts and doubled parts: a member, a gap or nothing, but no exception."""
    inner = _zip({"in.py": _TEXT, "in.txt": b"x" * 3000})
    data = _MAKERS[name]({"a.py": _TEXT, "b.zip": inner, "c.tgz": _tar({"d": _TEXT}, "w:gz")})
    chance = random.Random(name)
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(chance.randrange(1, 9)):
            at = chance.randrange(len(broken))
            kind = chance.randrange(4)
            if kind == 0:
                broken[at] ^= 1 << chance.randrange(8)
            elif kind == 1:
                broken[at : at + 4] = struct.pack(
                    "<L", chance.choice([0, 1, 0x7FFFFFFF, 2**32 - 1])
                )
            elif kind == 2:
                del broken[at : at + chance.randrange(1, 40)]
            else:
                broken[at:at] = broken[chance.randrange(len(broken)) :][: chance.randrange(1, 600)]
        for item in members(name, bytes(broken), Bounds(total_mib=8)):
            assert isinstance(item, (Member, Gap))


@pytest.mark.parametrize(
    "header",
    [
        tarfile.TarInfo.create_pax_global_header({"comment": "1" * 60_000}),
        tarfile.TarInfo.create_pax_global_header({"comment": "x" * 3_000_000}),
    ],
)
def test_a_header_that_is_meant_to_take_long_does_not(header: bytes) -> None:
    data = header + _tar({"a.py": _TEXT})

    found, gaps = _cost("x.tar", data)

    assert bool(found) != bool(gaps)


def test_headers_before_headers_end() -> None:
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type = tarfile.GNUTYPE_LONGNAME
    long_name.size = 5
    block = long_name.tobuf(tarfile.GNU_FORMAT) + b"a.py\0".ljust(512, b"\0")

    found, gaps = _cost("x.tar", block * 5000 + _tar({"a.py": _TEXT}))

    assert found == {}
    assert gaps[0].startswith("x.tar: damaged: ")


# --- whose code it is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("archive", "member", "setting"),
    [
        ("deploy.zip", "app.py", Setting.PRODUCTION),
        ("openai-1.0-py3-none-any.whl", "openai/client.py", Setting.VENDORED),
        ("lib/langchain4j.jar", "META-INF/x.properties", Setting.VENDORED),
        ("app.jar", "BOOT-INF/classes/application.yml", Setting.PRODUCTION),
        ("app.war", "WEB-INF/classes/a.properties", Setting.PRODUCTION),
        ("plan.docx", "word/document.xml", Setting.DOCUMENTATION),
    ],
)
def test_a_package_is_somebody_elses(archive: str, member: str, setting: Setting) -> None:
    (found,) = members(archive, _zip({member: _TEXT}), Bounds())

    assert isinstance(found, Member)
    assert found.setting is setting


def test_a_package_of_npm_and_a_source_distribution() -> None:
    for name, member in (("x-1.tgz", "package/index.js"), ("x-1.0.tar.gz", "x-1.0/x.py")):
        (found,) = members(name, _tar({member: _TEXT}, "w:gz"), Bounds())
        assert isinstance(found, Member)
        assert found.setting is Setting.VENDORED
    (found,) = members("backup.tgz", _tar({"app/x.py": _TEXT}, "w:gz"), Bounds())
    assert isinstance(found, Member)
    assert found.setting is Setting.PRODUCTION


def test_what_is_left_out_is_not_read() -> None:
    data = _zip({"node_modules/a.js": _TEXT, "a.py": _TEXT})

    found = list(members("x.zip", data, Bounds(), leave_out=lambda p: p.startswith("node_")))

    assert [m.path for m in found if isinstance(m, Member)] == ["x.zip!/a.py"]


def test_what_was_installed_beside_an_app_is_not_the_app() -> None:
    """``pip install -t bundle`` and the app's own file, as functions are deployed."""
    lines = (
        "openai/__init__.py,sha256=x,1",
        "six.py,,",
        "openai-1.0.dist-info/METADATA,,",
        "../x,,",
    )
    record = "\n".join(lines).encode()
    paths = ("openai/__init__.py", "openai/lib/azure.py", "six.py", "app.py", "six_of_us.py")
    data = _zip(
        {**{f"code/{path}": _TEXT for path in paths}, "code/openai-1.0.dist-info/RECORD": record}
    )

    found = {m.path: m.setting for m in members("f.zip", data, Bounds()) if isinstance(m, Member)}

    own = {path for path, setting in found.items() if setting is Setting.PRODUCTION}
    assert own == {"f.zip!/code/app.py", "f.zip!/code/six_of_us.py"}


@pytest.mark.slow
def test_a_list_of_installed_files_is_not_trusted_with_time() -> None:
    record = b"".join(b"%d/a.py,,\n" % n for n in range(90_000))
    files = {f"{n}/a.py": b"" for n in range(20_000)} | {"x-1.dist-info/RECORD": record}

    found, gaps = _cost("x.zip", _zip(files, zipfile.ZIP_STORED))

    assert (len(found), gaps) == (20_001, [])
