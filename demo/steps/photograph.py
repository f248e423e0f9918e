"""Step 5: a real photograph."""

from pathlib import Path

from demo.live import Arrival
from demo.stage import Stage, Watch
from demo.waiting import ensure

FILE = Path(__file__).resolve().parent.parent / "grace_hopper.jpg"


def ada_uploads_a_photograph(stage: Stage) -> None:
    """A job makes the thumbnail, Ben's socket tells of it, the gateway serves it."""
    row, watch = stage.alaskan[0], Watch()
    stage.ada.uploads(stage.collection, row["id"], "photo", FILE, "image/jpeg")
    stage.watching.live.wait_for("change", lambda arrived: any(map(has_thumb, arrived)))
    told = next(one for one in stage.watching.changes if has_thumb(one))
    ensure(told.data["record"]["id"] == row["id"], "another record got the picture")
    thumb = told.data["record"]["photo"]["variants"]["thumb"]
    stage.tell(f"Ben's socket told of the {thumb['width']} x {thumb['height']} thumbnail after {watch.seconds:.2f} s")
    ensure(max(thumb["width"], thumb["height"]) == 200, f"the thumbnail is {thumb['width']} x {thumb['height']}")
    served = stage.ben.api.send("GET", thumb["url"])
    ensure(served.ok and served.headers["Content-Type"] == "image/jpeg", f"{thumb['url']} gave {served.status_code}")
    ensure(len(served.content) == thumb["size"] and served.content[:3] == b"\xff\xd8\xff", "it is not that picture")
    original = stage.ben.api.send("GET", told.data["record"]["photo"]["url"])
    ensure(original.content == FILE.read_bytes(), "the original did not come back as it was")
    stage.tell(f"the gateway served it to Ben: {thumb['size']:,} bytes of {len(original.content):,}")


def has_thumb(change: Arrival) -> bool:
    """Whether a change tells of a picture with its thumbnail."""
    photo = (change.data.get("record") or {}).get("photo")
    return bool(photo and "thumb" in photo["variants"])
