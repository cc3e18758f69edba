"""Folders and zips of pictures by class become the CSV, whatever the order of the folders."""

import io
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emotion.config.schema import Layout
from emotion.labels import CLASSES
from emotion.runtime.errors import UserError
from emotion.source import images
from emotion.source.fer2013 import USAGES, Table, read_csv
from emotion.source.layouts import official_csv
from tests.support.pictures import FOLDERS, encoded, kaggle, number, pixels, write


def fetched(source: Path, layout: Layout = "auto", member: str | None = None) -> Table:
    out = source.parent / "out.csv"
    out.write_bytes(b"".join(official_csv([source], layout, member)))
    return read_csv(out)


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("top", ["", "archive/"])
def test_the_folder_of_kaggle_gives_each_picture_its_class_and_its_part_and_prints_the_mapping(
    tmp_path: Path, zipped: bool, top: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {top + name: content for name, content in kaggle(each=2).items()}
    source = write_zip(tmp_path / "a.zip", files) if zipped else write(tmp_path / "faces", files)
    table = fetched(source)
    expected = [
        (name.split("/")[-2], name.split("/")[-1].split("_")[0], files[name]) for name in sorted(files)
    ]
    assert table.faults == {}
    assert table.emotion.tolist() == [number(folder) for folder, _, _ in expected]
    assert [USAGES[part] for part in table.usage] == [usage for _, usage, _ in expected]
    for image, (_, _, content) in zip(table.images[..., 0], expected, strict=True):
        np.testing.assert_array_equal(image, np.asarray(Image.open(io.BytesIO(content))))
    assert capsys.readouterr().out.splitlines() == [
        "layout:",
        f"  images, 42 in a {'zip' if zipped else 'folder'}",
        "  classes: angry is 0 Angry, disgust is 1 Disgust, fear is 2 Fear, happy is 3 Happiness, "
        "sad is 4 Sad, surprise is 5 Surprise, neutral is 6 Neutral",
        "  Usage from what their names begin with: 14 Training, 14 PublicTest, 14 PrivateTest",
    ]


def test_neutral_stays_six_though_the_alphabet_has_it_fifth(tmp_path: Path) -> None:
    assert FOLDERS.index("neutral") == 4
    table = fetched(write(tmp_path / "faces", {"neutral/a.png": encoded(pixels(0))}))
    assert CLASSES[table.emotion[0]] == "Neutral"


@pytest.mark.parametrize("validation", ["validation", "val", "Valid", "PublicTest"])
def test_folders_of_the_split_give_usage(tmp_path: Path, validation: str) -> None:
    names = [f"{part}/Happy/{part}.png" for part in ("train", validation, "TEST")]
    table = fetched(write(tmp_path / "faces", {name: encoded(pixels(0)) for name in names}))
    assert sorted(table.usage.tolist()) == [0, 1, 2]


def test_a_folder_without_parts_is_training_and_the_output_says_what_that_means(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {f"{folder}/a.png": encoded(pixels(0)) for folder in FOLDERS}
    table = fetched(write(tmp_path / "faces", files))
    assert table.usage.tolist() == [0] * 7
    assert "preprocess.split: official will refuse it" in capsys.readouterr().out


def test_parts_for_some_pictures_alone_are_refused(tmp_path: Path) -> None:
    files = {"train/sad/a.png": encoded(pixels(0)), "sad/b.png": encoded(pixels(1))}
    with pytest.raises(UserError, match=r"and others outside, as sad/b.png: put all of them"):
        fetched(write(tmp_path / "faces", files))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize(("width", "height"), [(48, 48), (97, 61), (20, 20)])
def test_a_picture_of_any_mode_and_size_is_48_grey_pixels_square(
    tmp_path: Path, mode: str, width: int, height: int
) -> None:
    ramp = np.linspace(0, 255, height * width).reshape(height, width)
    whole = Image.fromarray((ramp * 257).astype(np.uint16)) if mode == "I;16" else None
    picture = whole or Image.fromarray(ramp.astype(np.uint8)).convert(mode)
    table = fetched(write(tmp_path / "faces", {"fear/a.png": encoded(picture)}))
    rows = table.images[0, ..., 0].mean(axis=1)
    assert table.images.shape == (1, 48, 48, 1)
    assert rows[0] < 20
    assert rows[-1] > 235


def test_large_pictures_are_reduced_with_antialiasing(tmp_path: Path) -> None:
    lines = np.tile(np.array([[0], [255]], np.uint8), (240, 480))  # every second row of pixels is white
    table = fetched(write(tmp_path / "faces", {"fear/a.png": encoded(lines)}))
    assert abs(table.images.astype(int) - 128).max() < 10


def test_what_is_no_picture_is_named_and_left_alone_and_an_empty_class_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    junk = {"angry/.DS_Store": b"x", "angry/Thumbs.db": b"x", "angry/._a.png": b"x", "README": b"x"}
    folder = write(tmp_path / "faces", {"angry/a.png": encoded(pixels(0)), **junk})
    (folder / "happy").mkdir()
    assert len(fetched(folder)) == 1
    printed = capsys.readouterr().out
    assert "left alone: README, angry/.DS_Store, angry/Thumbs.db\n" in printed
    assert "no pictures of Disgust, Fear, Happiness, Sad, Surprise, Neutral\n" in printed


def test_a_link_to_a_picture_is_read_and_one_to_a_folder_refused(tmp_path: Path) -> None:
    elsewhere = write(tmp_path / "elsewhere", {"a.png": encoded(pixels(3))})
    folder = write(tmp_path / "faces", {"angry/b.png": encoded(pixels(4))})
    (folder / "angry/a.png").symlink_to(elsewhere / "a.png")
    assert len(fetched(folder)) == 2
    (folder / "happy").symlink_to(elsewhere)
    with pytest.raises(UserError, match=r"faces/happy is a symbolic link to a folder: put the folder in"):
        fetched(folder)


def test_a_zip_with_a_link_for_a_class_is_refused_because_its_pictures_would_be_left_out(
    tmp_path: Path,
) -> None:
    path = write_zip(tmp_path / "a.zip", {"angry/a.png": encoded(pixels(0))})
    link = zipfile.ZipInfo("happy")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "angry")
    with pytest.raises(
        UserError, match=r"a.zip has symbolic links \(happy\), whose pictures would be left out"
    ):
        fetched(path)


def test_pictures_that_cannot_be_read_are_named_together(tmp_path: Path) -> None:
    whole = encoded(pixels(0))
    files = {"sad/a.png": whole, "sad/b.png": whole[:-100], "sad/c.jpg": b"text", "sad/d.png": b""}
    with pytest.raises(UserError) as caught:
        fetched(write(tmp_path / "faces", files))
    message = str(caught.value)
    assert "faces/sad/b.png: it is damaged and cannot be read" in message
    assert "faces/sad/c.jpg: it is no picture of a kind that is read here" in message
    assert "faces/sad/d.png: it is no picture" in message
    assert "sad/a.png" not in message


@pytest.mark.parametrize("name", ["contempt/a.png", "a.png", "sad/more/a.png"])
def test_a_picture_in_no_folder_of_a_class_is_named(tmp_path: Path, name: str) -> None:
    files = {"sad/b.png": encoded(pixels(0)), name: encoded(pixels(0))}
    with pytest.raises(
        UserError, match=rf"pictures that lie in no folder of a class \({name}\): the classes are Ang"
    ):
        fetched(write(tmp_path / "faces", files))


def test_pictures_beside_each_other_belong_into_folders_of_their_classes(tmp_path: Path) -> None:
    files = {f"{number}.png": encoded(pixels(number)) for number in range(2)}
    for source in (write(tmp_path / "faces", files), write_zip(tmp_path / "a.zip", files)):
        with pytest.raises(
            UserError, match=r"\(0.png, 1.png\): the classes are .* put each picture into a folder"
        ):
            fetched(source)


def test_a_zip_with_the_separators_of_windows_is_read(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {"test/sad/b.png": encoded(pixels(0))})
    path.write_bytes(path.read_bytes().replace(b"test/sad/b", b"test\\sad\\b"))
    table = fetched(path)
    assert (table.emotion.tolist(), table.usage.tolist()) == ([4], [2])


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "faces").mkdir()
    with pytest.raises(UserError, match=r"faces is a folder without a CSV \(it is empty\)"):
        fetched(tmp_path / "faces")
    with pytest.raises(UserError, match=r"faces is a folder without pictures"):
        fetched(tmp_path / "faces", "images")
    (tmp_path / "a.csv").write_bytes(b"")
    with pytest.raises(UserError, match=r"a.csv is no folder and no zip, as the layout images is"):
        fetched(tmp_path / "a.csv", "images")


