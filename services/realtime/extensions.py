"""What realtime is connected to, unbound until create_app binds it."""

from flask_socketio import SocketIO

from services.realtime.assembly import Live
from shared.bus import Bus
from shared.database import Database

database = Database(migrations="services/realtime/migrations")
bus = Bus()
socketio = SocketIO()
live = Live(socketio)
