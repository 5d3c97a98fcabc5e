"""Anyone's features, from files, evaluated by this package's evaluator: right, or refused in one
line."""

import io
import os
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dcct.errors import DataError
from dcct.evaluation.external import evaluate_files, notes, read_features
from dcct.evaluation.npz import LARGE

EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "40"))
RULES = {"gallery_includes_queries": False, "drop_same_camera": True}
N, C = 30, 8


def columns(count=N, seed=0):
    """Features near their identity's direction; identities are names, cameras numbers."""
    draw = np.random.default_rng(seed)
    people = draw.integers(5, size=count)
    noise = draw.standard_normal((count, C), np.float32) / 4
    return {
        "pid": np.array([f"p{person}" for person in people]),
        "camid": draw.integers(3, size=count),
        "mine": np.eye(C, dtype=np.float32)[people] + noise,
    }


def write(path, content):
    """A file of columns: arrays, or what pyarrow makes of lists."""
    if path.suffix == ".npz":
        np.savez(path, **content)
    else:
        made = {
            name: pa.array(list(one)) if isinstance(one, np.ndarray) else one
            for name, one in content.items()
        }
        pq.write_table(pa.table(made), path)
    return path


def evaluated(folder, query, gallery, suffix="npz", **rules):
    """Rows of two files that are written first."""
    named = (write(folder / f"{n}.{suffix}", side) for n, side in ((1, query), (2, gallery)))
    return evaluate_files(*map(read_features, named), 20, **(RULES | rules))


def test_both_kinds_of_file_give_the_same_rows(tmp_path):
    """Parquet and npz; what anyone's good features get is well above chance."""
    one, other = (
        evaluated(tmp_path, columns(30, 1), columns(60, 2), suffix)[0]
        for suffix in ("parquet", "npz")
    )
    assert one == other
    assert one["mAP"] > 2 * one["chance"]["mAP"]
    assert one["mAP_low"] < one["mAP"] < one["mAP_high"]


@pytest.mark.parametrize("suffix", ["parquet", "npz"])
@pytest.mark.parametrize("dtype", ["f2", "f8", "i1", "u2", "i8"])
def test_numbers_of_any_type_and_size_are_the_same_directions(tmp_path, suffix, dtype):
    """Float16 to int64, and lengths whose squares no float32 holds."""
    query, gallery = columns(30, 1), columns(60, 2)
    for side in (query, gallery):
        side["mine"] = np.abs(side["mine"] * 32).round() + 1
    expected = evaluated(tmp_path, query, gallery)
    scale = {"f2": 2.0**-10, "f8": 2.0**900}.get(dtype, 1)
    for side in (query, gallery):
        side["mine"] = (side["mine"].astype(float) * scale).astype(dtype)
    assert evaluated(tmp_path, query, gallery, suffix) == expected


@pytest.mark.parametrize("shift", [-1, 0, 1, 1000])
@pytest.mark.parametrize("rules", [{}, {"drop_same_camera": False}])
def test_cameras_are_counted_from_anywhere(tmp_path, shift, rules):
    """No number of a camera means another thing."""
    query, gallery = columns(30, 1), columns(60, 2)
    expected = evaluated(tmp_path, query, gallery, **rules)
    for side in (query, gallery):
        side["camid"] = side["camid"] + shift
    assert evaluated(tmp_path, query, gallery, **rules) == expected


def test_labels_of_any_kind_are_the_same_labels(tmp_path):
    """Dictionaries, whole floats, bytes, large lists, several chunks and the index of pandas."""
    query, gallery = columns(30, 1), columns(60, 2)
    expected = evaluated(tmp_path, query, gallery)
    for side in (query, gallery):
        side["camid"] = side["camid"].astype(float)
        side["pid"] = side["pid"].astype("S")
    assert evaluated(tmp_path, query, gallery) == expected
    frame = pd.DataFrame({name: list(one) for name, one in columns(30, 1).items()})
    frame["pid"] = frame["pid"].astype("category")
    frame.set_index(np.arange(30) * 2).to_parquet(tmp_path / "q.parquet", row_group_size=7)
    lists = pa.array(list(columns(60, 2)["mine"]), pa.large_list(pa.float32()))
    write(tmp_path / "g.parquet", columns(60, 2) | {"mine": lists})
    found = [read_features(tmp_path / f"{name}.parquet") for name in "qg"]
    assert evaluate_files(*found, 20, **RULES) == expected


