"""Parts of URLs that are more than text."""

from werkzeug.routing import BaseConverter


class IdConverter(BaseConverter):
    """`<id:account_id>`: a UUID, given as its dashed lower-case string; anything else is a 404."""

    regex = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"

    def to_python(self, value: str) -> str:
        return value.lower()
