"""A copy of the repository in which an author made a service, as docs/add-a-service.md says."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs/add-a-service.md").read_text()


@contextmanager
def a_copy_with_greeter() -> Iterator[Path]:
    """A copy of the repository in which `greeter` was made, its events taken in, and mail told to hear them."""
    folder = Path(tempfile.mkdtemp(prefix="quintet-sixth-"))
    folder.chmod(0o711)  # nginx's own user must get through
    copy = folder / "quintet"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in listed.splitlines():
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    (copy / ".venv").symlink_to((ROOT / ".venv").resolve())
    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    try:
        run(copy, "bin/quintet", "new-service", "greeter")
        hear_it_in_mail(copy)
        run(copy, "bin/contracts")
        yield copy
    finally:
        shutil.rmtree(folder)


def hear_it_in_mail(copy: Path) -> None:
    """What the guide says about another service that handles the event."""
    block = re.search(r"^```python\n# services/mail/handlers.py\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)[1]
    imported, reaction = block.split("\n\n\n")
    handlers = copy / "services/mail/handlers.py"
    text = handlers.read_text().replace("from shared.events.worker", f"{imported}\nfrom shared.events.worker")
    handlers.write_text(f"{text}\n\n{reaction}")
    events = copy / "shared/events/greeter.py"
    events.write_text(events.read_text().replace(" Nobody handles it yet.", ""))


def run(copy: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    return done.stdout
