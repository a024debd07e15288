"""Bytes to text in the declared encoding, or the reason why not."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from typing import TYPE_CHECKING

from schemas.mapping.findings import finding

if TYPE_CHECKING:
    Finding = dict[str, str | int | None]

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # first bytes of .xlsx and .ods, and of .xls
MOST_BYTES = 8 * 1024**3
_BYTE_ORDER_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def unpacked(data: bytes, file: str) -> tuple[bytes, Finding | None]:
    """Return the bytes inside a gzip file (or the bytes as they are), or none and a finding.

    Parameters
    ----------
    data
        Bytes of the file.
    file
        File name; it must end in ``.gz`` for the file to be unpacked.
    """
    if not file.casefold().endswith(".gz"):
        return data, None
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            plain = packed.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        return b"", _refused(file, None, "The gzip file is damaged or cut off.")
    if len(plain) > MOST_BYTES:
        return b"", _refused(file, None, "The gzip file is too large to unpack.")
    return plain, None


def decode_strictly(data: bytes, encoding: str, *, file: str) -> tuple[str, Finding | None]:
    """Return the text of a file without its byte-order mark, or no text and a finding.

    Parameters
    ----------
    data
        The bytes.
    encoding
        Declared encoding. A byte-order mark of another one refuses the file; without a mark, detection is
        not tried, because single-byte encodings decode anything.
    file
        File name, for the finding.
    """
    if data.startswith(SPREADSHEETS):
        return "", _refused(file, None, "The file is a spreadsheet or an archive, and no text.")
    marked = next((name for mark, name in _MARKS.items() if data.startswith(mark)), None)
    declared = codecs.lookup(encoding).name
    if marked is not None and not _agree(marked, declared):
        return "", _refused(file, 1, f"The file begins like {marked}, but {encoding} is declared.")
    try:
        text = data.decode(encoding)
        text.encode()  # utf-7 lets half characters through that no other program can write
    except UnicodeDecodeError as error:
        # Counting bytes is exact wherever a line ends in one byte; elsewhere the line is near.
        line = data[: error.start].count(b"\n") + 1
        return "", _refused(file, line, f"A byte of this line is not valid in {encoding}.")
    except (UnicodeError, ValueError):
        return "", _refused(file, None, f"The bytes of the file are not valid in {encoding}.")
    return _without_marks(text, file, encoding)


def _without_marks(text: str, file: str, encoding: str) -> tuple[str, Finding | None]:
    """Return the text without its byte-order mark, or a finding about signs of a wrong decoding."""
    text = text.removeprefix(_BYTE_ORDER_MARK)
    for character, sentence in (
        ("\x00", f"The file holds zero bytes, as UTF-16 without a mark does; {encoding} is declared."),
        (_REPLACEMENT, "The file holds characters that an earlier program could not read and replaced."),
    ):
        place = text.find(character)
        if place >= 0:
            return "", _refused(file, text[:place].count("\n") + 1, sentence)
    return text, None


def _agree(marked: str, declared: str) -> bool:
    """Return whether a declared encoding can carry a byte-order mark."""
    return declared.replace("_", "-").startswith(marked)


def _refused(file: str, line: int | None, sentence: str) -> Finding:
    """Return finding F01 with its own sentence."""
    return finding("F01", file=file, line=line, sentence=sentence)
