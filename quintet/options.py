"""Options that several of the operator's commands take."""

from pathlib import Path

import click

from quintet.state import ROOT

state_option = click.option(
    "--state",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=ROOT / "var",
    envvar="STATE",
    show_default=True,
    help="The folder that the system lives in.",
)
service_option = click.option("--service", metavar="NAME", help="Only this service.")
json_option = click.option("--json", "as_json", is_flag=True, help="For programs: JSON, one document a line.")
logs_option = click.option(
    "--logs",
    type=click.File(errors="replace"),
    help="Lines of logs from elsewhere, such as what `docker-compose logs` says; - reads what is piped in.",
)
