"""mail's slow work: handing mails to an SMTP server."""
