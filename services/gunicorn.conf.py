"""How Gunicorn serves each service's API, on one machine and in containers alike."""

control_socket_disable = True  # its path would be one for all services of a user
keepalive = 75  # longer than the gateway keeps idle connections, so that the gateway is the one who hangs up
graceful_timeout = 10
timeout = 60
accesslog = None  # each service logs its own requests, with their trace
