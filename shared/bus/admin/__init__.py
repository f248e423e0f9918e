"""The operator's doors to a service's bus: the same resources in every service, under /v1/bus/<service>/."""
