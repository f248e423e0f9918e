"""Tests of the durable commands, on real databases and a real broker."""
