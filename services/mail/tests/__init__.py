"""Tests of mail: its handlers, its deliveries over real SMTP, its API."""
