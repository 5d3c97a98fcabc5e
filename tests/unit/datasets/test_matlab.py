"""The door for MATLAB's files: a matrix of whole numbers as it was written, or one line that names
the file."""

import os
import struct
import zlib

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scipy import sparse
from scipy.io import savemat

from dcct.datasets import read_tracklets
from dcct.datasets.matlab import BYTES, read_hdf5, read_matrix
from dcct.errors import DataError

EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "40"))
MATRIX = np.array([[1, 2, 3, 4], [5, 6, -1, 8]])
READERS = {"mat": read_matrix, "h5": read_hdf5}


def write(path, value, **attributes):
    """A file with `value` as its variable x."""
    if path.suffix == ".mat":
        savemat(path, {"x": value})
    else:
        with h5py.File(path, "w") as file:
            file["x"] = value
            file["x"].attrs.update(attributes)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize("dtype", ["u2", "i4", "i8", "f4", "f8", ">f8"])
def test_whole_numbers_of_any_type_are_read(kind, dtype, tmp_path):
    """MATLAB keeps whole numbers as doubles, scipy as what it is given."""
    values = np.abs(MATRIX).astype(dtype)
    write(tmp_path / f"f.{kind}", values)
    found = READERS[kind](tmp_path / f"f.{kind}", "x")
    assert found.dtype == np.int64
    assert np.array_equal(found, values)


@pytest.mark.parametrize("kind", READERS)
@pytest.mark.parametrize(
    "value",
    [
        [[1.5, 2]],
        [[np.nan, 2]],
        [[np.inf, 2]],
        [[2.0**60, 2]],
        [[1 + 2j]],
        [[2**64 - 1]],
        [[True, False]],
        "1 2 3",
    ],
    ids=str,
)
def test_what_is_no_whole_number_is_refused(kind, value, tmp_path):
    """Nothing is rounded, cut off or made of text."""
    value = value if isinstance(value, str) else np.array(value)
    write(tmp_path / f"f.{kind}", value)
    with pytest.raises(DataError, match=rf"f\.{kind}: cannot be read for its matrix 'x'.*restore"):
        READERS[kind](tmp_path / f"f.{kind}", "x")


@pytest.mark.parametrize(
    "value",
    [
        np.array([[np.zeros(2), "b"]], dtype=object),
        {"pid": np.arange(3)},
        np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]),
        sparse.csc_array(np.eye(3)),
    ],
    ids=["cell", "struct", "structs", "sparse"],
)
def test_other_classes_of_matlab_are_refused(value, tmp_path):
    """Cells, structs and sparse matrices, by their class."""
    write(tmp_path / "f.mat", value)
    with pytest.raises(DataError, match=r"it is of class (cell|struct|sparse), expected numbers"):
        read_matrix(tmp_path / "f.mat", "x")


def test_claims_are_not_allocated(tmp_path):
    """A header of 10¹² numbers, a file that unpacks to more than is allowed, an HDF5 that nobody
    filled."""
    (tmp_path / "old.mat").write_bytes(
        struct.pack("<5i", 0, 10**6, 10**6, 0, 2) + b"x\0" + bytes(8)
    )
    packed = zlib.compress(struct.pack("<2I", 14, BYTES) + bytes(BYTES), 1)
    header = b"MATLAB 5.0".ljust(124) + b"\x00\x01IM"
    (tmp_path / "bomb.mat").write_bytes(header + struct.pack("<2I", 15, len(packed)) + packed)
    with h5py.File(tmp_path / "empty.h5", "w") as file:
        file.create_dataset("x", (10**6, 10**6), "f8", chunks=(10, 10))
    for name in ("old.mat", "bomb.mat", "empty.h5"):
        with pytest.raises(DataError, match=f"{name}: .*far more than its layout needs"):
            READERS[name[-3:].strip(".")](tmp_path / name, "x")


def test_hdf5_is_no_way_to_another_file(tmp_path):
    """Links, raw data and virtual data sets of other files, and groups."""
    write(tmp_path / "other.h5", MATRIX)
    (tmp_path / "raw").write_bytes(MATRIX.tobytes())
    layout = h5py.VirtualLayout((2, 4), "i8")
    layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "x", (2, 4))
    spoil = {
        "link": lambda file: file.update({"x": h5py.ExternalLink(tmp_path / "other.h5", "x")}),
        "soft": lambda file: file.update({"x": h5py.SoftLink("/nowhere")}),
        "raw": lambda file: file.create_dataset(
            "x", (2, 4), "i8", external=[(tmp_path / "raw", 0, 64)]
        ),
        "virtual": lambda file: file.create_virtual_dataset("x", layout),
        "group": lambda file: file.create_group("x"),
        "absent": lambda file: file.create_group("y"),
    }
    for name, write_to in spoil.items():
        with h5py.File(tmp_path / f"{name}.h5", "w") as file:
            write_to(file)
        with pytest.raises(DataError, match=rf"{name}\.h5: "):
            read_hdf5(tmp_path / f"{name}.h5", "x")


