import numpy as np

from emotion.data.duplicates import duplicate_groups, faulty


def test_duplicate_groups_are_numbered_by_first_appearance() -> None:
    images = np.zeros((6, 48, 48, 1), np.uint8)
    images[[1, 4], 47, 47] = 1
    images[3, 0, 0] = 1
    groups = duplicate_groups(images)
    assert groups.tolist() == [0, 1, 0, 2, 1, 0]
    assert groups.dtype == np.int32
    assert duplicate_groups(images[:0]).shape == (0,)


def test_faulty_are_faces_of_one_grey_and_all_copies_of_one_that_has_several_labels() -> None:
    images = np.random.default_rng(0).integers(0, 256, (8, 48, 48, 1), np.uint8)
    images[2] = 255
    images[5], images[7] = images[1], images[0]
    images[6] = images[1]
    labels = np.array([3, 4, 0, 6, 6, 4, 5, 3], np.uint8)
    assert np.flatnonzero(faulty(images, labels)).tolist() == [1, 2, 5, 6]
