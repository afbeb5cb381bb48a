"""House numbers in SVHN's full-number format, in files written as its are."""

import h5py
import numpy as np
import pytest
from PIL import Image

from ram_tf_data import house_numbers
from ram_tf_data.house_numbers import cut_out, read_digit_struct

FIELDS = ("height", "label", "left", "top", "width")


def write_numbers(folder, numbers, size=(40, 30)):
    """Writes PNG files and their digitStruct.mat.

    Args:
        folder: Made.
        numbers: Lists of digits as dictionaries of FIELDS; file i is
            (i + 1).png, each pixel of which is i.
        size: Width and height of the images.
    """
    folder.mkdir(parents=True)
    for i in range(len(numbers)):
        Image.new("RGB", size, (i, i, i)).save(folder / f"{i + 1}.png")
    with h5py.File(folder / "digitStruct.mat", "w", userblock_size=512) as file:
        references = file.create_group("#refs#")
        struct = file.create_group("digitStruct")
        shape, kind = [len(numbers), 1], h5py.ref_dtype
        names = struct.create_dataset("name", shape, kind)
        boxes = struct.create_dataset("bbox", shape, kind)
        for i, digits in enumerate(numbers):
            codes = np.uint16([[ord(c)] for c in f"{i + 1}.png"])
            named = references.create_dataset(f"name{i}", data=codes)
            names[i, 0] = named.ref
            boxes[i, 0] = _write_boxes(references, f"box{i}", digits).ref


def _write_boxes(references, name, digits):
    group = references.create_group(name)
    for field in FIELDS:
        values = [float(digit[field]) for digit in digits]
        if len(values) == 1:
            group.create_dataset(field, data=[values])
            continue
        column = group.create_dataset(field, [len(values), 1], h5py.ref_dtype)
        for i, value in enumerate(values):
            number = f"{name}.{field}{i}"
            one = references.create_dataset(number, data=[[value]])
            column[i, 0] = one.ref
    return group


def _digit(label, left=10, top=8, width=5, height=10):
    return {
        "label": label,
        "left": left,
        "top": top,
        "width": width,
        "height": height,
    }


def _number(*labels):
    return [_digit(label, left=3 + 6 * i) for i, label in enumerate(labels)]


def test_names_boxes_and_digits(tmp_path):
    write_numbers(
        tmp_path / "train",
        [[_digit(10)], [_digit(1, left=2), _digit(9, left=8, top=-1.5)]],
    )
    one, two = read_digit_struct(tmp_path / "train" / "digitStruct.mat")
    assert (one.name, two.name) == ("1.png", "2.png")
    # Label 10 is the digit 0.
    assert one.digits.tolist() == [0]
    assert two.digits.tolist() == [1, 9]
    assert one.boxes.tolist() == [[10, 8, 5, 10]]
    assert two.boxes.tolist() == [[2, 8, 5, 10], [8, -1.5, 5, 10]]


def test_the_cut_is_a_third_wider_than_the_box_around_all_digits():
    # Column and row are the colours; digits from (10, 20) to (30, 40).
    rows, columns = np.mgrid[:100, :60].astype(np.uint8)
    picture = np.stack([rows, columns, 0 * rows], axis=-1)
    boxes = np.array([[10.0, 20, 8, 20], [20, 22, 10, 10]])
    # 20 wide and high, 3 more on each side: 26 as it is.
    cut = cut_out(Image.fromarray(picture), boxes, 26)
    np.testing.assert_array_equal(cut, picture[17:43, 7:33])


def test_the_cut_ends_with_the_image():
    rows, columns = np.mgrid[:12, :12].astype(np.uint8)
    picture = np.stack([rows, columns, 0 * rows], axis=-1)
    boxes = np.array([[-1.0, 2, 20, 10]])
    cut = cut_out(Image.fromarray(picture), boxes, 12)
    np.testing.assert_array_equal(cut, picture[:12][0:12])


def test_a_source(tmp_path, caplog):
    train = [_number(1, 10, 3)] * 9 + [_number(4), _number(5, 6, 7, 8)]
    write_numbers(tmp_path / "train", train)
    write_numbers(tmp_path / "test", [_number(2, 2)])
    source = house_numbers.load(str(tmp_path), side=8, max_digits=3)
    assert source.train.image.shape == (9, 8, 8, 3)
    assert source.train.image.dtype == np.uint8
    assert source.train.label.tolist() == [[1, 0, 3, 10]] * 9
    assert source.validation.label.tolist() == [[4, 10, 10, 10]]
    assert source.test.label.tolist() == [[2, 2, 10, 10]]
    assert source.test.origin[0] == str(tmp_path / "test" / "1.png")
    assert source.validation.origin[0] == str(tmp_path / "train" / "10.png")
    assert source.repeats == 1
    # Which image is which.
    assert source.train.image[:, 0, 0, 0].tolist() == list(range(9))
    assert source.validation.image[0, 0, 0, 0] == 9
    assert "1 of 11 numbers have more than 3 digits" in caplog.text


def test_a_folder_without_numbers(tmp_path):
    with pytest.raises(ValueError, match=r"no .*train.digitStruct\.mat"):
        house_numbers.load(str(tmp_path), 8, 5)


def test_too_few_to_hold_some_out(tmp_path):
    for part in ("train", "test"):
        write_numbers(tmp_path / part, [_number(1)] * 9)
    with pytest.raises(ValueError, match=r"at least 10 numbers.*: 9"):
        house_numbers.load(str(tmp_path), 8, 5)


def test_a_file_that_is_something_else(tmp_path):
    path = tmp_path / "digitStruct.mat"
    path.write_bytes(b"MATLAB 5.0 MAT-file")
    with pytest.raises(ValueError, match=r"not a digitStruct\.mat.*v7\.3"):
        read_digit_struct(path)
    with h5py.File(path, "w") as file:
        file.create_group("digitStruct")
    with pytest.raises(ValueError, match=r"not a digitStruct\.mat.*KeyError"):
        read_digit_struct(path)


def test_a_label_that_is_no_digit(tmp_path):
    write_numbers(tmp_path / "train", [_number(1, 11)])
    path = tmp_path / "train" / "digitStruct.mat"
    with pytest.raises(ValueError, match=r"must lie in \[1, 10\].*\[1, 11\]"):
        read_digit_struct(path)


def test_an_image_that_is_missing_or_damaged(tmp_path):
    write_numbers(tmp_path / "train", [_number(1)] * 10)
    (tmp_path / "train" / "3.png").write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"3\.png is named in.*cannot be"):
        house_numbers.load(str(tmp_path), 8, 5)
    (tmp_path / "train" / "3.png").unlink()
    with pytest.raises(ValueError, match=r"3\.png is named in.*cannot be"):
        house_numbers.load(str(tmp_path), 8, 5)
