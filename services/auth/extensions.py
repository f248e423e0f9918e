"""What auth is connected to, unbound until create_app."""

from services.auth.signing import KeyRing
from shared.bus import Bus
from shared.database import Database

database = Database(migrations="services/auth/migrations")
bus = Bus()
keys = KeyRing(database)
