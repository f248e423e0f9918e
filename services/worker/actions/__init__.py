"""What worker does, given a session: nothing here commits or knows of HTTP, the bus or Celery."""