def test_text_of_matlab_is_no_number(tmp_path):
    """MATLAB 7.3 keeps text as numbers, and says so in an attribute."""
    write(tmp_path / "f.h5", np.array([[49, 50]], "u2"), MATLAB_class=np.bytes_(b"char"))
    with pytest.raises(DataError, match="it is of class char, expected numbers"):
        read_hdf5(tmp_path / "f.h5", "x")


@pytest.mark.parametrize(
    ("file", "key", "change", "complaint"),
    [
        ("tracks_train_info", "track_train_info", lambda x: x[:, :3], "expected rows of 4 columns"),
        ("tracks_train_info", "track_train_info", lambda x: x[:0], "expected rows of 4 columns"),
        ("tracks_test_info", "track_test_info", lambda x: x - 1, "names frames 0 to"),
        ("query_IDX", "query_IDX", lambda x: x * 0, "names tracklet 0 of"),
        ("query_IDX", "query_IDX", lambda x: x + 1000, "names tracklet 1[0-9]+ of"),
        ("query_IDX", "query_IDX", lambda x: -x, "names tracklet -[0-9]+ of"),
        ("query_IDX", "query_IDX", lambda x: np.tile(x, 2), "names a query twice"),
        ("query_IDX", "query_IDX", lambda x: x * 0 + 1, "names a query twice|which is junk"),
        ("query_IDX", "query_IDX", lambda x: x[:, :0], "names none"),
    ],
)
def test_mars_metadata_that_do_not_fit_are_named(copied, file, key, change, complaint):
    """Columns, ranges and counts of the three files."""
    root = copied("mars")
    path = root / f"info/{file}.mat"
    spoilt = change(read_matrix(path, key))
    savemat(path, {key: spoilt})
    with pytest.raises(DataError, match=rf"{file}\.mat: .*({complaint})"):
        list(read_tracklets("mars", root))


@pytest.mark.parametrize("wrong", [0, -1, 1000])
def test_ls_vid_queries_out_of_range_are_named(copied, wrong):
    """They count lines of the test list from 1."""
    root = copied("ls-vid")
    with h5py.File(root / "test/data/info_test.mat", "a") as file:
        file["query"][0, 0] = wrong
    with pytest.raises(DataError, match=rf"info_test\.mat: names tracklet {wrong} of"):
        list(read_tracklets("ls-vid", root))


@pytest.mark.parametrize(
    ("layout", "old", "new"),
    [
        ("ls-vid", "tracklet_test/0004", "../../tracklet_test/0004"),
        ("ls-vid", " 4", " -4"),
        ("ls-vid", " 4", " 99999999999"),
    ],
)
def test_a_list_leads_nowhere_else(copied, layout, old, new):
    """Paths stay within the data set; identities are what a manifest can hold."""
    root = copied(layout)
    path = root / "list_sequence/list_seq_test.txt"
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(
        DataError, match=r"line \d+: (expected a path prefix and an identity|.* leads out of)"
    ):
        list(read_tracklets(layout, root))


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    """Bytes of good files."""
    folder = tmp_path_factory.mktemp("valid")
    write(folder / "f.mat", MATRIX)
    savemat(folder / "p.mat", {"x": MATRIX}, do_compression=True)
    savemat(folder / "o.mat", {"x": MATRIX}, format="4")
    write(folder / "f.h5", MATRIX)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    name=st.sampled_from(["f.mat", "p.mat", "o.mat", "f.h5"]),
    changes=st.lists(st.tuples(st.integers(0, 4095), st.integers(1, 255)), max_size=4),
    length=st.integers(0, 5000),
    junk=st.none() | st.binary(max_size=300),
)
@example(name="f.mat", changes=[], length=5000, junk=None)
def test_any_bytes_are_read_or_refused(valid, tmp_path, name, changes, length, junk):
    """Whatever comes, the answer is whole numbers or a DataError of one line."""
    content = bytearray(valid[name] if junk is None else junk)[:length]
    for place, change in changes:
        if content:
            content[place % len(content)] ^= change
    path = tmp_path / name
    path.write_bytes(content)
    try:
        said, found = "", READERS[name.rsplit(".")[1]](path, "x")
    except DataError as error:
        said, found = str(error), np.zeros(0, np.int64)
    assert not said or (said.startswith(str(path)) and "\n" not in said)
    assert found.dtype == np.int64
