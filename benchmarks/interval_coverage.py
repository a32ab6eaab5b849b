"""How often the intervals of simulated scores hold the truth, and how wide they are.

    python benchmarks/interval_coverage.py [--runs 2000]

Two classes, each with so many groups of 20 items; whether an item is right is drawn with the
group's own probability, which is beta-distributed around the true accuracy such that items of a
group correlate. The interval is that of the balanced accuracy; beside it stands the t interval on
group means, which does not hold but says how narrow one could wish to be.
"""

import argparse
from itertools import product

import numpy as np
import scipy.stats

from napari_image_classifier.statistics.intervals import balanced_interval

ACCURACIES = (0.5, 0.65, 0.8, 0.9, 0.95, 0.98)
CORRELATIONS = (0.05, 0.2, 0.4)
GROUPS = (5, 8, 12, 20)
ITEMS = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=2000)
    given = parser.parse_args()
    print("accuracy  correlation  groups  covered  by t   width / that of t")
    worst = 1.0
    for accuracy, correlation, groups in product(ACCURACIES, CORRELATIONS, GROUPS):
        covered, by_t, width = simulate(accuracy, correlation, groups, given.runs)
        worst = min(worst, covered)
        print(f"{accuracy:8.2f}  {correlation:11.2f}  {groups:6}  {covered:7.3f}  {by_t:.3f}"
              f"  {width:.2f}", flush=True)  # fmt: skip
    print(f"covered at least {worst:.3f}")


def simulate(
    accuracy: float, correlation: float, groups: int, runs: int
) -> tuple[float, float, float]:
    """Return how often our interval and the t interval hold the truth, and their mean widths'
    ratio."""
    random = np.random.default_rng(0)
    classes = np.repeat([0, 1], groups * ITEMS)
    numbers = np.repeat(np.arange(2 * groups), ITEMS)
    ours, theirs = [], []
    for _ in range(runs):
        right = draw(random, accuracy, correlation, 2 * groups)
        found = balanced_interval(right, classes, numbers)
        ours.append((found.low, found.high))
        theirs.append(by_t(right.reshape(2, groups, ITEMS).mean(axis=2)))
    lows, highs = np.transpose(ours)
    lows_t, highs_t = np.transpose(theirs)
    covered = float(((lows <= accuracy) & (accuracy <= highs)).mean())
    covered_t = float(((lows_t <= accuracy) & (accuracy <= highs_t)).mean())
    return covered, covered_t, float((highs - lows).mean() / (highs_t - lows_t).mean())


def draw(
    random: np.random.Generator, accuracy: float, correlation: float, groups: int
) -> np.ndarray:
    strength = (1 - correlation) / correlation
    own = random.beta(accuracy * strength, (1 - accuracy) * strength, groups)
    return (random.random((groups, ITEMS)) < own[:, np.newaxis]).ravel()


def by_t(means: np.ndarray) -> tuple[float, float]:
    """Return the t interval (Welch) of the mean over classes; rows are classes."""
    n = means.shape[1]
    variances = means.var(axis=1, ddof=1) / n
    total = variances.sum()
    freedom = total**2 / (variances**2 / (n - 1)).sum() if total else n - 1
    half = scipy.stats.t.ppf(0.975, freedom) * np.sqrt(total) / 2
    return means.mean() - half, means.mean() + half


if __name__ == "__main__":
    main()
