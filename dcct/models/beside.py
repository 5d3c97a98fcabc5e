"""Where a run of the workflow keeps what it measured of a model folder."""

from pathlib import Path

CHECKPOINTS, METRICS = "checkpoints", "metrics"


def metrics_of(folder: Path) -> Path | None:
    """results/metrics/… of results/checkpoints/<set>/split<n>/<variant>/seed<n>; None of a folder
    that lies elsewhere, or whose run has not been ranked."""
    *above, kind, dataset, split, variant, seed = ("", "", "", "", "", *folder.absolute().parts)
    found = Path(*above, METRICS, dataset, split, variant, seed)
    return found if kind == CHECKPOINTS and (found / "metrics.json").is_file() else None
