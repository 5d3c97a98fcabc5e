"""Our own parquet files, read back: as they were written, or one line that says what to run."""

import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dcct.clips.frames import FrameStore
from dcct.datasets.listing import listed_lengths
from dcct.datasets.manifest import read_manifest
from dcct.errors import DataError
from dcct.evaluation.features import feature_table, read_feature_table, write_features
from dcct.inference.attention_file import read_attention, write_attention

EXAMPLES = int(os.environ.get("DCCT_EXAMPLES", "40"))


@pytest.fixture(scope="module")
def files(tiny, tmp_path_factory):
    """Every kind of file → its bytes, where it lies below a folder, its reader, what makes it."""
    folder = tmp_path_factory.mktemp("files")
    rows = feature_table([("begin", 0), ("begin", 1)], {"all": np.ones((2, 4), np.float32)})
    write_features(folder / "features.parquet", rows, {"parameters": 1})
    write_attention(folder / "attention.parquet", [(0, 0, 0, "time", [0.5, 0.5])], (6, 3))
    return {
        "tracklets": (tiny.manifest / "tracklets.parquet", lambda x: read_manifest(x.parent)),
        "frames": (tiny.listing, listed_lengths),
        "index": (
            tiny.frames / "index.parquet",
            lambda x: FrameStore(x.parent, tiny.manifest),
        ),
        "features": (folder / "features.parquet", read_feature_table),
        "attention": (folder / "attention.parquet", read_attention),
    }


VERBS = {
    "tracklets": "dcct manifest",
    "frames": "dcct verify",
    "index": "dcct pack",
    "features": "dcct extract",
    "attention": "dcct attend",
}


def without(table, name):
    return table.drop_columns([name])


def as_text(table, name):
    place = table.schema.get_field_index(name)
    return table.set_column(place, name, table[name].cast(pa.string()))


def lacking(table, name):
    place, column = table.schema.get_field_index(name), table[name].to_pylist()
    column[0] = None
    return table.set_column(place, name, pa.array(column, table[name].type))


def twice(table, name):
    return table.append_column(name, table[name])


NUMBERS = {
    "tracklets": "pid",
    "frames": "bytes",
    "index": "length",
    "features": "tracklet",
    "attention": "frame",
}


@pytest.mark.parametrize("kind", VERBS)
@pytest.mark.parametrize("spoil", [without, as_text, lacking, twice])
def test_columns_that_are_not_as_written_are_named(files, kind, spoil, tmp_path):
    """A column that is gone, of another type, with a gap, or there twice; and what to run."""
    source, read = files[kind]
    path, table = tmp_path / source.name, pq.read_table(source)
    pq.write_table(spoil(table, NUMBERS[kind]), path)
    again = f"delete it and run `{VERBS[kind]}` again"
    with pytest.raises(DataError, match=rf"{source.name}: .*column {NUMBERS[kind]} .*{again}"):
        read(path)


@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    kind=st.sampled_from(sorted(VERBS)),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(1, 255)), max_size=3),
    length=st.floats(0, 1),
)
def test_damaged_bytes_are_read_or_refused(files, kind, changes, length, tmp_path):
    """Whatever happens to a file, it is read or refused in one line with the step to run."""
    source, read = files[kind]
    content = bytearray(source.read_bytes())
    for place, change in changes:
        content[int(place * (len(content) - 1))] ^= change
    path = tmp_path / source.name
    path.write_bytes(content[: round(length * len(content))] if not changes else content)
    try:
        said = ""
        read(path)
    except DataError as error:
        said = str(error)
    assert "\n" not in said
    assert not said or f"run `{VERBS[kind]}` " in said


def test_decoded_pixels_of_other_frames_are_refused(tiny, tmp_path):
    """A store that is cut off is not read as if it were whole."""
    for file in tiny.frames.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    pixels = next(tmp_path.glob("pixels-*-bicubic.bin"))
    height, width = map(int, pixels.stem.split("-")[1].split("x"))
    pixels.write_bytes(pixels.read_bytes()[:-1])
    with pytest.raises(DataError, match=r"holds other frames .* run `dcct pack` again"):
        FrameStore(tmp_path, tiny.manifest).read(0, np.zeros(1, int), height, width)


def test_a_missing_file_says_what_makes_it(tmp_path):
    """The first command to run, not the one to run again."""
    with pytest.raises(DataError, match="missing: run `dcct manifest` first"):
        read_manifest(tmp_path)
