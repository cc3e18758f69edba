import numpy as np
import pytest
from PIL import Image
from PIL.Image import Resampling as Filter

from emotion.training.resampling import FILTERS, REDUCE, Resampling, crop_matrix

FACES = np.random.default_rng(0).integers(0, 256, (512, 48, 48, 1), np.uint8)


def changed(faces: np.ndarray = FACES, share: float = 1.0, zoom: float = 0.1) -> np.ndarray:
    return Resampling(len(faces), share, zoom, np.random.default_rng(1)).of(faces, np.arange(len(faces)))


@pytest.mark.parametrize("enlarge", FILTERS)
@pytest.mark.parametrize(("scale", "offset"), [(0.9, 0.3), (1.0, 0.0), (0.8, -0.5)])
def test_the_matrices_do_what_pillow_does(enlarge: Filter, scale: float, offset: float) -> None:
    """Pillow rounds to whole greys after each of its four passes."""
    smooth = np.asarray(Image.fromarray(FACES[0, :6, :6, 0]).resize((48, 48), Filter.BICUBIC))
    half, middle = 24 * 4 * scale, 4 * (24 + offset)
    box = (middle - half, middle - half, middle + half, middle + half)
    wanted = Image.fromarray(smooth).resize((192, 192), enlarge).resize((48, 48), REDUCE, box)
    matrix = crop_matrix(48, enlarge, 4, scale, offset)
    assert np.abs(matrix @ smooth @ matrix.T - np.asarray(wanted)).max() <= 3


def test_a_share_of_the_faces_is_changed_and_the_others_are_left_alone() -> None:
    touched = (changed(share=0.5) != FACES).any(axis=(1, 2, 3))
    assert 200 <= np.count_nonzero(touched) <= 312


def test_the_zoom_goes_both_ways_within_its_range() -> None:
    """The size of a disc tells how far each face was zoomed."""
    disc = (255 * (np.hypot(*(np.mgrid[:48, :48] - 23.5)) < 14)).astype(np.uint8)
    out = changed(np.repeat(disc[None, ..., None], 512, axis=0))
    scale = np.sqrt(out.sum(axis=(1, 2, 3)) / disc.sum())
    assert 1 / 1.11 < scale.min() < 1 / 1.08
    assert 1 / 0.92 < scale.max() < 1 / 0.89


def test_edges_go_on() -> None:
    assert (changed(np.full_like(FACES, 200), zoom=0.5) == 200).all()


def test_the_same_seed_gives_the_same_faces_and_the_originals_stay() -> None:
    before = FACES.copy()
    assert np.array_equal(changed(), changed())
    assert np.array_equal(FACES, before)


def test_a_face_is_changed_in_the_same_way_whatever_it_is_taken_with() -> None:
    places = np.array([400, 3, 256])
    alone = Resampling(len(FACES), 1.0, 0.1, np.random.default_rng(1)).of(FACES[places], places)
    assert np.array_equal(alone, changed()[places])


def test_no_face_is_a_valid_choice() -> None:
    assert changed(FACES[:0]).shape == (0, 48, 48, 1)
    assert np.array_equal(changed(share=0.0), FACES)
