"""The checker's other half: what each subscriber saw, compared with what there was to see for it."""

from dataclasses import dataclass

from chaos.book import CREATE, DELETE, UPDATE, Call
from chaos.checking import Findings
from chaos.clients.subscribers import Sighting, Track
from chaos.clients.writers import SEE_ALL


@dataclass
class _Followed:
    """How far a subscriber knows one record."""

    version: int
    is_exact: bool = True
    """False after the list was read anew: the next change may be of any version, known ones again included."""
    is_gone: bool = False


def check_track(track: Track, calls: list[Call], records: list[dict], findings: Findings) -> None:
    """Every change that it may see, once and in order, from its subscription on."""
    creates = {call.id: call for call in calls if call.kind == CREATE}
    makers = {call.answer["id"]: call for call in creates.values() if call.is_answered}
    makers |= {record["id"]: creates[record["mark"]] for record in records if record["mark"] in creates}
    born = [one for one in track.sightings if one.kind == "created"]
    makers |= {one.record_id: creates[one.note] for one in born if one.note in creates}
    visible = {name for name, call in makers.items() if may_see(track, call)}
    newborn = {name for name in visible if makers[name].opened > track.since}
    known = _follow(track, visible, newborn, findings)
    _check_ends(track, newborn | set(known), known, records, findings)
    _check_notes(track, calls, visible, findings)


def may_see(track: Track, create: Call) -> bool:
    """Whether the collection's rules show the record of this call to the subscriber."""
    return track.sees == SEE_ALL or create.wanted["is_open"] or create.wanted["owner"] == track.user_id


def _follow(track: Track, visible: set[str], newborn: set[str], findings: Findings) -> dict[str, _Followed]:
    known: dict[str, _Followed] = {}
    rereads, last = list(track.rereads), 0  # numbers go on over a source's incarnations: nothing is put back here
    for place, one in enumerate(track.sightings):
        while rereads and rereads[0][0] <= place:
            _read_anew(known, rereads.pop(0)[1])
        where = f"{track.name}: {one.kind} {one.record_id} version {one.version}"
        if one.record_id not in visible:
            findings.strange.append(f"{where} was seen and may not be")
        followed = known.get(one.record_id)
        if one.number <= last and not (followed and one.version <= followed.version):
            findings.misordered.append(f"{where} came as number {one.number} after {last}")
        last = max(last, one.number)
        _step(one, followed, one.record_id in newborn, where, findings)
        known[one.record_id] = _Followed(one.version, is_gone=one.kind == "deleted")
    for _place, versions in rereads:
        _read_anew(known, versions)
    return known


def _step(one: Sighting, followed: _Followed | None, is_newborn: bool, where: str, findings: Findings) -> None:
    """Judges one sighting by how far the record was known."""
    before = followed.version if followed else 0
    if followed is None and not is_newborn:  # it was there before the subscription
        return
    if followed and not followed.is_exact:
        return
    if one.version <= before:
        findings.doubled.append(f"{where} came when {before} was known")
    elif one.version > before + 1:
        findings.lost.append(f"{where} came when only {before} was known")


def _read_anew(known: dict[str, _Followed], versions: dict[str, int]) -> None:
    for name in set(known) - set(versions):
        known[name] = _Followed(known[name].version, is_exact=False, is_gone=True)
    for name, version in versions.items():
        known[name] = _Followed(version, is_exact=False)


def _check_ends(
    track: Track, concerned: set[str], known: dict[str, _Followed], records: list[dict], findings: Findings
) -> None:
    """In the end the subscriber knows what there is."""
    versions = {record["id"]: record["version"] for record in records}
    for name in sorted(concerned):
        followed = known.get(name)
        if name not in versions:
            if followed and not followed.is_gone:
                findings.lost.append(f"{track.name}: the record {name} is gone, and was never seen to go")
        elif followed is None or followed.version < versions[name]:
            seen = followed.version if followed else 0
            findings.lost.append(f"{track.name}: the record {name} is at {versions[name]}, seen up to {seen}")
        elif followed.version > versions[name]:
            findings.strange.append(f"{track.name}: the record {name} is at {versions[name]}, seen {followed.version}")


def _check_notes(track: Track, calls: list[Call], visible: set[str], findings: Findings) -> None:
    """What was answered is what was seen; what was refused was never seen."""
    seen = {(one.record_id, one.version): one.note for one in track.sightings if one.kind not in ("deleted", "gone")}
    notes = set(seen.values())
    gone = {one.record_id for one in track.sightings if one.kind == "deleted"}
    for call in calls:
        if call.is_refused and call.id in notes:
            findings.strange.append(f"{track.name}: {call.kind} {call.id} was refused, and was seen")
        if not call.is_answered or call.opened <= track.since or track.rereads:
            continue
        name = call.answer.get("id") or call.wanted.get("record")
        if call.kind in (CREATE, UPDATE) and name in visible and seen.get((name, call.answer["version"])) != call.id:
            findings.lost.append(f"{track.name}: {call.kind} {call.id} was answered, and was not seen as its version")
        if call.kind == DELETE and name in visible and name not in gone:
            findings.lost.append(f"{track.name}: delete {call.id} was answered, and was not seen")
