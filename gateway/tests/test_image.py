"""What the gateway's image is set by: the values that `make env` writes, filled in by nginx's entry point."""

import re

import pytest

from gateway.tests.rendering import image

LOCAL = "http://localhost:3000"


@pytest.mark.parametrize("origin", [f"{LOCAL}.evil.example", f"https://evil.example/{LOCAL}", "http://127.0.0.1.evil"])
def test_an_origin_that_only_begins_or_ends_like_an_allowed_one_is_strange(tmp_path, origin):
    text = (image(tmp_path, "plain") / "conf.d/cors.conf").read_text()
    (pattern,) = re.findall(r'"~(.*)" \$http_origin;', text)
    assert re.search(pattern, LOCAL)
    assert not re.search(pattern, origin)
