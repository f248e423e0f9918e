"""Worker's resources by their URLs."""

from services.worker.api.jobs import JobLogs, Jobs, OneJob
from services.worker.api.schedules import AllSchedules

URLS = [
    ("/v1/jobs", Jobs),
    ("/v1/jobs/<id:job_id>", OneJob),
    ("/v1/jobs/<id:job_id>/log", JobLogs),
    ("/v1/schedules", AllSchedules),
]
