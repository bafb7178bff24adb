"""The identity of a finding: the policy and its declared parts, nothing that may change.

``v1:`` + base32 of SHA-256 over canonical JSON, 26 characters (130 bits). No wording, severity,
line, time, scan id or display name enters, so findings survive all of these.
"""

from __future__ import annotations

import base64
import hashlib

from scanner.model.base import Fingerprint, encode

VERSION = "v1"


def fingerprint(policy: str, parts: tuple[str, ...]) -> Fingerprint:
    mark = hashlib.sha256(encode([policy, *parts])).digest()
    return Fingerprint(f"{VERSION}:{base64.b32encode(mark).decode().lower()[:26]}")
