"""Jobs: submitted, watched, their logs read."""

from services.worker.actions import jobs
from services.worker.errors import JobNotFound, UnknownJobKind
from services.worker.schemas import JobLog, JobSummary, JobView, LogLineView, NewJob
from shared.web import InvalidCursor, Page, PageQuery, Resource, encode_cursor, endpoint


class Jobs(Resource):
    @endpoint(body=NewJob, answer=JobView, status=202, access="user", problems=[UnknownJobKind])
    def post(self, session, body, identity):
        """Submit a job; its resource tells how it goes."""
        wanted = {"kind": body.kind, "input": body.checked_input(), "is_notify_wanted": body.notify}
        job = jobs.submit(session, owner_id=identity.id, **wanted)
        return JobView.of(job), {"Location": f"/v1/jobs/{job.id}"}

    @endpoint(query=PageQuery, answer=Page[JobSummary], access="user", problems=[InvalidCursor])
    def get(self, session, query, identity):
        """List your own jobs, newest first; an admin sees everybody's."""
        owner_id = None if identity.is_admin else identity.id
        found = jobs.page(session, owner_id=owner_id, before=query.before_id(), limit=query.limit + 1)
        shown = found[: query.limit]
        following = encode_cursor(shown[-1].id) if len(found) > len(shown) else None
        return Page[JobSummary](items=[JobSummary.of(job) for job in shown], next=following)


class OneJob(Resource):
    @endpoint(answer=JobView, access="user", problems=[JobNotFound])
    def get(self, session, job_id, identity):
        """Read a job: its state, progress and, when it has finished, its result or problem."""
        return JobView.of(jobs.find(session, job_id=job_id, user_id=identity.id, is_admin=identity.is_admin))


class JobLogs(Resource):
    @endpoint(answer=JobLog, access="user", problems=[JobNotFound])
    def get(self, session, job_id, identity):
        """Read what a job had to say."""
        job = jobs.find(session, job_id=job_id, user_id=identity.id, is_admin=identity.is_admin)
        return JobLog(items=[LogLineView.of(line) for line in jobs.log_of(session, job=job)])
