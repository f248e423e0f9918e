"""Finds the system that is played on: one that is up, as processes or as containers, or one that is started for it."""

from demo.containers import Containers
from demo.settings import DemoSettings
from demo.system import System, found, is_up, start


def find_or_start(settings: DemoSettings) -> System:
    """The system that the settings name, started where it is not up."""
    if settings.e2e_project:
        return Containers.of(settings.e2e_project, settings.e2e_env_file.absolute())
    if settings.e2e_base_url:
        return System(settings.e2e_base_url, settings.e2e_mails_url, settings.admin_email, settings.e2e_admin_password)
    state = settings.state.absolute()
    was_up = is_up(state)
    if not was_up:
        start(state)
    return found(state, settings.admin_email, is_ours=not was_up)
