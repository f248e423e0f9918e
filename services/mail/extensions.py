"""What mail is connected to, unbound until create_app."""

from services.mail.actions.deliveries import forget_secret
from services.mail.mailer import Mailer
from services.mail.models import Delivery
from shared.bus import Bus
from shared.commands import Commands
from shared.database import Database

database = Database(migrations="services/mail/migrations")
bus = Bus()
mailer = Mailer()
deliveries = Commands(
    Delivery,
    database,
    task="mail.deliver",
    queue="mail",
    max_attempts=20,  # with pauses up to an hour: an SMTP server may be away for half a day
    lease_seconds=60,
    pauses=(2, 3600),
    when_failed=forget_secret,
)
