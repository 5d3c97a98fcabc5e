"""How often our intervals hold, what a difference must be to be seen, and whom `dcct agree` stops.

    python benchmarks/certainty.py [--studies 2000] [--figure docs/pictures/certainty.png]

Studies are drawn whose truth is known: trainings shift a score, identities differ, and each
training ranks each identity otherwise. Printed are the three tables of docs/statistics.md; every
draw is seeded, so that they come out the same.
"""

import argparse
from pathlib import Path

import numpy as np

from dcct.evaluation.agreement import RATE, p_value
from dcct.evaluation.spread import spread_of
from dcct.report.figures.style import new_figure, save, styled

IDENTITIES = 60
KINDS = {
    "a variant's score": (1.5, 15.0, 8.0),
    "a paired difference": (1.5, 3.0, 8.0),
    "a difference that seeds decide": (4.0, 3.0, 8.0),
}
"""What is estimated → standard deviation over trainings, over identities, of both together, like
those of the embedded data set."""
SEEDS = (3, 5, 10)
EFFECTS = (0.0, 1.0, 2.0, 4.0, 8.0)
SCORES, VARIANTS = 12, 11
OF_VARIANTS = np.array([1.5, 1.2, 5.0, 1.4, 1.0, 1.8, 1.1, 1.6, 1.3, 2.0, 0.7])
"""Standard deviation over seeds of each variant's scores, as in the published run."""
WRONG = {
    "none": np.zeros(VARIANTS),
    "one variant off by 4": np.eye(VARIANTS)[0] * 4,
    "one variant off by 8": np.eye(VARIANTS)[0] * 8,
    "one variant off by 16": np.eye(VARIANTS)[0] * 16,
    "all variants off by 1": np.ones(VARIANTS),
    "all variants off by 2": 2 * np.ones(VARIANTS),
    "all variants off by 4": 4 * np.ones(VARIANTS),
}
"""What is wrong with a run → by how much its scores differ from what they should be."""


def study(draw: np.random.Generator, seeds: int, kind: str, effect: float) -> tuple[float, ...]:
    """Estimate, both ends of its interval, p, and both ends of that over identities alone."""
    of_seed, of_identity, of_both = KINDS[kind]
    counts = draw.integers(1, 7, IDENTITIES)
    cells = effect + draw.normal(0, of_identity, IDENTITIES)
    cells = (
        cells + draw.normal(0, of_seed, (seeds, 1)) + draw.normal(0, of_both, (seeds, IDENTITIES))
    )
    values = np.repeat(cells, counts, axis=1)
    pids = np.repeat(np.arange(IDENTITIES), counts)
    seed = np.indices(values.shape)[0].ravel()
    spread, mean = (
        spread_of(values.ravel(), seed, np.tile(pids, seeds), crossed=True),
        values.mean(),
    )
    alone = 1.96 * np.sqrt(spread.identities)
    return (mean, *spread.interval(mean), spread.p_value(mean), mean - alone, mean + alone)


def coverage(studies: int) -> dict[tuple[str, int], tuple[float, float]]:
    """Kind and seeds → share of studies whose interval has the truth: over everything, and over
    identities alone."""
    found = {}
    for kind in KINDS:
        for seeds in SEEDS:
            draw = np.random.default_rng([seeds, len(kind)])
            rows = np.array([study(draw, seeds, kind, 0.0) for _ in range(studies)])
            found[kind, seeds] = tuple(
                float(((rows[:, low] <= 0) & (rows[:, high] >= 0)).mean())
                for low, high in ((1, 2), (4, 5))
            )
    return found


def power(studies: int) -> dict[tuple[int, float], float]:
    """Seeds and true difference → share of studies with p ≤ 0.05."""
    found = {}
    for seeds in SEEDS:
        for effect in EFFECTS:
            draw = np.random.default_rng([seeds, round(effect)])
            rows = [study(draw, seeds, "a paired difference", effect) for _ in range(studies)]
            found[seeds, effect] = float((np.array(rows)[:, 3] <= 0.05).mean())
    return found


def stopped(studies: int, ours: int, theirs: int, wrong: np.ndarray) -> float:
    """Share of runs of `ours` seeds that do not agree with a published one of `theirs`. Variants
    share half of what a seed brings, a variant's scores four fifths of the rest."""
    draw, found = np.random.default_rng([ours, theirs]), 0
    for _ in range(studies):
        sides = [_run(draw, count) for count in (ours, theirs)]
        sides[0] = [scores + shift for scores, shift in zip(sides[0], wrong, strict=True)]
        found += p_value(list(zip(*sides, strict=True)), draw) < RATE
    return found / studies


def _run(draw: np.random.Generator, seeds: int) -> list[np.ndarray]:
    """Scores (seeds, SCORES) of each variant."""
    of_seed = draw.normal(size=(seeds, 1))
    return [
        deviation
        * (
            np.sqrt(0.5) * of_seed
            + np.sqrt(0.4) * draw.normal(size=(seeds, 1))
            + np.sqrt(0.1) * draw.normal(size=(seeds, SCORES))
        )
        for deviation in OF_VARIANTS
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    covered, seen = coverage(options.studies), power(options.studies)
    print("| estimated | seeds | over trainings and identities | over identities alone |")
    print("|---|---:|---:|---:|")
    for (kind, seeds), (both, alone) in covered.items():
        print(f"| {kind} | {seeds} | {both:.1%} | {alone:.1%} |")
    print(f"\n| seeds | {' | '.join(f'{effect:g}' for effect in EFFECTS)} |")
    print(f"|---:|{'---:|' * len(EFFECTS)}")
    for seeds in SEEDS:
        print(f"| {seeds} | {' | '.join(f'{seen[seeds, effect]:.0%}' for effect in EFFECTS)} |")
    print("\n| wrong with the run | 3 seeds against 3 | 3 seeds against 6 |")
    print("|---|---:|---:|")
    for name, wrong in WRONG.items():
        few = max(options.studies // 10, 20)
        shares = [stopped(few, 3, theirs, wrong) for theirs in (3, 6)]
        print(f"| {name} | {shares[0]:.1%} | {shares[1]:.1%} |")
    if options.figure:
        draw_coverage(covered, options.figure)


def draw_coverage(covered: dict[tuple[str, int], tuple[float, float]], path: Path) -> None:
    """Coverage over seeds, of either interval; a grey band is what is asked for."""
    with styled():
        figure = new_figure(8, 3.4, "How often a 95 % interval has the truth")
        panels = figure.subplots(1, len(KINDS), sharey=True)
        for axes, kind in zip(panels, KINDS, strict=True):
            axes.axhspan(93, 97, color="0.9")
            for place, label, color in (
                (0, "over trainings and identities", "#0072B2"),
                (1, "over identities alone", "#D55E00"),
            ):
                shares = [100 * covered[kind, seeds][place] for seeds in SEEDS]
                axes.plot(SEEDS, shares, "o-", color=color, label=label)
            axes.set(title=kind, xlabel="seeds", xticks=SEEDS, ylim=(0, 101))
        panels[0].set_ylabel("studies in %")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
        save(figure, path.parent, path.stem, (path.suffix[1:],))


if __name__ == "__main__":
    main()
