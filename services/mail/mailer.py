"""Flask-Mail with what it lacks: a time-out on every step, certificates that are checked, and failures told apart."""

import smtplib
import ssl
from contextlib import suppress
from typing import Any

from flask import Flask
from flask_mail import BadHeaderError, Connection, Mail, Message

from services.mail.addresses import is_mailable


class MailRefused(Exception):
    """The server, or we, will never take this mail; trying again is of no use."""


class MailDelayed(Exception):
    """The server can't be reached or trusted, or does not take the mail now; a later attempt may succeed."""


class SafeConnection(Connection):
    """An SMTP connection that waits for no answer longer than the time-out, and speaks TLS only with whom it claims."""

    def configure_host(self) -> smtplib.SMTP:
        options = self.mail.options
        context = ssl.create_default_context(cafile=options.smtp_ca_file)
        where, timeout = (options.smtp_host, options.smtp_port), options.smtp_timeout_seconds
        if options.smtp_security == "tls":
            host: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=timeout, context=context)
        else:
            host = smtplib.SMTP(*where, timeout=timeout)
        try:
            if options.smtp_security == "starttls":
                host.starttls(context=context)
            if options.smtp_username:
                host.login(options.smtp_username, options.smtp_password or "")
        except BaseException:
            host.close()
            raise
        return host

    def __exit__(self, exc_type: Any, *_error: Any) -> None:
        """A mail that was taken stays taken, whatever becomes of the farewell."""
        if self.host is None:
            return
        if exc_type is None:
            with suppress(smtplib.SMTPException, OSError):
                self.host.quit()
        self.host.close()


class Mailer(Mail):
    """Sends mail by the service's settings; unbound until `init_app`."""

    def init_app(self, app: Flask, settings: Any = None) -> Any:
        state = super().init_app(app)
        state.suppress = False
        state.options, state.default_sender = settings, settings.mail_from
        self.state = state
        return state

    def connect(self) -> SafeConnection:
        return SafeConnection(self.state)

    def deliver(self, message: Message) -> None:
        """Hands one message to the server, within an app's context; raises MailRefused or MailDelayed."""
        for address in message.recipients:
            if not is_mailable(address):
                raise MailRefused("The recipient's address is not one that mail can be sent to.")
        try:
            with self.connect() as connection:
                connection.send(message)
        except BadHeaderError:
            raise MailRefused("A header holds a line break.") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise _verdict(*next(iter(error.recipients.values()))) from error
        except smtplib.SMTPDataError as error:
            raise _verdict(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            raise MailDelayed(f"{type(error).__name__}: {error}") from error


def _verdict(code: int, reply: bytes | str) -> Exception:
    """5xx is the server's last word on this mail, 4xx is not."""
    text = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
    return (MailRefused if code >= 500 else MailDelayed)(f"{code} {text}")
