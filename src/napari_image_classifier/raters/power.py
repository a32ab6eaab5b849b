"""The statistical power of a comparison of a person with a machine, before it begins."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_image_classifier.raters.comparison import MARGIN, POWER
from napari_image_classifier.statistics.intervals import CONFIDENCE
from napari_image_classifier.statistics.paired_difference import effective_pairs, tango_score
from napari_image_classifier.statistics.permutation_tests import SIGNIFICANT
from napari_image_classifier.typing import Float64Array

# Taken for granted before anybody has looked: on so many images only one of the two is right, and
# so alike are the differences of images of one group (docs/decisions/0012).
DISCORDANCE = 0.2
CORRELATION = 0.1
MUCH_BETTER = 0.2
RUNS = 4000
# Enough to look for a number with, and where there are many groups: a person waits.
FEWEST_RUNS = 1000
MOST_GROUPS_DRAWN = 400_000
FEWEST_GROUPS = 2
MOST_IMAGES = 5000
SEED = 0


@dataclass(frozen=True)
class ComparisonPower:
    """How often it would be found, from 0 to 1.

    ``not_worse``: that a machine which is as good is not worse by more than the margin, or better;
    ``better``: that one which is 20 points better is better.
    """

    not_worse: float
    better: float


def comparison_power(
    sizes: Sequence[int],
    margin: float = MARGIN,
    discordance: float = DISCORDANCE,
    correlation: float = CORRELATION,
) -> ComparisonPower:
    """Simulate how often a comparison would find what there is.

    Parameters
    ----------
    sizes
        How many items each group has.
    margin
        How much worse still counts as “as good”, from 0 to 1.
    discordance
        The part of the items that only one of the two is right about.
    correlation
        How alike the differences within a group are; without meaning where every group has one
        item.

    Returns
    -------
    ComparisonPower
        The part of the simulated comparisons that find it.
    """
    groups = np.array(sizes, np.float64)
    much = max(discordance, MUCH_BETTER)
    return ComparisonPower(
        _power(groups, 0.0, -margin, discordance, correlation),
        _power(groups, MUCH_BETTER, 0.0, much, correlation),
    )


def images_needed(per_group: int, margin: float = MARGIN) -> int | None:
    """Return about how many images show in 80 % of cases that a machine is as good.

    Parameters
    ----------
    per_group
        How many images each group has.
    margin
        How much worse still counts as “as good”, from 0 to 1.

    Returns
    -------
    int or None
        A multiple of ``per_group``; None where `MOST_IMAGES` would not be enough.
    """

    def enough(n_groups: int) -> bool:
        sizes = np.full(n_groups, float(per_group))
        return _power(sizes, 0.0, -margin, DISCORDANCE, CORRELATION, FEWEST_RUNS) >= POWER

    most = MOST_IMAGES // per_group
    too_few = FEWEST_GROUPS
    while not enough(min(2 * too_few, most)):
        if 2 * too_few >= most:
            return None
        too_few *= 2
    between = range(too_few, min(2 * too_few, most))
    return per_group * (too_few + bisect_left(between, True, key=enough))


def simulated_differences(
    sizes: Float64Array,
    difference: float,
    discordance: float,
    correlation: float,
    *,
    seed: int = SEED,
    runs: int = RUNS,
) -> tuple[Float64Array, Float64Array]:
    """Return how many items of each group only the machine, and only the person, is right about.

    Both arrays are of shape (run, group); in groups the parts vary as Dirichlet's distribution says
    for that correlation.
    """
    random = np.random.default_rng(seed)
    means = np.array([(discordance + difference) / 2, (discordance - difference) / 2])
    parts = np.append(means, 1 - means.sum())
    shape = (runs, len(sizes))
    if correlation > 0 and sizes.max() > 1:
        weights = random.standard_gamma(parts * (1 / correlation - 1), (*shape, 3))
        chances = weights / np.maximum(weights.sum(axis=-1, keepdims=True), 1e-300)
    else:
        chances = np.broadcast_to(parts, (*shape, 3))
    n = sizes.astype(np.intp)
    first = random.binomial(n, np.clip(chances[..., 0], 0, 1))
    rest = np.maximum(1 - chances[..., 0], 1e-12)
    second = random.binomial(n - first, np.clip(chances[..., 1] / rest, 0, 1))
    return first.astype(np.float64), second.astype(np.float64)


def _power(
    sizes: Float64Array,
    difference: float,
    limit: float,
    discordance: float,
    correlation: float,
    most_runs: int = RUNS,
) -> float:
    """Return how often a machine better by ``difference`` is seen to lie above ``limit``."""
    if sizes.max() == 1:
        total = np.array([sizes.sum()])
        drawn = simulated_differences(total, difference, discordance, correlation=0.0)
    else:
        runs = min(max(MOST_GROUPS_DRAWN // len(sizes), FEWEST_RUNS), most_runs)
        drawn = simulated_differences(sizes, difference, discordance, correlation, runs=runs)
    return float(_is_above(sizes, *drawn, limit).mean())


def _is_above(
    sizes: Float64Array, first: Float64Array, second: Float64Array, limit: float
) -> Float64Array:
    """Return for each run whether the lower bound of the difference lies above ``limit``."""
    import scipy.stats

    n = sizes.sum()
    alone = sizes.max() == 1
    size = np.full(len(first), n) if alone else effective_pairs(sizes, first, second)
    one, other = first.sum(axis=1), second.sum(axis=1)
    if size.max() == 0:
        return np.zeros(len(first))
    beyond = tango_score(limit, one / n * size, other / n * size, size)
    above = beyond > scipy.stats.norm.ppf((1 + CONFIDENCE) / 2)
    if alone and limit == 0:
        p = 2 * scipy.stats.binom.cdf(np.minimum(one, other), one + other, 0.5)
        above &= p <= SIGNIFICANT
    return np.asarray(above, np.float64)
