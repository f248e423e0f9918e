"""Schedules: what is started again and again."""

from services.worker.actions import schedules
from services.worker.schemas import Schedules, ScheduleView
from shared.web import Resource, endpoint


class AllSchedules(Resource):
    @endpoint(answer=Schedules, access="admin")
    def get(self, session):
        """List all schedules with the time at which each is due next."""
        return Schedules(items=[ScheduleView.of(schedule) for schedule in schedules.every(session)])
