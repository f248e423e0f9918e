"""Text in code point order on both databases."""

from sqlalchemy import Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class by_code_point(FunctionElement):  # noqa: N801 - reads as the SQL function that it is
    """A text to be ordered by code point, whatever collation its column has."""

    type = Text()
    inherit_cache = True


@compiles(by_code_point, "postgresql")
def _collate_c(element: by_code_point, compiler, **options) -> str:
    return f'({compiler.process(element.clauses, **options)} COLLATE "C")'


@compiles(by_code_point, "sqlite")
def _collate_binary(element: by_code_point, compiler, **options) -> str:
    return f"({compiler.process(element.clauses, **options)} COLLATE BINARY)"
