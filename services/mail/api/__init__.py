"""mail's resources, one line each."""

from services.mail.api.deliveries import Deliveries

URLS = [
    ("/v1/mail/deliveries", Deliveries),
]
