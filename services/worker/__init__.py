"""worker: slow work as resources. Owns jobs, their logs and the schedules that start them."""
