"""Access: the collection's rules decide about every record, for everyone alike."""

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.data import errors
from services.data.tests.people import ANC, KIT, made, records, rows
from shared.identity.problems import TokenInvalid
from shared.problems import Unauthenticated
from shared.testing.identity import KID, access_token, assert_problem


def test_a_record_of_someone_else_may_be_seen_but_not_changed(ada, ben, admin, airports, announced):
    shown = made(ada.creates(airports, **ANC))
    announced()
    assert_problem(ben.changes(airports, shown["id"], city="B"), errors.AccessRefused)
    assert_problem(ben.replaces(airports, shown["id"], iata="ANC", name="B"), errors.AccessRefused)
    assert_problem(ben.deletes(airports, shown["id"]), errors.AccessRefused)
    assert announced() == []
    assert admin.changes(airports, shown["id"], city="B").status_code == 200


def test_a_record_that_may_not_be_seen_is_not_found_whatever_is_asked(ada, ben, admin, airports):
    shown = made(ada.creates(airports, **ANC))
    admin.asks("PATCH", "/v1/data/collections/airports", json={"rules": {"view": "owner = @me.id"}})
    assert_problem(ben.views(airports, shown["id"]), errors.RecordNotFound)
    assert_problem(ben.changes(airports, shown["id"], city="B"), errors.RecordNotFound)
    assert_problem(ben.deletes(airports, shown["id"]), errors.RecordNotFound)
    assert ada.views(airports, shown["id"]).status_code == 200


def test_nobody_makes_a_record_for_someone_else_or_gives_one_away(ada, ben, airports):
    assert_problem(ada.creates(airports, **ANC, owner=ben.id), errors.AccessRefused)
    shown = made(ada.creates(airports, **ANC))
    assert_problem(ada.changes(airports, shown["id"], owner=ben.id), errors.AccessRefused)


def test_who_did_not_sign_in_is_asked_to(nobody, ada, airports):
    shown = made(ada.creates(airports, **ANC))
    assert_problem(nobody.creates(airports, **ANC), Unauthenticated)
    assert_problem(nobody.views(airports, shown["id"]), errors.RecordNotFound)
    assert rows(nobody.lists(airports)) == []


def test_an_operation_without_a_rule_is_for_admins_alone(ada, admin):
    admin.defines({"name": "closed", "fields": [{"name": "a", "type": "text"}]})
    assert_problem(ada.creates("closed", b="?"), errors.AccessRefused)
    assert_problem(ada.lists("closed"), errors.AccessRefused)
    shown = made(admin.creates("closed", a="x"))
    assert_problem(ada.views("closed", shown["id"]), errors.RecordNotFound)
    assert admin.views("closed", shown["id"]).get_json() == shown
    assert admin.deletes("closed", shown["id"]).status_code == 204


def test_a_token_that_is_forged_or_of_no_algorithm_is_refused_even_where_none_is_needed(client, admin):
    admin.defines(KIT)
    claims = jwt.decode(access_token(), options={"verify_signature": False})
    unsigned = jwt.encode(claims, None, "none", headers={"kid": KID})
    for token in ("x.y.z", unsigned, access_token(kid="unknown"), access_token(key=Ed25519PrivateKey.generate())):
        response = client.get(records("kit"), headers={"Authorization": f"Bearer {token}"})
        assert_problem(response, TokenInvalid)


def test_a_relation_can_not_tell_of_a_record_that_may_not_be_seen(ada, ben, admin):
    secret = {**KIT, "rules": {"create": "true", "view": "code = @me.id"}, "fields": [{"name": "code", "type": "text"}]}
    admin.defines({**secret, "name": "secrets"})
    admin.defines({**KIT, "fields": [{"name": "other", "type": "relation", "collection": "secrets"}]})
    hers = made(ada.creates("secrets", code=ada.id))
    assert_problem(ben.creates("kit", other=hers["id"]), errors.RecordInvalid)
    made(ada.creates("kit", other=hers["id"]))
