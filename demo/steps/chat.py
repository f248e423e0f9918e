"""Step 8: a room."""

from demo.stage import Stage
from demo.waiting import ensure


def ada_and_ben_chat_and_cleo_reads_it_later(stage: Stage) -> None:
    """What was said comes to those who are there, and is read by who comes later."""
    room = f"hangar-{stage.run}"
    ada, ben = stage.ada.connects(), stage.watching.live
    for live in (ada, ben):
        live.ask("join", {"room": room})
    said = [
        (stage.ada, ada, "Is the runway clear?"),
        (stage.ben, ben, "Clear as a bell."),
        (stage.ada, ada, "Landing."),
    ]
    for count, (_, live, text) in enumerate(said, 1):
        live.ask("send", {"room": room, "text": text})
        for listener in (ada, ben):
            listener.wait_for("message", lambda arrived, count=count: len(arrived) >= count)
    wanted = [(person.id, text) for person, _, text in said]
    for name, live in (("Ada", ada), ("Ben", ben)):
        got = [(one.data["author_id"], one.data["text"]) for one in live.all("message")]
        ensure(got == wanted, f"{name} got {got}")
    stage.cleo.arrives()
    history = stage.cleo.connects().ask("join", {"room": room})["history"]
    ensure([(one["author_id"], one["text"]) for one in history] == wanted, f"Cleo read {history}")
    stage.tell(f"{len(said)} messages came to both; Cleo read the same {len(history)}")
