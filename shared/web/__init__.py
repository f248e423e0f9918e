"""HTTP: how a service's app is made and how its resources are declared."""

from shared.web.api import Api, Resource
from shared.web.app import create_service
from shared.web.declaring import endpoint
from shared.web.pages import InvalidCursor, Page, PageQuery, decode_cursor, encode_cursor
from shared.web.shapes import Input, Output, Query

__all__ = [
    "Api",
    "Input",
    "InvalidCursor",
    "Output",
    "Page",
    "PageQuery",
    "Query",
    "Resource",
    "create_service",
    "decode_cursor",
    "encode_cursor",
    "endpoint",
]
