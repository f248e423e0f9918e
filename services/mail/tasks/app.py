"""mail's Celery app: `celery -A services.mail.tasks.app worker -Q mail`.

Its pool is threads: sending waits on the network, and every wait ends by the SMTP time-out.
"""

from services.mail.app import create_app
from services.mail.extensions import database, deliveries
from services.mail.settings import MailSettings
from services.mail.tasks.deliveries import deliver
from shared import logs
from shared.commands import Claim
from shared.commands.celery_app import make_celery
from shared.commands.performing import performs

settings = MailSettings()
flask_app = create_app(settings)
logs.set_role("tasks")
app = make_celery("mail", settings, pool="threads", concurrency=4, database=database)


@performs(deliveries, app)
def deliver_mail(claim: Claim) -> None:
    """Delivers one mail within the service's app context."""
    with flask_app.app_context():
        deliver(claim, settings)
