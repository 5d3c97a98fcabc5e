"""Features of another program: taken as they are, or refused with the row that is wrong."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dcct.config.load import load_dataset
from dcct.datasets.manifest import TRACKLETS, write_parquet
from dcct.errors import DataError
from dcct.evaluation.features import feature_table, write_features
from dcct.evaluation.foreign import read_given, said_of
from dcct.evaluation.protocol import evaluate_features, sums_of

TEST = range(6, 18)
PIDS = [9] * 6 + [1, 2, 3] * 4


@pytest.fixture
def manifest(tmp_path):
    """Six tracklets of training, three queries and nine in the gallery, at two cameras."""
    parts = ["train"] * 6 + ["query"] * 3 + ["gallery"] * 9
    cameras = [0] * 9 + [1] * 3 + [0] * 3 + [1] * 3
    rest = [range(18), parts, PIDS, [-1] * 18, cameras, range(18), [1] * 18]
    table = pa.table([pa.array(list(one)) for one in rest], names=TRACKLETS.names)
    write_parquet(tmp_path / "manifest/tracklets.parquet", table.cast(TRACKLETS))
    return tmp_path / "manifest"


def drawn(count=12):
    """Feature sets as our networks have them, where `all` concatenates three others."""
    draw = np.random.default_rng(0)
    sets = {name: draw.normal(size=(count, 4)).astype(np.float32) for name in ("cnn", "vit")}
    sets["base"] = np.concatenate([sets["cnn"], sets["vit"]], axis=1)
    sets["spatial"] = draw.normal(size=(count, 5)).astype(np.float32)
    return sets | {"all": np.concatenate([sets["base"], sets["spatial"]], axis=1)}


def test_our_own_features_given_are_ranked_to_the_byte(manifest, profile, root, tmp_path):
    """Of every clip sampler and feature set, in whatever order and type of lists the file has
    them: rows and queries are equal, bit for bit."""
    keys = [(sampler, tracklet) for sampler in ("begin", "dense") for tracklet in TEST]
    write_features(tmp_path / "ours.parquet", feature_table(keys, drawn(len(keys))), {})
    mixed = pq.read_table(tmp_path / "ours.parquet").take(
        np.random.default_rng(1).permutation(len(keys))
    )
    pq.write_table(pa.Table.from_pylist(mixed.to_pylist()), tmp_path / "given.parquet")
    table = read_given(tmp_path / "given.parquet", manifest, "begin", "all")
    write_features(tmp_path / "theirs.parquet", table, said_of("0" * 64))
    protocol = load_dataset("walkers-test", root / "config/test.yaml").protocol
    ours, theirs = (
        evaluate_features(tmp_path / f"{name}.parquet", manifest, protocol, profile)
        for name in ("ours", "theirs")
    )
    assert ours.rows == theirs.rows
    assert ours.distances == theirs.distances
    assert ours.queries.equals(theirs.queries)


def test_a_set_called_all_is_a_sum_only_if_it_is_one():
    """Somebody else's `all` that is no concatenation is ranked by itself."""
    sets = drawn()
    assert sums_of(sets) == {"base": ["cnn", "vit"], "all": ["cnn", "vit", "spatial"]}
    assert sums_of(sets | {"all": sets["all"] + 1}) == {"base": ["cnn", "vit"]}
    assert sums_of(sets | {"base": sets["base"][:, :-1]}).keys() == {"all"}


def changed(row, value, column="x"):
    def change(columns):
        columns[column] = [value if at == row else one for at, one in enumerate(columns[column])]

    return change


BAD = [
    (lambda c: c.pop("tracklet"), r"holds no tracklet, but x"),
    (lambda c: c.update(y=c.pop("x")), "holds no x, but tracklet, y"),
    (changed(2, 99, "tracklet"), r"tracklet is 99 in row 2 .*no test tracklet of .*it lists 12"),
    (changed(2, 3, "tracklet"), r"tracklet is 3 in row 2 .*from 6 to 17"),
    (changed(2, 7, "tracklet"), r"tracklet 7 stands 2 times at sampler begin: in rows 1 and 2"),
    (lambda c: [c.update({k: v[:-1]}) for k, v in [*c.items()]], "no row of tracklet 17"),
    (changed(3, [1.0, 2.0]), "x holds 2 numbers in row 3"),
    (changed(3, [1.0, np.nan, 2.0]), r"x is not finite in row 3"),
    (changed(3, [0.0, 0.0, 0.0]), r"x is all zeros in row 3"),
    (changed(3, [1e300, 0.0, 0.0]), r"x is infinite or all zeros in float32 in row 3"),
    (changed(3, None), "x is missing in row 3"),
    (lambda c: c.update(pid=[*PIDS[6:10], 7, *PIDS[11:]]), r"pid is 7 in row 4 .*identity 2"),
    (lambda c: c.update(sampler=["dense"] * 12), "sampler names no begin"),
    (lambda c: c.update(sampler=["begin"] * 11 + ["all"]), "sampler is 'all' in row 11"),
    (lambda c: c.update({"y re-ranked": c["x"]}), "named 'y re-ranked', as ours are"),
    (lambda c: c.update(y=c["tracklet"]), "y holds no 12 lists of numbers"),
]


@pytest.mark.parametrize(("change", "complaint"), BAD, ids=[line for _, line in BAD])
def test_what_cannot_be_this_manifests_features_is_refused(manifest, tmp_path, change, complaint):
    """In one line that names the file, and the row or tracklet."""
    columns = {"tracklet": [*TEST], "x": np.random.default_rng(0).random((12, 3)).tolist()}
    path = tmp_path / "given.parquet"
    pq.write_table(pa.table(columns), path)
    read_given(path, manifest, "begin", "x")
    change(columns)
    pq.write_table(pa.table(columns), path)
    with pytest.raises(DataError, match=rf"^{path}: .*{complaint}") as caught:
        read_given(path, manifest, "begin", "x")
    assert "\n" not in str(caught.value)
