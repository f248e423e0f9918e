"""The bus's tables in every service's database: the source's side, the consumer's side, leases for both."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, String, Table, Text, text

from shared.database.types import Id, Timestamp, naming_convention

metadata = MetaData(naming_convention=naming_convention)
Sequence = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up only in an INTEGER PRIMARY KEY

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Sequence, primary_key=True, autoincrement=True),
    Column("event_id", Id, nullable=False),
    Column("type", String(120), nullable=False),
    Column("trace_id", String(32), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("number", BigInteger),
    Column("envelope", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("is_sent", Boolean, nullable=False, default=False),
    sqlite_autoincrement=True,  # a number once given is never given again, even when the newest row is pruned
)
Index("ix_outbox_partition_number", outbox.c.partition, outbox.c.number, unique=True)
Index("ix_outbox_trace_id", outbox.c.trace_id)
_unnumbered, _unsent = text("number IS NULL"), text("number IS NOT NULL AND NOT is_sent")
Index("ix_outbox_unnumbered", outbox.c.seq, sqlite_where=_unnumbered, postgresql_where=_unnumbered)
Index("ix_outbox_unsent", outbox.c.partition, outbox.c.number, sqlite_where=_unsent, postgresql_where=_unsent)

outbox_numbers = Table(
    "outbox_numbers",
    metadata,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("assigned", BigInteger, nullable=False),
)

incarnations = Table(
    "incarnations",
    metadata,
    Column("ordinal", Integer, primary_key=True, autoincrement=False),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("incarnation", String(32), nullable=False),
    Column("base", BigInteger, nullable=False),
)
"""Which incarnations of this source there were; numbers above `base` given before it began are void."""

consumers = Table(
    "consumers",
    metadata,
    Column("consumer", String(60), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("incarnation", String(32), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("reported_at", Timestamp, nullable=False),
)

retirements = Table(
    "retirements",
    metadata,
    Column("consumer", String(60), primary_key=True),
    Column("retired_at", Timestamp, nullable=False),
)
"""Consumers that hold nothing back any more, until they report again."""

positions = Table(
    "positions",
    metadata,
    Column("source", String(60), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("incarnation", String(32), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
)
"""How far this service has handled each source; `attempts` counts starts on the event after `number`."""

lineage = Table(
    "lineage",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("source", String(60), nullable=False),
    Column("incarnation", String(32), nullable=False),
    Column("bases", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Which incarnations of a source this service has followed, in order; `bases` (JSON) are the numbers they began at."""
Index("ix_lineage_source_id", lineage.c.source, lineage.c.id)

missed = Table(
    "missed",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("source", String(60), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("incarnation", String(32), nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("up_to", BigInteger, nullable=False),
    Column("noticed_at", Timestamp, nullable=False),
    sqlite_autoincrement=True,
)
"""Events that this service can never handle: gone from their source's outbox before it asked for them."""

leases = Table(
    "leases",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("owner", String(80), nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("lease_until", Timestamp, nullable=False),
)

waiting = Table(
    "waiting",
    metadata,
    Column("id", Sequence, primary_key=True, autoincrement=True),
    Column("handler", String(120), nullable=False),
    Column("key", String(200), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("state", String(10), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_error", Text),
    Column("run_at", Timestamp, nullable=False),
    Column("envelope", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("replay", Id),
    sqlite_autoincrement=True,
)
"""Events that a handler could not take yet (`waiting`) or never could (`parked`), in the order of their arrival."""
Index("ix_waiting_handler_key_id", waiting.c.handler, waiting.c.key, waiting.c.id)
Index("ix_waiting_state_run_at", waiting.c.state, waiting.c.run_at)

replays = Table(
    "replays",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source", String(60), nullable=False),
    Column("types", Text, nullable=False),
    Column("since", Timestamp),
    Column("until", Timestamp, nullable=False),
    Column("handler", String(120)),
    Column("state", String(10), nullable=False),
    Column("asked_by", String(120), nullable=False),
    Column("last_error", Text),
    Column("created_at", Timestamp, nullable=False),
    Column("finished_at", Timestamp),
)
"""Ranges of a source's events that this service handles again; states: `running`, `done`, `failed`. `types` is JSON."""
Index("ix_replays_state_id", replays.c.state, replays.c.id)

replay_cursors = Table(
    "replay_cursors",
    metadata,
    Column("replay", Id, primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("incarnation", String(32), nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("handled", BigInteger, nullable=False, default=0),
    Column("missed", BigInteger, nullable=False, default=0),
)
"""How far a replay is in each partition: ended when `number` has reached `last`."""
