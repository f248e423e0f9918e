"""The nearest neighbour, held against a plain comparison of all pairs."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.worker import geo
from services.worker.geo import Place, haversine_km, nearest

AIRPORTS = Path(__file__).parents[3] / "demo/airports.csv"
A_METRE = 0.001


def anywhere(count: int, seed: int = 1) -> list[Place]:
    numbers = random.Random(seed)
    return [Place(str(i), numbers.uniform(-90, 90), numbers.uniform(-180, 180)) for i in range(count)]


def real_airports() -> list[Place]:
    with AIRPORTS.open(encoding="utf-8-sig") as file:
        return [Place(row["iata"], float(row["latitude"]), float(row["longitude"])) for row in csv.DictReader(file)]


def by_brute_force(place: Place, places: list[Place]) -> float:
    return min(haversine_km(place, other) for other in places if other.id != place.id)


@pytest.mark.parametrize("seed", range(5))
def test_every_neighbour_is_the_one_that_brute_force_finds(seed):
    places = anywhere(300, seed)
    for place, found in zip(places, nearest(places), strict=True):
        assert found.id == place.id
        assert found.distance_km == pytest.approx(by_brute_force(place, places), abs=A_METRE)


@pytest.mark.parametrize(
    "places",
    [
        [Place("a", 0, 179.99), Place("b", 0, -179.99), Place("c", 0, 179.9)],
        [Place("a", 89.99, 0), Place("b", 89.99, 180), Place("c", 89.9, 0)],
        [Place("a", 45, 10), Place("b", 45, 10), Place("c", 45, 10)],
        [Place("a", 0, 0), Place("b", 0, 180)],
    ],
    ids=["across the date line", "over the pole", "all in one spot", "opposite ends"],
)
def test_awkward_places_are_measured_right(places):
    for place, found in zip(places, nearest(places), strict=True):
        assert found.nearest_id != place.id
        assert found.distance_km == pytest.approx(by_brute_force(place, places), abs=A_METRE)


def test_a_known_distance_comes_out():
    pole, equator = Place("pole", 90, 12), Place("equator", 0, 34)
    assert haversine_km(pole, equator) == pytest.approx(10_007.557, abs=A_METRE)


def test_the_airports_of_a_country_cost_few_comparisons_and_report_how_far_they_are(monkeypatch):
    airports, shares, compared = real_airports(), [], 0

    def counted(*ends: int) -> Iterator[int]:
        nonlocal compared
        for number in range(*ends):
            compared += 1
            yield number

    monkeypatch.setattr(geo, "range", counted, raising=False)
    found = nearest(airports, shares.append)
    assert len(found) == 3376
    assert compared < len(airports) ** 2 / 10
    assert shares == sorted(shares) and len(shares) > 50 and 0 < shares[0] < 0.05 and shares[-1] <= 1
    for index in (0, 1700, 3375):
        assert found[index].distance_km == pytest.approx(by_brute_force(airports[index], airports), abs=A_METRE)
