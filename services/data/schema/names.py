"""Which names collections and fields may not have, and what their tables and constraints are called."""

from shared.rules import RESERVED_NAMES, SYSTEM_FIELDS

_LANGUAGE = RESERVED_NAMES | {"and", "or", "not", "me"}
_DATABASES = {"oid", "rowid", "ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"}


def refused_field(name: str) -> bool:
    """Whether a name means something else already: to records, to the rule language or to a database."""
    return name in SYSTEM_FIELDS or name in _LANGUAGE or name in _DATABASES


def table_name(collection: str, number: int) -> str:
    """The table of a collection; the number makes it another one when a name is used again."""
    return f"records_{collection}_{number}"


def constraint_name(kind: str, number: int, field: str) -> str:
    """The name of a constraint or index, unique in the database and under PostgreSQL's 63 characters."""
    return f"{kind}_{number}_{field}"
