"""A container's health check: `python -m shared.probe URL` or FILE; status 1, and what is wrong, where it is not well.

A URL must answer 200; a file must have been touched of late, as a process does that moves (shared/progress.py).
"""

import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

ANSWERS_WITHIN, TOUCHED_WITHIN = 6.0, 15.0


def complaint(what: str) -> str | None:
    """What is wrong; None when all is well."""
    return _unready(what) if what.startswith("http://") else _still(Path(what))


def _unready(url: str) -> str | None:
    try:
        with urlopen(url, timeout=ANSWERS_WITHIN):  # noqa: S310 - the scheme was looked at
            return None
    except HTTPError as refusal:
        return refusal.read(2000).decode(errors="replace").strip()
    except (URLError, OSError) as error:
        return f"{url} does not answer: {error}"


def _still(file: Path) -> str | None:
    try:
        age = time.time() - file.stat().st_mtime
    except OSError:
        return f"{file} was never touched: the process has not begun to work"
    return None if age <= TOUCHED_WITHIN else f"no progress for {age:.0f} s"


def main() -> int:
    """The exit status."""
    if wrong := complaint(sys.argv[1]):
        print(wrong)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
