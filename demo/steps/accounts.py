"""Step 1: an account."""

from demo.people import VERIFICATIONS
from demo.stage import Stage, Watch
from demo.waiting import ensure


def ada_registers_by_mail_and_signs_in(stage: Stage) -> None:
    """A mail with a link reaches a real SMTP server; she follows it; she signs in."""
    watch = Watch()
    stage.ada.signs_up()
    mail = stage.ada.mails.wait_for(stage.ada.email, VERIFICATIONS)
    stage.tell(f"a mail came after {watch.seconds:.2f} s: {mail['subject']!r} to {stage.ada.email}")
    stage.ada.follows_the_mailed_link()
    stage.ada.signs_in()
    me = stage.ada.api.ask("GET", "/v1/auth/me")
    ensure(me["email"] == stage.ada.email, f"me is {me}")
    stage.tell(f"she is signed in as {me['email']}, role {me['role']}")
