"""The nearest neighbour of every point on the globe, in plain Python, by a sweep along the widest axis."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

EARTH_RADIUS_KM = 6371.0088
REPORTS = 100


class Place(NamedTuple):
    """A point that has a name: degrees north and east."""

    id: str
    latitude: float
    longitude: float


class Neighbour(NamedTuple):
    """Which other point is nearest to the one called `id`, and how far it is along the sphere."""

    id: str
    nearest_id: str
    distance_km: float


def nearest(places: Sequence[Place], report: Callable[[float], None] = lambda fraction: None) -> list[Neighbour]:
    """Each place's nearest other place, in the order given; `report` hears the share done."""
    vectors = [_vector(place) for place in places]
    axis = max(range(3), key=lambda index: _spread(vectors, index))
    order = sorted(range(len(places)), key=lambda index: vectors[index][axis])
    line = [vectors[index] for index in order]
    found = [0] * len(places)
    step = max(1, len(places) // REPORTS)
    for position, index in enumerate(order):
        found[index] = order[_closest(line, position, axis)]
        if (position + 1) % step == 0:
            report((position + 1) / len(places))
    pairs = zip(places, (places[index] for index in found), strict=True)
    return [Neighbour(place.id, other.id, haversine_km(place, other)) for place, other in pairs]


def haversine_km(one: Place, other: Place) -> float:
    """The great-circle distance on the mean sphere."""
    lat1, lat2 = math.radians(one.latitude), math.radians(other.latitude)
    half_lat, half_lon = (lat2 - lat1) / 2, math.radians(other.longitude - one.longitude) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))


def _vector(place: Place) -> tuple[float, float, float]:
    lat, lon = math.radians(place.latitude), math.radians(place.longitude)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def _spread(vectors: Sequence[Sequence[float]], axis: int) -> float:
    values = [vector[axis] for vector in vectors]
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values)


def _closest(line: Sequence[tuple[float, float, float]], position: int, axis: int) -> int:
    """Walk outwards both ways; a side ends where its distance along the axis alone is no better than the best."""
    here, best, winner = line[position], math.inf, -1
    x, y, z = here
    sides: list[Iterator[int]] = [iter(range(position + 1, len(line))), iter(range(position - 1, -1, -1))]
    while sides:
        for side in tuple(sides):
            other = next(side, None)
            if other is None or (line[other][axis] - here[axis]) ** 2 >= best:
                sides.remove(side)
                continue
            u, v, w = line[other]
            square = (u - x) ** 2 + (v - y) ** 2 + (w - z) ** 2
            if square < best:
                best, winner = square, other
    return winner
