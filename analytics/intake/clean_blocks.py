"""A text file in blocks of whole lines, as long as nothing about it is odd."""

from __future__ import annotations

import codecs
import gzip
import zlib
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from analytics.intake.decoding import MOST_BYTES, SPREADSHEETS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

BLOCK_BYTES = 8 * 1024**2
_MARK = codecs.BOM_UTF8
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}".encode()
_LONGEST_LINE = 131_072  # csv.field_size_limit() of Python, which the exact reader obeys for every cell
_LINE_END, _RETURN, _QUOTE, _SPACE = 10, 13, 34, 32
_FIRST_PLAIN, _LAST_OF_ASCII = np.uint8(35), np.uint8(127)  # the sign after the quotation mark, and the last
# Encodings in which the byte of a line end is never a part of another character.
_BY_LINE = frozenset({"ascii", "utf-8", "gb18030", "gbk", "gb2312", "big5", "cp932", "shift_jis"})


class OddFileError(Exception):
    """The file needs the exact reader; holds nothing of the file."""


def clean_blocks(path: Path, encoding: str) -> Iterator[bytes]:
    """Yield a file in blocks of whole lines, as UTF-8 without a byte-order mark; blank lines at its end go.

    Parameters
    ----------
    path
        A text file, packed by gzip where its name says so.
    encoding
        Declared encoding.

    Raises
    ------
    OddFileError
        The file cannot be read, is not valid in its encoding, or holds what the exact reader must judge.
    """
    declared = codecs.lookup(encoding).name.removesuffix("-sig")
    if declared not in _BY_LINE and not declared.startswith(("iso8859", "cp125")):
        raise OddFileError
    is_first = True
    for block in _whole_lines(_pieces(path)):
        if is_first:
            _require_text(block, declared)
        text = _as_utf_8(block, declared)
        if is_first:
            text = text.removeprefix(_MARK)
            if text.startswith((_MARK, b"sep=")):
                raise OddFileError
        is_first = False
        yield text


def require_width(block: bytes, *, delimiter: str, width: int) -> None:
    """Make sure that every line of a block is one record of so many cells, quoted whole or not at all.

    Parameters
    ----------
    block
        Whole lines.
    delimiter, width
        What parts the cells, and how many there are in a line; at least two.

    Raises
    ------
    OddFileError
        A line is shorter or longer, or a quotation mark stands elsewhere than around a cell.
    """
    if block.startswith(_MARK):  # a first cell may begin like this; the parser would take it for a mark
        raise OddFileError
    signs = np.frombuffer(block, dtype=np.uint8)
    is_end = signs == _LINE_END
    is_parting = (signs == ord(delimiter)) | is_end
    if b'"' in block:
        is_quoted = _inside_quotes(signs, ord(delimiter))
        if (is_end & is_quoted).any():
            raise OddFileError
        is_parting &= ~is_quoted
    places, ends = np.flatnonzero(is_parting), np.flatnonzero(is_end)
    is_even = len(places) == len(ends) * width and np.array_equal(places[width - 1 :: width], ends)
    if not is_even:
        raise OddFileError
    require_lengths(ends)


def require_lengths(ends: NDArray[np.int64]) -> None:
    """Make sure that no line is longer than the exact reader lets a cell be; `ends` are the line ends."""
    if int(np.diff(ends, prepend=-1).max()) > _LONGEST_LINE:
        raise OddFileError


