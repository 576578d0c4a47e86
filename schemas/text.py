"""Characters that no text of a partner needs, and that harm whoever shows them: one rule for every edge.

Terminals take control characters as commands; marks of direction turn the order of a line round, so that a
reader sees another text than the machine reads (Unicode Technical Report 36, section 2.1; CVE-2021-42574).
"""

from __future__ import annotations

import re
from typing import Final

_NEVER: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff"
_IN_PROSE: Final = re.compile(f"[{_NEVER}]|\r(?!\n)")
_IN_LINE: Final = re.compile(f"[{_NEVER}\t\n\r]")
_ESCAPED: Final = re.compile(
    rb"\\(?:[bfnrt]|u(?:00(?:[01][0-9a-fA-F]|7[fF]|[89][0-9a-fA-F])|202[a-eA-E]|206[6-9]|[fF][eE][fF][fF]))"
)
_PLAIN: Final = re.compile(rb"\x7f|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf")
_LEADS: Final = (b"\xc2", b"\xe2\x80", b"\xe2\x81", b"\xef\xbb\xbf", b"\x7f")


def forbidden(text: str, *, prose: bool = False) -> str:
    """Say which rule a text breaks; empty when it breaks none.

    Refused are the control characters C0, DEL and C1, the marks that turn the order of a line (U+202A to
    U+202E, U+2066 to U+2069), U+FEFF, and halves of surrogate pairs.

    Args:
        text: of a partner.
        prose: it may have several lines: tabs and ends of lines (LF or CR LF) are no fault then.
    """
    found = (_IN_PROSE if prose else _IN_LINE).search(text)
    if found is None:
        return ""
    return f"no control characters and no marks that turn the order of a line, U+{ord(found[0]):04X} is one"


def suspect(body: bytes) -> bool:
    """Tell whether JSON in UTF-8 may have a text that ``forbidden`` refuses. Never false for one that has."""
    if b"\\" in body and _ESCAPED.search(body):
        return True
    return any(lead in body for lead in _LEADS) and _PLAIN.search(body) is not None


def visible(text: str, *, lines: bool = False) -> str:
    r"""Write a text so that a terminal only shows it: what it would not print as ``\u001b``, as JSON does.

    A line of JSON stays JSON of the same value.

    Args:
        text: any text.
        lines: ends of lines and tabs stay as they are.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or (lines and c in "\n\t") else _code(c) for c in text)


def _code(character: str) -> str:
    point = ord(character)
    if point < 0x10000:
        return f"\\u{point:04x}"
    high, low = divmod(point - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
