"""Reads a CSV of records strictly: a row that does not fit is a problem with its line, never a guess."""

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple, TextIO

from services.worker.errors import CsvHeaderInvalid, CsvMalformed, CsvNotText, CsvRowRagged

MAX_FIELD = 1_000_000
MAX_COLUMNS = 500
MAX_NAME = 200


class Row(NamedTuple):
    """One record and the line of the file on which it begins."""

    line: int
    values: dict[str, str]


def read_rows(path: Path) -> Iterator[Row]:
    """The records in order; raises a CsvProblem at the first that can't be read."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _rows(file)
    except UnicodeDecodeError as error:
        raise CsvNotText.at(_first_line_that_is_not_text(path), "The file is not UTF-8 text.") from error


def _rows(file: TextIO) -> Iterator[Row]:
    csv.field_size_limit(MAX_FIELD)
    lines = _lines(csv.reader(file, strict=True))
    header = _header(next(lines, (1, [])))
    for line, values in lines:
        if len(values) != len(header):
            raise CsvRowRagged.at(line, f"The row has {len(values)} fields, the header {len(header)}.")
        yield Row(line, dict(zip(header, values, strict=True)))


def in_chunks(rows: Iterable[Row], size: int) -> Iterator[tuple[list[Row], bool]]:
    """Lists of at most `size` rows, each with whether it is the last; no row at all is one empty last list."""
    rows = iter(rows)
    chunk = list(islice(rows, size))
    while True:
        following = list(islice(rows, size))
        yield chunk, not following
        if not following:
            return
        chunk = following


def _lines(reader: "csv._reader") -> Iterator[tuple[int, list[str]]]:
    """Non-blank rows with the line on which each begins: a quoted field may span several."""
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise CsvMalformed.at(line, f"The row is not well-formed: {error}.") from error
        if values:
            yield line, values


def _first_line_that_is_not_text(path: Path) -> int:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def _header(first: tuple[int, list[str]]) -> list[str]:
    line, header = first
    if not header or not all(name.strip() for name in header):
        raise CsvHeaderInvalid.at(line, "The first row must name every column.")
    if len(header) > MAX_COLUMNS:
        raise CsvHeaderInvalid.at(line, f"The header names more than {MAX_COLUMNS} columns.")
    if not all(len(name) <= MAX_NAME and name.isprintable() for name in header):
        raise CsvHeaderInvalid.at(line, f"A column's name has at most {MAX_NAME} characters, all of them printable.")
    doubled = next((name for name in header if header.count(name) > 1), None)
    if doubled is not None:
        raise CsvHeaderInvalid.at(line, f"The header names the column {doubled!r} twice.")
    return header
