"""Odd CSV files: each is read as it is meant, or refused with its line."""

import pytest

from services.worker.csvs import Row, in_chunks, read_rows
from services.worker.errors import CsvHeaderInvalid, CsvMalformed, CsvNotText, CsvProblem, CsvRowRagged


@pytest.fixture
def read(tmp_path):
    def read(content: str | bytes) -> list[Row]:
        path = tmp_path / "rows.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return list(read_rows(path))

    return read


def test_rows_come_with_the_line_on_which_they_begin(read):
    assert read("a,b\n1,2\n3,4\n") == [Row(2, {"a": "1", "b": "2"}), Row(3, {"a": "3", "b": "4"})]


def test_a_byte_order_mark_is_not_part_of_the_first_name(read):
    assert read(b"\xef\xbb\xbfa,b\n1,2\n") == [Row(2, {"a": "1", "b": "2"})]


def test_quotes_hold_commas_quotes_and_lines(read):
    rows = read('a,b\n"x, ""y""","two\nlines"\n3,4\n')
    assert rows == [Row(2, {"a": 'x, "y"', "b": "two\nlines"}), Row(4, {"a": "3", "b": "4"})]


@pytest.mark.parametrize("content", ["a,b\r\n1,2\r\n", "a,b\r1,2\r", "a,b\n1,2"], ids=["crlf", "cr", "no last newline"])
def test_any_line_ending_will_do(read, content):
    assert read(content) == [Row(2, {"a": "1", "b": "2"})]


def test_blank_lines_are_passed_over_but_counted(read):
    assert read("a\n\n1\n\n\n2\n") == [Row(3, {"a": "1"}), Row(6, {"a": "2"})]


def test_a_header_alone_has_no_rows(read):
    assert read("a,b\n") == []


@pytest.mark.parametrize(
    ("content", "problem", "line"),
    [
        ("", CsvHeaderInvalid, 1),
        ("\n\n", CsvHeaderInvalid, 1),
        ("a,,c\n1,2,3\n", CsvHeaderInvalid, 1),
        ("a,b,a\n1,2,3\n", CsvHeaderInvalid, 1),
        ("a,b\0\n1,2\n", CsvHeaderInvalid, 1),
        ("a," + "b" * 201 + "\n1,2\n", CsvHeaderInvalid, 1),
        ("a,b\n1,2\n3\n", CsvRowRagged, 3),
        ("a,b\n1,2,3\n", CsvRowRagged, 2),
        ('a,b\n1,2\n"open,4\n', CsvMalformed, 3),
        ('a,b\n1,"x"y\n', CsvMalformed, 2),
        ("a\n" + "x" * 1_000_001, CsvMalformed, 2),
        (b"a,b\n1,2\n1,\xff\xfe\n", CsvNotText, 3),
    ],
)
def test_what_can_not_be_read_names_its_line(read, content, problem, line):
    with pytest.raises(problem) as raised:
        read(content)
    assert isinstance(raised.value, CsvProblem)
    assert raised.value.to_dict()["line"] == line
    assert raised.value.to_dict()["detail"].startswith(f"Line {line}: ")


def test_chunks_say_which_is_the_last():
    rows = [Row(line, {}) for line in range(2, 7)]
    assert [(len(chunk), is_last) for chunk, is_last in in_chunks(rows, 2)] == [(2, False), (2, False), (1, True)]
    assert [(len(chunk), is_last) for chunk, is_last in in_chunks(rows[:4], 2)] == [(2, False), (2, True)]
    assert list(in_chunks([], 2)) == [([], True)]
