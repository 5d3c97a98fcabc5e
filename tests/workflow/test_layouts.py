"""The whole DAG in each of the six layouts: what `snakemake --cores all --configfile
config/layouts.yaml` left behind."""

import os
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.skipif(
    "DCCT_LAYOUTS" not in os.environ,
    reason="set DCCT_LAYOUTS to results/layouts after running config/layouts.yaml",
)
NUMBERS = ["mAP", "mAP_low", "mAP_high", "rank1", "rank5", "rank10", "mINP", "queries"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return pd.read_csv(Path(os.environ["DCCT_LAYOUTS"]) / "tables/layouts.csv").set_index(
        ["dataset", "variant"]
    )


def test_every_layout_gives_a_result(table):
    """Six data sets, nothing missing, nothing that differs from what is expected; ten splits where
    there are ten."""
    trained = table.xs("dcct", level="variant")
    assert len(trained) == 6
    assert set(trained["status"]) == {"complete"}
    assert set(trained["verification"]) == {"passed"}
    ten = "0 1 2 3 4 5 6 7 8 9"
    assert trained["splits"].astype(str).to_dict() == {
        "walkers-test": "0",
        "walkers-duke": "0",
        "walkers-lsvid": "0",
        "walkers-folders": "0",
        "walkers-ilids": ten,
        "walkers-prid": ten,
    }
    assert trained.loc[["walkers-ilids", "walkers-prid"], "mAP_sd"].notna().all()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("walkers-duke", "walkers-lsvid"),
        ("walkers-duke", "walkers-folders"),
        ("walkers-ilids", "walkers-prid"),
    ],
)
def test_same_people_give_the_same_numbers(table, one, other):
    """A layout is a way of writing things down: reader, splits, network and ranking see the same
    people in both."""
    for variant in ("chance", "dcct"):
        pd.testing.assert_series_equal(
            table.loc[(one, variant), NUMBERS],
            table.loc[(other, variant), NUMBERS],
            check_names=False,
        )


def test_what_one_set_trained_is_evaluated_on_another(table):
    """In all splits of the other set, on that one's data, by the checkpoint of the first split
    trained on."""
    cross = pd.read_csv(Path(os.environ["DCCT_LAYOUTS"]) / "tables/cross.csv")
    cross = cross[cross["variant"] == "dcct"].set_index(["trained_on", "dataset"])
    assert set(cross.index) == {("walkers-prid", "walkers-lsvid"), ("walkers-test", "walkers-prid")}
    assert set(cross["status"]) == {"complete"}
    assert len(cross.loc[("walkers-test", "walkers-prid"), "splits"].split()) == 10
    for (trained_on, dataset), row in cross.iterrows():
        assert row["checkpoint"] == table.loc[(trained_on, "dcct"), "checkpoint"].split()[0]
        assert row["data"] == table.loc[(dataset, "dcct"), "data"]
        assert row["features"] != table.loc[(dataset, "dcct"), "features"]