def test_junk_is_left_out_and_counted(tmp_path):
    """Identity −1, in numbers and in text, as MARS' protocol drops it."""
    query, gallery = columns(30, 1), columns(60, 2)
    expected = evaluated(tmp_path, query, gallery)
    for pid in ("-1", "00-1"):
        more = columns(9, 3) | {"pid": np.full(9, pid)}
        joined = {name: np.concatenate([gallery[name], more[name]]) for name in gallery}
        assert evaluated(tmp_path, query, joined) == expected
    files = [read_features(tmp_path / f"{number}.npz") for number in (1, 2)]
    assert notes(*files) == [f"{tmp_path}/2.npz: 9 junk tracklets (pid -1) left out"]


@pytest.mark.parametrize("joined", [True, False])
def test_a_query_never_finds_itself(tmp_path, joined):
    """Not with its own camera kept, whether queries are added or stand in the gallery's file."""
    draw = np.random.default_rng(0)
    query = columns(30, 1) | {"mine": draw.standard_normal((30, C))}
    gallery = columns(60, 2) | {"mine": draw.standard_normal((60, C))}
    apart = evaluated(tmp_path, query, gallery, drop_same_camera=False)[0]
    both = {name: np.concatenate([gallery[name], query[name]]) for name in query}
    found = evaluated(
        tmp_path,
        query,
        gallery if joined else both,
        drop_same_camera=False,
        gallery_includes_queries=joined,
    )[0]
    assert apart["rank1"] < 0.6
    assert found["rank1"] < 0.6
    with pytest.raises(DataError, match="holds every query already: run it again without"):
        evaluated(tmp_path, query, both, gallery_includes_queries=True)


FEATURES = columns()["mine"]
ROWS = [row.tolist() for row in FEATURES]


def holding(values, place, value):
    """A copy with one value changed."""
    changed = values.astype(object) if value is None else values.copy()
    changed[place] = value
    return changed


