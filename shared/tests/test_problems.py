"""Problems: their codes and their documents."""

from shared import trace
from shared.problems import Conflict, Unavailable


class AddressRefused(Conflict):
    """This address can't be used."""


def test_code_type_and_title_come_from_the_class_name():
    document = AddressRefused().to_dict()
    assert document["code"] == "address_refused"
    assert document["type"] == "/problems/address-refused"
    assert document["title"] == "Address refused"
    assert document["status"] == 409
    assert document["detail"] == "This address can't be used."


def test_members_errors_and_request_id_are_in_the_document():
    with trace.begin(request_id="r1"):
        document = AddressRefused("No.", errors=[{"pointer": "/a", "detail": "b"}], line=3).to_dict()
    assert (document["line"], document["request_id"], document["detail"]) == (3, "r1", "No.")
    assert document["errors"] == [{"pointer": "/a", "detail": "b"}]


def test_a_member_never_replaces_the_status():
    assert AddressRefused(status=200).to_dict()["status"] == 409


def test_unavailable_says_when_to_come_again():
    assert Unavailable(retry_after=3).headers == {"Retry-After": "3"}
