"""The second transport: RabbitMQ, spoken to through kombu."""