def ragged(width):
    return pa.array([*ROWS[:5], (ROWS[5] * 2)[:width], *ROWS[6:]], pa.list_(pa.float32()))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pid": None}, "holds no pid, but camid, mine"),
        ({"mine": None}, "holds no feature set, but pid, camid"),
        ({"mine": np.zeros((3, 8))}, "mine holds no 30 lists of numbers"),
        ({"mine": np.zeros(30)}, "mine holds no 30 lists of numbers"),
        ({"mine": np.zeros((30, 2, 4))}, "mine holds no 30 lists of numbers"),
        ({"mine": FEATURES > 0}, "mine holds no 30 lists of numbers"),
        ({"mine": FEATURES + 1j}, "mine holds no 30 lists of numbers"),
        ({"mine": np.array([object()] * 30)}, "cannot be read as features.*never unpickled"),
        ({"mine": FEATURES[:, :0]}, "mine holds lists of no numbers"),
        ({"mine": holding(FEATURES, (4, 2), np.nan)}, "mine is not finite in row 4"),
        ({"mine": holding(FEATURES, (4, 2), -np.inf)}, "mine is not finite in row 4"),
        ({"mine": holding(FEATURES, 4, 0)}, "mine is all zeros in row 4"),
        ({"pid": np.arange(30.0) + 0.5}, "pid is no whole number in row 0"),
        ({"pid": holding(np.arange(30.0), 7, np.nan)}, "pid is missing or not finite in row 7"),
        ({"pid": holding(np.full(30, "abc"), 7, "nan")}, "pid is missing in row 7"),
        ({"pid": holding(np.full(30, "abc"), 7, " ")}, "pid is missing in row 7"),
        ({"pid": holding(np.full(30, "abc"), 7, "a\n")}, "pid has blanks around it .*row 7"),
        ({"pid": np.full(30, 2.0**60)}, "pid is too large"),
        ({"pid": np.full(30, 2**64 - 1, "u8")}, "pid is too large"),
        ({"camid": np.full(30, np.iinfo("i8").min)}, "camid is -9223372036854775808 in row 0"),
        ({"pid": np.zeros((30, 2), int)}, r"pid has shape \(30, 2\)"),
        ({"pid": np.array(3)}, r"pid has shape \(\)"),
        ({"camid": np.zeros(29, int)}, "camid holds 29 values, pid 30"),
        ({"camid": np.full(30, True)}, "camid holds bool"),
        ({"pid": np.full(30, -1)}, "all its tracklets are junk"),
        ({"a\x1b[31m": FEATURES}, "a feature set is named 'a.x1b.31m'"),
        ({"pid": np.full(30, np.datetime64("2020-01-01"))}, "cannot be read as features"),
    ],
)
def test_an_npz_that_holds_something_else_is_named(tmp_path, changes, message):
    """With the row, counted from 0, of what is missing; objects are never unpickled."""
    content = {name: one for name, one in (columns() | changes).items() if one is not None}
    with pytest.raises(DataError, match=rf"f\.npz: .*{message}"):
        read_features(write(tmp_path / "f.npz", content))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mine": ragged(7)}, "mine holds 7 numbers in row 5 .from 0., 8 in the first"),
        ({"mine": ragged(9)}, "mine holds 9 numbers in row 5 .from 0., 8 in the first"),
        ({"mine": ragged(0)}, "mine holds 0 numbers in row 5"),
        ({"mine": pa.array([*ROWS[:5], None, *ROWS[6:]])}, "mine is missing in row 5"),
        (
            {"mine": pa.array([*ROWS[:5], [None] * 8, *ROWS[6:]], pa.list_(pa.float32(), 8))},
            "mine is missing in row 5",
        ),
        ({"mine": pa.array([[row] for row in ROWS])}, "mine is of type list"),
        ({"mine": pa.array([["a"]] * 30)}, "mine is of type list"),
        ({"mine": pa.array([[]] * 30, pa.list_(pa.float32()))}, "mine holds lists of no numbers"),
        ({"pid": pa.array([*range(7), None, *range(22)])}, "pid is missing in row 7"),
        (
            {"pid": pa.array([*"abcdefg", None, *"a" * 22]).dictionary_encode()},
            "pid is missing in row 7",
        ),
        ({"pid": pa.array([None] * 30)}, "pid is missing in row 0"),
        ({"pid": pa.array([float("nan")] * 30)}, "pid is missing or not finite in row 0"),
        ({"pid": pa.array([True] * 30)}, "pid is of type bool"),
        ({"pid": pa.array([1] * 30, pa.decimal128(5, 2))}, "pid is of type decimal"),
        ({"pid": pa.array([1] * 30, pa.timestamp("s"))}, "pid is of type timestamp"),
        ({"pid": pa.array([b"a"] * 30)}, "pid is of type binary"),
        ({"pid": pa.array([[1]] * 30)}, r"pid has shape \(30, 1\)"),
        ({"shot": pa.array(["a"] * 30)}, "shot holds no 30 lists of numbers"),
    ],
)
def test_a_parquet_file_that_holds_something_else_is_named(tmp_path, changes, message):
    """Lists of two lengths are not poured into one matrix, and nothing is nobody."""
    with pytest.raises(DataError, match=rf"f\.parquet: .*{message}"):
        read_features(write(tmp_path / "f.parquet", columns() | changes))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pid": np.arange(30)}, "pid is numbers of the queries, text of the gallery"),
        ({"camid": np.full(30, "1")}, "camid is text of the queries, numbers of the gallery"),
        ({"mine": FEATURES[:, 1:]}, "mine: 7 numbers a tracklet in .*1.npz, 8 in .*2.npz"),
        ({"pid": np.full(30, "p9")}, "none of its identities is in"),
    ],
)
def test_files_that_do_not_fit_each_other_are_refused(tmp_path, changes, message):
    """1 and "1" would never match, and say nothing."""
    with pytest.raises(DataError, match=message):
        evaluated(tmp_path, columns(30, 1) | changes, columns(60, 2))


def test_no_match_in_another_camera_is_one_line(tmp_path):
    """Nobody is seen twice: there is nothing to take a mean of."""
    with pytest.raises(DataError, match="no query has a match in another camera"):
        evaluated(
            tmp_path,
            columns() | {"camid": np.zeros(30, int)},
            columns(60) | {"camid": np.zeros(60, int)},
        )


