"""Swaps laid out parts of a state folder for those in place: all of them, or, whatever happens, none."""

import json
from collections.abc import Iterable
from pathlib import Path

from quintet import files
from quintet.state import RESTORING, State
from shared.objects import sync_folder


def swap(state: State, laid: Path, names: Iterable[str], aside: Path) -> None:
    """Moves what is in place to `aside`, then what was laid out into its place; undoes both when one fails.

    The journal says how far it may have come: who finds it undoes what was begun (`undo`).
    """
    wanted = list(names)
    for folder in (path for name in wanted for path in [laid / name, *(laid / name).rglob("*")] if path.is_dir()):
        sync_folder(folder)
    had = [name for name in wanted if state.path(name).exists()]
    aside.mkdir(mode=0o700, parents=True)
    files.write(state.path(RESTORING), json.dumps({"names": wanted, "had": had, "aside": str(aside)}) + "\n")
    sync_folder(state.folder)
    try:
        for name in had:
            _move(state.path(name), aside / name)
        for name in wanted:
            if (laid / name).exists():
                _move(laid / name, state.path(name))
        sync_folder(state.folder)
    except BaseException:
        undo(state)
        raise


def done(state: State) -> None:
    """The swap holds: from now on nobody undoes it."""
    state.path(RESTORING).unlink()
    sync_folder(state.folder)


def undo(state: State) -> bool:
    """Puts back what a swap that did not end has moved; whether there was one. Safe to run again."""
    if not state.path(RESTORING).exists():
        return False
    told = json.loads(state.path(RESTORING).read_text())
    aside = Path(told["aside"])
    for name in told["names"]:
        is_new = (aside / name).exists() or name not in told["had"]
        if is_new and state.path(name).exists():
            _move(state.path(name), aside / "not kept" / name)
    for name in told["had"]:
        if (aside / name).exists():
            _move(aside / name, state.path(name))
    done(state)
    return True


def _move(source: Path, target: Path) -> None:
    number, place = 1, target
    while place.exists():
        number += 1
        place = target.with_name(f"{target.name}-{number}")
    place.parent.mkdir(parents=True, exist_ok=True)
    source.rename(place)
