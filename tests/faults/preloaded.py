"""Loaded once by the server that every process is forked from: all that a process would load when it needs it."""

import gc

import celery.bin.worker
import kombu.transport.pyamqp
import kombu.transport.redis
import sqlalchemy.dialects.postgresql.psycopg
import sqlalchemy.dialects.sqlite.pysqlite

import shared.bus.admin.routes
import shared.bus.amqp.transport
import shared.bus.api
import shared.bus.redis_streams
import shared.commands.sending
import tests.faults.members
from shared.database.engine import sqlite_driver

sqlite_driver()
gc.freeze()  # a child that collects must not copy what it shares

__all__ = ["celery", "kombu", "shared", "sqlalchemy", "tests"]
