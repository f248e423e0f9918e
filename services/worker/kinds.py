"""Every kind of job: its name, what it takes, and whether a client may ask for it."""

from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

GEO_NEAREST = "geo.nearest"
IMAGE_VARIANTS = "image.variants"
IMPORT = "records.import"
HOUSEKEEPING = "housekeeping"


class JobInput(BaseModel):
    """What a job needs to know; a field that it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True)


class Point(JobInput):
    """A named place in degrees."""

    id: Annotated[str, Field(min_length=1, max_length=64)]
    latitude: Annotated[float, Field(ge=-90, le=90)]
    longitude: Annotated[float, Field(ge=-180, le=180)]


class NearestInput(JobInput):
    """The points of which each one's nearest other is wanted."""

    points: Annotated[list[Point], Field(min_length=2, max_length=20_000)]

    @field_validator("points")
    @classmethod
    def _have_names_of_their_own(cls, points: list[Point]) -> list[Point]:
        if len({point.id for point in points}) < len(points):
            raise ValueError("two points have the same id")
        return points


class VariantsInput(JobInput):
    """Which uploaded file to make smaller copies of."""

    file_id: str
    storage_key: str


class ImportInput(JobInput):
    """Which CSV file to read for which collection."""

    collection: str
    storage_key: str


class HousekeepingInput(JobInput):
    """Nothing to say: how long jobs are kept is a setting."""


class Kind(NamedTuple):
    """What a kind takes, and whether clients may submit it."""

    input: type[JobInput]
    is_public: bool


KINDS: dict[str, Kind] = {
    GEO_NEAREST: Kind(NearestInput, is_public=True),
    IMAGE_VARIANTS: Kind(VariantsInput, is_public=False),
    IMPORT: Kind(ImportInput, is_public=False),
    HOUSEKEEPING: Kind(HousekeepingInput, is_public=False),
}


def input_of(kind: str, document: dict[str, Any]) -> JobInput:
    """The typed input of a job that was stored."""
    return KINDS[kind].input.model_validate(document)
