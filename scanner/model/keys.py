"""Canonical forms of natural keys, so that what means the same compares equal."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

from scanner.model.base import NodeId


def canonical_remote(url: str) -> str:
    """``git@github.com:org/repo.git`` and ``https://user@github.com/org/repo`` are one. Empty for
    what is no address."""
    scp = re.match(r"(?:[^@/]+@)?([\w.-]+):(?!//)(.+)", url)
    if scp and "://" not in url:
        host, path = scp[1], scp[2]
    else:
        try:
            split = urlsplit(url)
        except ValueError:
            return ""
        if not split.hostname:
            return ""
        host, path = split.hostname, split.path
    cleaned = path.strip("/").removesuffix(".git")
    return f"{host.lower()}/{cleaned}" if cleaned else ""


def canonical_uri(uri: str) -> str:
    """Scheme and host in lower case, no query, no trailing slash."""
    plain = uri.strip()
    try:
        split = urlsplit(plain)
    except ValueError:  # what somebody has typed: http://[
        return plain.rstrip("/").lower()
    if not split.netloc:
        return plain.rstrip("/").lower()
    return f"{split.scheme.lower()}://{split.netloc.lower()}{split.path.rstrip('/')}"


def told_apart(readable: str, name: str, longest: int) -> str:
    """``readable``, what an id shows of ``name``; with a mark of the name where it leaves out what
    tells names apart: letters beyond ASCII, what is not shown, the end of a long one."""
    plain = name.strip()
    if not plain or (plain.isascii() and plain.isprintable() and len(plain) <= longest):
        return readable
    mark = hashlib.sha256(plain.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{readable[: longest - len(mark) - 1]}-{mark}".lstrip("-")


def part_id(holder: NodeId, part: str) -> NodeId:
    """The id of a thing that has no natural key but its place: ``git:<repository>#ai/openai``."""
    return NodeId(f"{holder}#{part}")


def holder_of(ident: NodeId) -> NodeId | None:
    """The holder of a part, None for what has a natural key of its own."""
    holder, mark, _ = ident.partition("#")
    return NodeId(holder) if mark else None
