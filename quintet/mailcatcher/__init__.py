"""A mail server for development: takes every mail over SMTP, delivers none, shows all at a local page."""