def line_ends_and_odd_lines(
    signs: NDArray[np.uint8], delimiter: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the lines of a block end, and which lines hold a sign that has a second meaning.

    The cells of all other lines can be taken as they stand: they are ASCII without quotation marks, control
    characters and blanks at either end.

    Parameters
    ----------
    signs
        The bytes of whole lines.
    delimiter
        What parts the cells.

    Returns
    -------
    tuple of two arrays
        Places of the line ends; lines in ascending order from 0.
    """
    if signs[: len(_MARK)].tobytes() == _MARK:  # the parser would take it for a mark, not for a cell
        raise OddFileError
    # One pass finds all signs below and beyond the plain ones, because bytes below the first wrap around.
    places = np.flatnonzero((signs - _FIRST_PLAIN) > (_LAST_OF_ASCII - _FIRST_PLAIN))
    found = signs[places]
    ends = places[found == _LINE_END]
    is_odd = (found != _LINE_END) & (found != _RETURN) & (found != _SPACE) & (found != ord("!"))
    blanks = places[found == _SPACE]
    edges = (ord(delimiter), _LINE_END, _RETURN, _SPACE)
    before = signs[np.maximum(blanks - 1, 0)]  # a block that begins with a blank finds the blank itself
    outer = blanks[np.isin(before, edges) | np.isin(signs[blanks + 1], edges)]
    odd = np.concatenate((places[is_odd], outer))
    return ends, np.unique(np.searchsorted(ends, odd))


def lines_at(block: bytes, ends: NDArray[np.int64], lines: NDArray[np.int64]) -> bytes:
    """Return some lines of a block."""
    starts = np.where(lines > 0, ends[lines - 1] + 1, 0)
    return b"".join(block[start : end + 1] for start, end in zip(starts, ends[lines], strict=True))


def require_delimiters(block: bytes, rest: bytes, *, delimiter: str, n: int) -> None:
    """Make sure that a block holds so many delimiters beside those of its odd lines.

    If none of the other lines is too long, which the parser tells, then none is too short.
    """
    signs = np.frombuffer(block, dtype=np.uint8)
    if int(np.count_nonzero(signs == ord(delimiter))) - rest.count(delimiter.encode()) != n:
        raise OddFileError


def starts_with_mark(path: Path) -> int:
    """Return the length of the byte-order mark that a file begins with, 0 without one."""
    with open_unpacked(path) as stream:
        return len(_MARK) if stream.read(len(_MARK)) == _MARK else 0


def open_unpacked(path: Path) -> IO[bytes]:
    """Open a file to read its bytes, unpacked where its name says that it is packed by gzip."""
    is_packed = path.name.casefold().endswith(".gz")
    return cast("IO[bytes]", gzip.open(path, "rb")) if is_packed else path.open("rb")


def _inside_quotes(signs: NDArray[np.uint8], delimiter: int) -> NDArray[np.bool_]:
    """Tell for every byte whether an odd number of quotation marks came before; none stands inside a cell."""
    is_quote = signs == _QUOTE
    places = np.flatnonzero(is_quote)
    if len(places) % 2:
        raise OddFileError
    opening, closing = places[::2], places[1::2]
    before = signs[opening[opening > 0] - 1]
    after = signs[closing + 1]  # the last byte of a block ends a line
    is_opened = (before == delimiter) | (before == _LINE_END)
    is_closed = (after == delimiter) | (after == _LINE_END) | (after == _RETURN)
    if not (is_opened.all() and is_closed.all()):
        raise OddFileError
    return np.bitwise_xor.accumulate(is_quote.view(np.uint8)).view(np.bool_)


def _pieces(path: Path) -> Iterator[bytes]:
    """Yield the bytes of a file, unpacked."""
    left = MOST_BYTES
    try:
        with open_unpacked(path) as stream:
            while piece := stream.read(BLOCK_BYTES):
                left -= len(piece)
                if left < 0:
                    raise OddFileError
                yield piece
    except (OSError, EOFError, zlib.error):
        raise OddFileError from None


def _whole_lines(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Cut pieces after line ends; the last line gets one, and blank lines after it go."""
    held = rest = b""
    for piece in pieces:
        cut = piece.rfind(b"\n") + 1
        if held:
            yield held
        held = b"".join((rest, memoryview(piece)[:cut])) if cut else b""
        rest = piece[cut:] if cut else rest + piece
        if len(rest) > BLOCK_BYTES:
            raise OddFileError
    if not held:
        raise OddFileError
    last = (held + rest).rstrip(b"\r\n")
    if last:
        yield last + (b"\r\n" if b"\r\n" in last else b"\n")


def _require_text(block: bytes, declared: str) -> None:
    """Refuse what begins like something else than text in the declared encoding."""
    if block.startswith((*SPREADSHEETS, *_UTF_16)) or (block.startswith(_MARK) and declared != "utf-8"):
        raise OddFileError


def _as_utf_8(block: bytes, declared: str) -> bytes:
    """Return a block in UTF-8, if it is valid and every carriage return belongs to a line end."""
    if not block.isascii():
        try:
            text = block.decode(declared)
        except UnicodeError:
            raise OddFileError from None
        block = block if declared == "utf-8" else text.encode()
        if _REPLACEMENT in block:
            raise OddFileError
    if b"\x00" in block or (b"\r" in block and not _all_returns_end_lines(block)):
        raise OddFileError
    return block


def _all_returns_end_lines(block: bytes) -> bool:
    """Return whether every line ends in carriage return and line feed, and no line holds a return."""
    return block.count(b"\r") == block.count(b"\r\n") == block.count(b"\n")