def packed(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, member in members.items():
            for one in member if isinstance(member, list) else [member]:
                file.writestr(name, one)
    return content.getvalue()


def npy(values):
    content = io.BytesIO()
    np.save(content, values)
    return content.getvalue()


def test_members_that_are_no_plain_arrays_are_refused(tmp_path):
    """Claims of 10¹² numbers, wrong checksums, passwords, two of one name, other files."""
    good = {f"{name}.npy": npy(one) for name, one in columns().items()}
    huge = good["mine.npy"].replace(b"(30, 8), }" + b" " * 12, b"(30, 800000000000), }" + b" ")
    negative = good["mine.npy"].replace(b"(30, 8), }  ", b"(-30, -8), }")
    whole = bytearray(packed(**good))
    whole[whole.index(b"mine.npy") + 300] ^= 1
    secret = bytearray(packed(**good))
    for start in (b"PK\x03\x04", b"PK\x01\x02"):
        secret[secret.index(start) + (6 if start[2] == 3 else 8)] |= 1
    spoilt = {
        "huge": (packed(**good | {"mine.npy": huge}), "claims to be .30, 800000000000."),
        "negative": (packed(**good | {"mine.npy": negative}), "claims to be"),
        "checksum": (bytes(whole), "CRC"),
        "secret": (bytes(secret), "encrypted"),
        "twice": (packed(**good | {"pid.npy": [npy(np.arange(30))] * 2}), "stands in it twice"),
        "text": (packed(**good, **{"readme.txt": b"x"}), "'readme.txt' is no .npy array"),
        "empty": (packed(), "holds no pid, camid, but nothing"),
        "none": (b"", "cannot be read as features"),
    }
    for name, (content, message) in spoilt.items():
        (tmp_path / f"{name}.npz").write_bytes(content)
        with pytest.raises(DataError, match=message):
            read_features(tmp_path / f"{name}.npz")


def test_a_file_that_swells_is_refused(tmp_path):
    """A few kilobytes that say one number 40 million times are not unpacked."""
    pq.write_table(
        pa.table({"pid": np.zeros(LARGE // 6, "i1")}), tmp_path / "f.parquet", row_group_size=LARGE
    )
    np.savez_compressed(tmp_path / "f.npz", pid=np.zeros(LARGE + 1, "i1"))
    for name in ("f.parquet", "f.npz"):
        with pytest.raises(DataError, match=r"it claims to hold [0-9,]{11} bytes"):
            read_features(tmp_path / name)


def test_what_is_no_file_is_not_opened(tmp_path):
    """A folder, a pipe that nobody writes to, a device without an end."""
    os.mkfifo(tmp_path / "pipe.npz")
    for path in (tmp_path, tmp_path / "pipe.npz", type(tmp_path)("/dev/zero")):
        with pytest.raises(DataError, match="is no regular file"):
            read_features(path)


@pytest.fixture(scope="module")
def valid(tmp_path_factory):
    """Bytes of good files."""
    folder = tmp_path_factory.mktemp("valid")
    write(folder / "f.npz", columns(10))
    write(folder / "f.parquet", columns(10))
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    suffix=st.sampled_from([".npz", ".parquet"]),
    changes=st.lists(st.tuples(st.integers(0, 1 << 14), st.integers(1, 255)), max_size=4),
    length=st.integers(0, 1 << 14),
    other=st.none() | st.binary(max_size=300),
)
def test_any_bytes_are_read_or_refused(valid, tmp_path, suffix, changes, length, other):
    """Whatever comes, the answer is features that are finite, or a DataError of one line."""
    content = bytearray(valid[suffix] if other is None else other)[:length]
    for place, change in changes:
        if content:
            content[place % len(content)] ^= change
    path = tmp_path / f"f{suffix}"
    path.write_bytes(content)
    try:
        said, sets = "", read_features(path).sets
    except DataError as error:
        said, sets = str(error), {}
    assert not said or (said.startswith(str(path)) and "\n" not in said)
    assert all(np.isfinite(values).all() for values in sets.values())


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    *[
        hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(min_dims=0, max_dims=2, max_side=3))
        for _ in range(3)
    ]
)
def test_any_arrays_are_read_or_refused(tmp_path, pid, camid, mine):
    """Whatever a program saved, it is labels and directions, or a DataError of one line."""
    np.savez(tmp_path / "f.npz", pid=pid, camid=camid, mine=mine)
    try:
        said, found = "", read_features(tmp_path / "f.npz")
    except DataError as error:
        said = str(error)
    assert "\n" not in said
    assert said or len(found.pid) == len(found.camid) == len(found.sets["mine"])


def test_the_command_prints_a_row(tmp_path):
    """`dcct evaluate --features QUERY GALLERY`, and what is wrong in one line."""
    for n in (1, 2):
        write(tmp_path / f"{n}.npz", columns(30 * n, n) | {"[red]x": columns(30 * n, n)["mine"]})
    command = [sys.executable, "-m", "dcct", "evaluate", "--features", str(tmp_path / "1.npz")]
    done = subprocess.run([*command, str(tmp_path / "2.npz")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "mine" in done.stdout
    assert "[red]x" in done.stdout
    wrong = subprocess.run([*command, str(tmp_path / "none.npz")], capture_output=True, text=True)
    assert (wrong.returncode, wrong.stderr) == (1, f"error: {tmp_path}/none.npz: no such file\n")