def test_of_pictures_and_a_csv_a_name_chooses(tmp_path: Path) -> None:
    row = b"0," + b" ".join([b"1"] * 2304) + b",Training\n"
    files = {"sad/a.png": encoded(pixels(0)), "own.csv": b"emotion,pixels,Usage\n" + row}
    folder = write(tmp_path / "faces", files)
    assert fetched(folder).emotion.tolist() == [4]
    assert fetched(folder, "csv").emotion.tolist() == [0]
    assert fetched(folder, member="own.csv").emotion.tolist() == [0]


def test_a_picture_larger_than_the_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "LARGEST", 100)
    with pytest.raises(UserError, match=r"a.png is larger than 100 bytes: this is no picture of a face"):
        fetched(write(tmp_path / "faces", {"sad/a.png": encoded(pixels(0))}))


def test_two_pictures_of_one_name_in_a_zip_are_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a.zip", {f"sad/{name}.png": encoded(pixels(0)) for name in "ab"})
    path.write_bytes(path.read_bytes().replace(b"sad/b.png", b"sad/a.png"))
    with pytest.raises(UserError, match=r"a.zip has files of the same name \(sad/a.png\): unpack it"):
        fetched(path)


def test_every_wrong_byte_of_a_zip_gives_a_table_or_one_error(tmp_path: Path) -> None:
    whole = write_zip(tmp_path / "a.zip", {"sad/a.png": encoded(np.zeros((48, 48), np.uint8))}).read_bytes()
    for position in range(4, len(whole)):
        broken = bytearray(whole)
        broken[position] ^= 0xFF
        (tmp_path / "broken.zip").write_bytes(broken)
        try:
            table = fetched(tmp_path / "broken.zip")
        except UserError as error:
            assert str(error).isprintable()  # noqa: PT017 - either outcome is right
        else:
            assert table.emotion.tolist() == [4]
