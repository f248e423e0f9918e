"""Templates filled in: nothing a value brings along becomes a header or markup."""

import pytest
from jinja2 import UndefinedError

from services.mail.rendering import FOLDER, render

VALUES = {"address": "ada@example.org", "public_url": "http://127.0.0.1:8080"}
JOB = {**VALUES, "job_id": "1", "kind": "image.variants", "state": "succeeded", "reason": None}


def test_every_template_has_subject_text_and_html():
    folders = [folder for folder in FOLDER.iterdir() if folder.is_dir()]
    assert {folder.name for folder in folders} == {"verification", "registration_repeated", "job_finished"}
    for folder in folders:
        assert {file.name for file in folder.iterdir()} == {"subject.txt", "body.txt", "body.html"}


def test_the_link_stands_in_text_and_html_and_styles_are_inline():
    mail = render("verification", "en", {**VALUES, "link": "http://127.0.0.1:8080/v1/auth/verifications/t0k"})
    assert mail.subject == "Confirm your address"
    assert "\nhttp://127.0.0.1:8080/v1/auth/verifications/t0k\n" in mail.text
    assert 'href="http://127.0.0.1:8080/v1/auth/verifications/t0k" style=' in mail.html.replace('class="button" ', "")


def test_a_language_without_templates_of_its_own_gets_the_common_ones():
    assert render("job_finished", "de", JOB).subject == "Your job image.variants is done"


def test_values_are_escaped_in_html_and_stay_on_one_line_in_the_subject():
    mail = render("job_finished", "en", {**JOB, "kind": "<b>x</b>\r\nBcc: all@example.org"})
    assert mail.subject == "Your job <b>x</b> Bcc: all@example.org is done"
    assert "<b>x</b>" not in mail.html


def test_a_failed_job_says_why():
    mail = render("job_finished", "en", {**JOB, "state": "failed", "reason": "The picture is broken."})
    assert "has failed: The picture is broken." in mail.text
    assert mail.subject == "Your job image.variants has failed"


def test_the_mail_of_a_repeated_registration_has_no_link_that_changes_anything():
    mail = render("registration_repeated", "en", VALUES)
    assert "href" not in mail.html
    assert "/v1/" not in mail.text


def test_a_missing_value_is_an_error():
    with pytest.raises(UndefinedError):
        render("verification", "en", VALUES)
