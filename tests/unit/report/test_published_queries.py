"""What is published of every query is enough to work out what tables say."""

import pandas as pd
import pytest

from dcct.provenance.scores import write_queries
from dcct.report.tables.tables import tabulate

DATASET = "walkers-test"


def test_means_of_published_queries_are_the_tables(project, evaluated, tmp_path):
    """mAP and Rank-1 of every variant and seed, from the published file alone."""
    tables = {"parts": {"compare": "variants", "rows": ["cnn", "dcct"]}}
    changes = {"variants": ["cnn", "dcct"], "backbones": [], "evaluation": {"time_order": []}}
    pipeline = project(tmp_path, tables=tables, seeds=[0, 1], **changes)
    for variant in ("cnn", "dcct"):
        for seed in (0, 1):
            evaluated(pipeline, DATASET, 0, variant, seed)
    write_queries(pipeline, tmp_path / "queries.parquet")
    queries = pd.read_parquet(tmp_path / "queries.parquet").query("first_hit > 0")
    for row in tabulate(pipeline, "parts").itertuples():
        own = queries[queries["variant"] == row.variant]
        assert sorted(own["seed"].unique()) == [0, 1]
        assert 100 * own["ap"].mean() == pytest.approx(row.mAP, abs=1e-3)
        assert 100 * (own["first_hit"] == 1).mean() == pytest.approx(row.rank1, abs=1e-3)
