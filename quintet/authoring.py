"""`quintet new-service`: lays down a service that runs as it is, in the words of docs/add-a-service.md."""

import re
from pathlib import Path

from quintet.failing import Failed
from quintet.state import OURS, ROOT, is_service_name

TEMPLATE = Path(__file__).resolve().parent / "template"
PLACES = {
    "events.py.in": "shared/events/{name}.py",
    "__init__.py.in": "services/{name}/__init__.py",
    "app.py.in": "services/{name}/app.py",
    "tasks.py.in": "services/{name}/tasks.py",
    "migration.py.in": "services/{name}/migrations/versions/0001_greetings.py",
    "test.py.in": "services/{name}/tests/test_{name}.py",
    "requirements.in": "services/{name}/requirements.in",
}
"""Where each file of the template goes."""


def new_service(name: str, root: Path = ROOT) -> list[Path]:
    """Writes the files of a service and names it in the import rules and requirements; what was written."""
    if not is_service_name(name):
        raise Failed(f"{name} can't name a service: 2 to 30 lower-case letters, digits and _, and no name in use here.")
    files = {root / place.format(name=name): TEMPLATE / source for source, place in PLACES.items()}
    if taken := [str(file.relative_to(root)) for file in files if file.exists()]:
        raise Failed(f"{', '.join(taken)} is there already.")
    for file, source in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source.read_text().replace("greeter", name))
    _add(root / "pyproject.toml", rf'"services\.{OURS[-1]}"', f', "services.{name}"')
    required = f"-r ../services/{name}/requirements.in\n"
    _add(root / "requirements/local.in", rf"-r \.\./services/{OURS[-1]}/.*\n", required)
    return list(files)


def _add(file: Path, after: str, text: str) -> None:
    """Adds `text` behind each place of the file that matches."""
    changed, count = re.subn(after, lambda found: found[0] + text, file.read_text())
    if not count:
        raise Failed(f"{file} has no place for it: {after} is not there.")
    file.write_text(changed)
