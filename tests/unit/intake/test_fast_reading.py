"""The fast reader gives what the exact one gives, or leaves the file to it."""

from __future__ import annotations

import csv
import gzip
import io
import random
from typing import TYPE_CHECKING

import pytest
from polars.testing import assert_frame_equal

from analytics.intake import clean_blocks
from analytics.intake.fast_reading import read_clean_file
from analytics.intake.reading import read_exactly
from schemas.mapping.model import ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

CELLS = ("", "a", " b ", "1,5", "2;5", "é", "合计", "x" * 20, "total", "\t", "\N{NO-BREAK SPACE}", "nan", "#")
ODD_CELLS = (
    *CELLS,
    'say "so"',
    "two\nlines",
    "two\r\nlines",
    "one\rreturn",
    '"',
    "\x1f",
    "\x0b",
    "\u2028",
    "\x00",
)
ODD_LINES = (
    "",
    "a",
    "a,b",
    "a,b,c,d,e,f,g,h,i",
    '"a"b,c',
    'a"b,c,d',
    "sep=,",
    "Total,,",
    ",,",
    " ,,",
    "\ufeffa,b,c",
    '"a',
)
CLEAN = "h1,h2,h3\na,b,c\nd,,\n"


def random_file(rng: random.Random, cells: tuple[str, ...]) -> str:
    """Write a small table, now and then with something odd between its lines."""
    width, end = rng.randint(1, 5), rng.choice(("\n", "\r\n", "\n", "\r\n", "\r"))
    text = io.StringIO(newline="")
    quoting = rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL))
    writer = csv.writer(text, lineterminator=end, delimiter=rng.choice(",,,;"), quoting=quoting)
    writer.writerow([f"h{rng.randint(1, 40)}" for _ in range(width)])
    for _ in range(rng.randint(0, 6)):
        row = [rng.choice(cells if rng.random() < 0.1 else CELLS) for _ in range(width)]
        writer.writerow(row if rng.random() < 0.97 else [*row, "a"])
    lines = text.getvalue().split(end)
    if cells is ODD_CELLS and rng.random() < 0.3:
        lines.insert(rng.randint(0, len(lines)), rng.choice(ODD_LINES))
    return ("\ufeff" if rng.random() < 0.1 else "") + end.join(lines if rng.random() < 0.8 else lines[:-1])


def compare(path: Path, read: ReadOptions, *, drop: tuple[str, ...] = ()) -> bool:
    """Hold both readers against each other, and return whether the fast one took the file."""
    fast = read_clean_file(path, read, drop=drop)
    if fast is None:
        return False
    exact = read_exactly(path, read, drop=drop)
    assert exact.findings.rows() == []
    assert (fast.headers, fast.frame.height) == (exact.headers, exact.n_records)
    assert_frame_equal(fast.frame, exact.frame)
    return True


@pytest.mark.parametrize("cells", [CELLS, ODD_CELLS], ids=["plain", "odd"])
@pytest.mark.parametrize("block_bytes", [40, 8 * 1024**2], ids=["many blocks", "one block"])
def test_both_readers_give_the_same_cells_of_random_files(
    cells: tuple[str, ...], block_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clean_blocks, "BLOCK_BYTES", block_bytes)
    rng = random.Random(7)  # noqa: S311 - no secret
    path = tmp_path / "f.csv"
    taken = 0
    for _ in range(300):
        path.write_bytes(random_file(rng, cells).encode())
        options = ReadOptions(
            delimiter=rng.choice(",,,;"),
            header_row=rng.choice((1, 1, 1, 2)),
            names=rng.choice(((), (), (), ("n1", "n2", "n3"))),
            headers=rng.choice(("loose", "exact")),
        )
        taken += compare(path, options, drop=rng.choice(((), (), ("#2",))))
    assert taken > 20


@pytest.mark.parametrize(
    ("data", "options"),
    [
        (CLEAN.encode(), ReadOptions()),
        (CLEAN.replace("\n", "\r\n").encode("utf-8-sig"), ReadOptions()),
        (CLEAN.encode("utf-8-sig"), ReadOptions(encoding="utf-8-sig")),
        (CLEAN.replace("a,", "病变,").encode("gb18030"), ReadOptions(encoding="gb18030")),
        (CLEAN.replace("a,", "é,").encode("cp1252"), ReadOptions(encoding="cp1252")),
        (CLEAN.replace(",", ";").replace("a;", "1,5;").encode(), ReadOptions(delimiter=";")),
        (CLEAN.replace("a,", '"1,5",').encode(), ReadOptions()),
        (CLEAN.replace("\nd,", "\n d ,").encode(), ReadOptions()),
        ((CLEAN + "\n\n\n").encode(), ReadOptions()),
        (CLEAN.rstrip("\n").encode(), ReadOptions()),
        (CLEAN.replace("\n", "\r\n").rstrip().encode(), ReadOptions()),
        (b"A title\n" + CLEAN.encode(), ReadOptions(header_row=2)),
        (CLEAN.encode(), ReadOptions(names=("x", "y", "z"))),
    ],
)
def test_the_fast_reader_takes_files_without_a_fault_of_form(
    data: bytes, options: ReadOptions, tmp_path: Path
) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(data)
    assert compare(path, options)


def test_the_fast_reader_unpacks_gzip(tmp_path: Path) -> None:
    path = tmp_path / "f.csv.gz"
    path.write_bytes(gzip.compress(CLEAN.encode()))
    assert compare(path, ReadOptions())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"h1,h2,h3\n",
        CLEAN.replace("d,,", "d,").encode(),
        CLEAN.replace("d,,", "d,,,").encode(),
        CLEAN.replace("d,,", "d,\nd,,,").encode(),  # one short, one long: the sum is right
        CLEAN.replace("d,,", ",,").encode(),
        CLEAN.replace("d,,", " ,\x1f,").encode(),
        CLEAN.replace("d,,", "Total,,").encode(),
        CLEAN.replace("d,,", "\nd,,").encode(),
        CLEAN.replace("a,", '"a\nb",').encode(),
        CLEAN.replace("a,", '"say ""so""",').encode(),
        CLEAN.replace("a,", 'a"b,').encode(),
        CLEAN.replace("a,", '"a" ,').encode(),
        CLEAN.replace("a,", '"a,').encode(),
        CLEAN.replace("h2", "h1").encode(),
        CLEAN.replace("\n", "\r").encode(),
        CLEAN.replace("\n", "\r\n", 1).encode(),
        b"sep=,\n" + CLEAN.encode(),
        CLEAN.encode("utf-16"),
        CLEAN.replace("a,", "é,").encode("cp1252"),
        CLEAN.replace("a,", "\x00,").encode(),
        CLEAN.replace("a,", "\ufffd,").encode(),
        CLEAN.replace("a,", "x" * 140_000 + ",").encode(),
        CLEAN.replace(",", ";").encode(),
        ("\ufeff\ufeff" + CLEAN).encode(),
    ],
)
def test_anything_odd_is_left_to_the_exact_reader(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(data)
    assert read_clean_file(path, ReadOptions()) is None


def test_a_file_that_is_not_there_is_left_to_the_exact_reader(tmp_path: Path) -> None:
    assert read_clean_file(tmp_path / "none.csv", ReadOptions()) is None
