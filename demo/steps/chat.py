"""Step 8: a room."""

from demo.rooms import Room
from demo.stage import Stage
from demo.waiting import ensure


def ada_and_ben_chat_and_cleo_reads_it_later(stage: Stage) -> None:
    """What was said comes to those who are there, and is read by who comes later."""
    name = f"hangar-{stage.run}"
    ada, ben = Room(stage.ada.connects(), name), Room(stage.watching.live, name)
    said = [
        (stage.ada, ada, "Is the runway clear?"),
        (stage.ben, ben, "Clear as a bell."),
        (stage.ada, ada, "Landing."),
    ]
    for count, (_, room, text) in enumerate(said, 1):
        room.says(text)
        for listener in (ada, ben):
            listener.wait_for(count)
    wanted = [(person.id, text) for person, _, text in said]
    stage.cleo.arrives()
    cleo = Room(stage.cleo.connects(), name)
    for person, room in (("Ada", ada), ("Ben", ben), ("Cleo", cleo)):
        got = [(one["author_id"], one["text"]) for one in room.messages]
        ensure(got == wanted, f"{person} got {got}")
    stage.tell(f"{len(said)} messages came to both; Cleo read the same {len(cleo.messages)}")
