"""How an unknown file might be read: encoding, delimiter, headers. Proposals for a person, never applied."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analytics.errors import InputFileError
from analytics.intake.decoding import unpacked
from analytics.intake.reading import read_raw_file
from analytics.intake.workbooks import is_workbook, sheet_names
from schemas.mapping.model import ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

    from schemas.mapping.raw import RawFile

_DELIMITERS = ",;\t|"
_MOST_TITLES = 3
_COMMA_NUMBER = re.compile(r"-?[0-9]+,[0-9]+")


@dataclass(frozen=True, eq=False)
class ReadProposal:
    """A way to read a file.

    Parameters
    ----------
    read
        The options.
    raw
        What they give.
    todos
        Option to what a person has to settle about it; an option without an entry is certain.
    """

    read: ReadOptions
    raw: RawFile
    todos: dict[str, str]


def propose_read(path: Path) -> ReadProposal:
    """Return a way to read a file in which every guess is marked.

    Raises
    ------
    InputFileError
        If the file cannot be opened, or in no way read as a table.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        fix = "Check the path and the permission to read it"
        raise InputFileError(where=str(path), what="the file cannot be read", fix=fix) from error
    todos: dict[str, str] = {}
    if is_workbook(path.name):
        read = _sheet_options(data, todos)
    else:
        read = _text_options(unpacked(data, path.name)[0], todos)
    raw = read_raw_file(path, read)
    for row in range(2, _MOST_TITLES + 1):
        if "F04" not in raw.findings.filter(raw.findings["level"] == "FILE")["rule_id"]:
            break
        read = replace(read, header_row=row)
        raw = read_raw_file(path, read)
        todos["header_row"] = "the rows above look like a title"
    refused = raw.findings.filter(raw.findings["level"] == "FILE")
    if not raw.headers or not refused.filter(refused["rule_id"] != "F06").is_empty():
        sentence, remedy = refused.select("sentence", "remedy").row(0)
        raise InputFileError(where=path.name, what=sentence.removesuffix("."), fix=remedy)
    return ReadProposal(read, raw, todos)


def _sheet_options(data: bytes, todos: dict[str, str]) -> ReadOptions:
    """Return the options of a workbook: its first sheet."""
    names = sheet_names(data)
    if len(names) > 1:
        todos["sheet"] = f"the first of {len(names)} sheets"
    return ReadOptions(sheet=names[0] if names else None)


def _text_options(data: bytes, todos: dict[str, str]) -> ReadOptions:
    """Return the options of a text file."""
    encoding = _encoding(data)
    if encoding not in {"utf-8", "utf-16"}:
        todos["encoding"] = "a guess; compare letters with accents or characters with the site's own screen"
    text = data.decode(encoding, errors="replace").removeprefix("\ufeff")
    lines = [line for line in text[:200_000].splitlines()[:50] if line.strip()]
    delimiter = _delimiter(lines)
    if delimiter is None:
        todos["delimiter"] = "no sign parts every line alike"
    commas = sum(len(_COMMA_NUMBER.findall(line)) for line in lines)
    decimal = "," if delimiter in {";", "\t", "|"} and commas else "."
    if decimal == ",":
        todos["decimal"] = "numbers with a comma were seen"
    return ReadOptions(encoding=encoding, delimiter=delimiter or ",", decimal=decimal)


def _encoding(data: bytes) -> str:
    """Return the likeliest encoding; only UTF-8 and UTF-16 with a mark are more than a guess."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for encoding in ("utf-8", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        foreign = [letter for letter in text if letter > "\x7f"]
        chinese = sum("\u4e00" <= letter <= "\u9fff" for letter in foreign)
        # Two bytes of an accented word also make one Chinese character, but seldom two in a row.
        if encoding == "utf-8" or (chinese >= 0.7 * len(foreign) and re.search("[\u4e00-\u9fff]{2}", text)):
            return encoding
    return "cp1252"


def _delimiter(lines: list[str]) -> str | None:
    """Return the sign that parts most lines into the same number of cells, more than one."""
    best: tuple[float, int, str] | None = None
    for sign in _DELIMITERS:
        counts = Counter(re.sub(r'"[^"]*"', "", line).count(sign) for line in lines)
        counts.pop(0, None)
        if counts:
            n, times = counts.most_common(1)[0]
            best = max(best or (0.0, 0, ""), (times / len(lines), n, sign))
    return best[2] if best is not None and best[0] > 0.5 else None
