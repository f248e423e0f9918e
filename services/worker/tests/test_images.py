"""Variants of real picture files: upright, clean, never larger; bad files refused."""

import io
from pathlib import Path

import pytest
from PIL import Image

from services.worker import images
from services.worker.errors import ImageTooLarge, ImageUnreadable
from services.worker.tests import pictures

PORTRAIT = Path(__file__).parents[3] / "demo/grace_hopper.jpg"


def make_variants(path: Path) -> list[images.Variant]:
    with path.open("rb") as file:
        return images.make_variants(file)


def opened(variant: images.Variant) -> Image.Image:
    picture = Image.open(io.BytesIO(variant.content))
    assert picture.size == (variant.width, variant.height)
    assert Image.MIME[picture.format] == variant.content_type
    return picture


def test_a_photograph_gets_a_thumb_and_a_medium_copy_that_is_never_larger():
    thumb, medium = make_variants(PORTRAIT)
    assert (thumb.name, thumb.content_type, opened(thumb).size) == ("thumb", "image/jpeg", (171, 200))
    assert (medium.name, medium.content_type, opened(medium).size) == ("medium", "image/jpeg", (512, 600))


def test_a_sideways_photograph_is_turned_upright(tmp_path):
    thumb, medium = make_variants(pictures.sideways_photograph(tmp_path / "side.jpg"))
    assert opened(thumb).size == (150, 200)
    upright = opened(medium)
    assert upright.size == (600, 800)
    red, _, blue = upright.getpixel((300, 40))
    assert red > 200 and blue < 60, "the half that was stored on the left is shown on top"


def test_metadata_is_left_behind(tmp_path):
    for variant in make_variants(pictures.sideways_photograph(tmp_path / "side.jpg")):
        assert b"secret" not in variant.content
        assert not opened(variant).getexif()
        assert not {"icc_profile", "exif", "comment"} & opened(variant).info.keys()


def test_what_can_be_seen_through_stays_so(tmp_path):
    thumb, _ = make_variants(pictures.see_through(tmp_path / "glass.png"))
    assert thumb.content_type == "image/png"
    assert opened(thumb).getpixel((10, 75))[3] == 0
    assert opened(thumb).getpixel((190, 75)) == (0, 128, 0, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_understood(tmp_path, mode):
    Image.new(mode, (300, 100)).save(tmp_path / "any.png")
    assert [opened(variant).size for variant in make_variants(tmp_path / "any.png")] == [(200, 67), (300, 100)]


def test_sixteen_bit_grey_keeps_its_brightness(tmp_path):
    Image.new("I;16", (64, 64), 0x8000).save(tmp_path / "grey.png")
    thumb, _ = make_variants(tmp_path / "grey.png")
    assert opened(thumb).getpixel((5, 5))[0] == pytest.approx(128, abs=3)


@pytest.mark.parametrize(("kind", "mode"), [("JPEG", "CMYK"), ("JPEG", "L"), ("WEBP", "RGBA"), ("GIF", "P")])
def test_other_formats_and_colours_are_understood(tmp_path, kind, mode):
    Image.new(mode, (50, 40)).save(tmp_path / "any", kind)
    assert [opened(variant).size for variant in make_variants(tmp_path / "any")] == [(50, 40), (50, 40)]


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    with pytest.raises(ImageTooLarge):
        make_variants(pictures.bomb(tmp_path / "bomb.png"))
    with pytest.raises(ImageTooLarge):
        make_variants(pictures.bomb(tmp_path / "small_bomb.png", width=10_000, height=5_001))


def test_an_endless_animation_is_refused_and_a_short_one_gives_its_first_frame(tmp_path, monkeypatch):
    assert len(make_variants(pictures.animation(tmp_path / "short.gif", 5))) == 2
    monkeypatch.setattr(images, "MAX_FRAMES", 4)
    with pytest.raises(ImageTooLarge):
        make_variants(tmp_path / "short.gif")


def test_a_truncated_photograph_is_refused(tmp_path):
    (tmp_path / "half.jpg").write_bytes(PORTRAIT.read_bytes()[:30_000])
    with pytest.raises(ImageUnreadable):
        make_variants(tmp_path / "half.jpg")


@pytest.mark.parametrize("content", [b"", b"hello", b"\x89PNG\r\n\x1a\n", b"<svg/>", b"BM" + b"\0" * 60])
def test_what_is_no_picture_is_refused(tmp_path, content):
    (tmp_path / "odd.png").write_bytes(content)
    with pytest.raises(ImageUnreadable):
        make_variants(tmp_path / "odd.png")


def test_a_format_that_is_not_on_the_list_is_refused(tmp_path):
    Image.new("RGB", (10, 10)).save(tmp_path / "picture.bmp")
    with pytest.raises(ImageUnreadable):
        make_variants(tmp_path / "picture.bmp")
