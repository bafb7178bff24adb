"""What people have named or asked, as logs of settings repeat it in quotation marks: no word of the
vendor's own, and none is kept. One that is not closed, as where a text was cut, goes to the end.

An apostrophe within a word opens nothing.
"""

from __future__ import annotations

from scanner.kit.expressions import expression

_QUOTED = expression(
    r'"[^"]*(?:"|$)'
    r"|`[^`]*(?:`|$)"
    r"|(?<!\w)'(?:[^']|(?<=\w)'(?=\w))*(?:'|$)"
    r"|[\u201c\u201d\u201e\u201f][^\u201c\u201d]*(?:[\u201c\u201d]|$)"
    r"|(?<!\w)[\u2018\u201a\u201b](?:[^\u2018\u2019]|(?<=\w)\u2019(?=\w))*(?:[\u2018\u2019]|$)"
    r"|[\u00ab\u300c\u300e\uff02][^\u00bb\u300d\u300f\uff02]*(?:[\u00bb\u300d\u300f\uff02]|$)"
)


def unquoted(said: str) -> str:
    return _QUOTED.sub('"\N{HORIZONTAL ELLIPSIS}"', said)
