"""Simulated persons and machines: how often is the verdict wrong, and how often is it found?

    python benchmarks/comparison_simulations.py [--runs 1000]

Rightness is a threshold on a normal variable that has a part of its group, a part of the item that
person and machine share (what is hard is hard for both), and a part of its own; so accuracies are
exact. It is not the model by which the dock foretells its power, which is held against both. All
runs of a design are judged at once, by the same functions; of each design some are judged again by
`comparison_verdict`, which has to say the same.
"""

import argparse

import numpy as np
import scipy.stats

from napari_image_classifier.raters.comparison import MARGIN, comparison_verdict
from napari_image_classifier.raters.power import comparison_power, simulated_differences
from napari_image_classifier.statistics.paired_difference import (
    effective_pairs,
    paired_difference,
    tango_score,
)
from napari_image_classifier.statistics.permutation_tests import SIGNIFICANT

# Items of each group.
UNEVEN = (2, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 45)
DESIGNS = (*((size,) * n for n in (5, 10, 20, 40) for size in (5, 10, 20)), (40,) * 10, UNEVEN,
           *((1,) * n for n in (50, 100, 200, 400)))  # fmt: skip
ACCURACIES = (0.6, 0.7, 0.8, 0.9, 0.95)
CORRELATIONS = (0.0, 0.1, 0.2, 0.4)
SHARED = (0.2, 0.5, 0.9)
USUALLY_SHARED = 0.5
ALLOWED = 0.035
JUDGED_AGAIN = 5
KINDS = np.array(["better", "not worse", "worse", "too few"])


def people(random, runs, sizes, machine, person, correlation, shared=USUALLY_SHARED):
    """Return of each group how many items only the machine, and only the person, is right about.

    The arrays are of shape (run, group).
    """
    groups = np.repeat(np.arange(len(sizes)), sizes)
    hard = random.standard_normal((runs, len(groups)), np.float32)

    def right(accuracy):
        of_groups = random.standard_normal((runs, len(sizes)), np.float32)[:, groups]
        own = random.standard_normal((runs, len(groups)), np.float32)
        latent = np.sqrt(correlation) * of_groups + np.sqrt(1 - correlation) * (
            np.sqrt(shared) * hard + np.sqrt(1 - shared) * own
        )
        return latent < scipy.stats.norm.ppf(accuracy)

    machine_right, person_right = right(machine), right(person)
    starts = np.cumsum(sizes) - sizes
    return tuple(
        np.add.reduceat(only, starts, axis=1, dtype=float)
        for only in (machine_right & ~person_right, person_right & ~machine_right)
    )


def verdicts(sizes, first, second):
    """Return how often each verdict comes, as parts of the runs."""
    sizes = np.array(sizes, float)
    n, alone = sizes.sum(), sizes.max() == 1
    one, other = first.sum(axis=1), second.sum(axis=1)
    size = np.full(len(first), n) if alone else effective_pairs(sizes, first, second)
    reach = scipy.stats.norm.ppf(0.975)
    from_none = tango_score(0.0, one / n * size, other / n * size, size)
    surely = np.ones(len(first), bool)
    if alone:
        p = 2 * scipy.stats.binom.cdf(np.minimum(one, other), one + other, 0.5)
        surely = p <= SIGNIFICANT
    not_worse = tango_score(-MARGIN, one / n * size, other / n * size, size) > reach
    cases = [(from_none > reach) & surely, not_worse, (from_none < -reach) & surely]
    kinds = np.select(cases, KINDS[:3], KINDS[3])
    for run in range(min(JUDGED_AGAIN, len(first))):
        assert kinds[run] == judged(sizes.astype(int), first[run], second[run])
    return {kind: float((kinds == kind).mean()) for kind in KINDS}


def judged(sizes, first, second):
    """Return the kind of the verdict on items of which so many only one is right about."""
    machine, person = [], []
    for n, one, other in zip(sizes, first.astype(int), second.astype(int), strict=True):
        machine += [True] * one + [False] * other + [True] * (n - one - other)
        person += [False] * one + [True] * other + [True] * (n - one - other)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    return comparison_verdict(paired_difference(np.array(machine), np.array(person), groups)).kind


def wrong(random, runs, sizes, accuracy, correlation, shared):
    """Return how often each wrong verdict came, with no difference and with one of the margin."""
    same = verdicts(sizes, *people(random, runs, sizes, accuracy, accuracy, correlation, shared))
    less = accuracy - MARGIN
    worse = verdicts(sizes, *people(random, runs, sizes, less, accuracy, correlation, shared))
    return same["better"], same["worse"], worse["better"] + worse["not worse"]


def in_words(sizes):
    if len(set(sizes)) == 1:
        return f"{len(sizes)} × {sizes[0]}"
    return f"{len(sizes)} of {min(sizes)} to {max(sizes)}"


def wrong_verdicts(runs):
    """Print how often verdicts are wrong."""
    random = np.random.default_rng(0)
    print("| groups × items | accuracy | correlation | shared | better, but the same | worse, but "
          "the same | not worse, but by the margin |")  # fmt: skip
    print("|---|---|---|---|---|---|---|")
    rows = []
    for sizes in DESIGNS:
        for accuracy in ACCURACIES:
            for correlation in CORRELATIONS if max(sizes) > 1 else (0.0,):
                for shared in SHARED:
                    found = wrong(random, runs, sizes, accuracy, correlation, shared)
                    rows.append((sizes, found))
                    cells = " | ".join(f"{part:.3f}" for part in found)
                    print(f"| {in_words(sizes)} | {accuracy} | {correlation} | {shared} | {cells} "
                          "|", flush=True)  # fmt: skip
    print("\n| groups × items | better, but the same | worse, but the same | not worse, but by the "
          "margin |")  # fmt: skip
    print("|---|---|---|---|")
    for sizes in DESIGNS:
        most = np.max([found for of, found in rows if of == sizes], axis=0)
        print(f"| {in_words(sizes)} | " + " | ".join(f"{part:.3f}" for part in most) + " |")
    most = max(max(found) for _, found in rows)
    print(f"\nof {len(rows)} designs, most often wrong: {most:.3f} (allowed {ALLOWED})\n")


def found_verdicts(runs):
    """Print how often a machine 20 points better is seen to be, with 20 groups of 20."""
    random = np.random.default_rng(1)
    sizes = (20,) * 20
    print("| accuracy of the person | correlation | shared | machine 20 points better: found |")
    print("|---|---|---|---|")
    for accuracy in (0.6, 0.7, 0.75):
        for correlation in CORRELATIONS:
            for shared in SHARED:
                drawn = people(random, runs, sizes, accuracy + 0.2, accuracy, correlation, shared)
                better = verdicts(sizes, *drawn)["better"]
                print(f"| {accuracy} | {correlation} | {shared} | {better:.3f} |")


def foretold(runs):
    """Print the power that is foretold beside the one that the verdicts have, in its own model."""
    print("\n| groups × items | discordance | correlation | foretold | found | 20 points | found |")
    print("|---|---|---|---|---|---|---|")
    apart = 0.0
    for n_groups, size in ((50, 1), (100, 1), (200, 1), (400, 1), (40, 5), (20, 20), (10, 20)):
        for discordance in (0.1, 0.2, 0.4):
            for correlation in (0.0, 0.1, 0.3) if size > 1 else (0.0,):
                sizes = np.full(n_groups, size)
                said = comparison_power(sizes.tolist(), MARGIN, discordance, correlation)
                found = []
                for difference in (0.0, 0.2):
                    drawn = simulated_differences(
                        sizes.astype(float), difference, max(discordance, difference), correlation,
                        seed=1, runs=runs,
                    )  # fmt: skip
                    parts = verdicts(sizes, *drawn)
                    found.append(parts["better"] + (0.0 if difference else parts["not worse"]))
                apart = max(apart, abs(said.not_worse - found[0]), abs(said.better - found[1]))
                print(f"| {n_groups} × {size} | {discordance} | {correlation} | "
                      f"{said.not_worse:.3f} | {found[0]:.3f} | {said.better:.3f} | "
                      f"{found[1]:.3f} |")  # fmt: skip
    print(f"\nfarthest apart: {100 * apart:.1f} points")


def foretold_elsewhere(runs):
    """Print the same for the people above; their discordance and correlation are measured first."""
    random = np.random.default_rng(2)
    print("\n| groups × items | accuracy | correlation of each | shared | discordance | its "
          "correlation | foretold | found |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    apart = 0.0
    for n_groups, size in ((50, 1), (100, 1), (200, 1), (400, 1), (40, 5), (20, 10), (20, 20),
                           (10, 20), (10, 5)):  # fmt: skip
        sizes = (size,) * n_groups
        for accuracy in (0.7, 0.9):
            for correlation in (0.0, 0.1, 0.3) if size > 1 else (0.0,):
                for shared in (0.5, 0.9):
                    discordance, alike = differences(accuracy, correlation, shared)
                    said = comparison_power(sizes, MARGIN, discordance, alike).not_worse
                    drawn = people(random, runs, sizes, accuracy, accuracy, correlation, shared)
                    kinds = verdicts(sizes, *drawn)
                    found = kinds["better"] + kinds["not worse"]
                    apart = max(apart, abs(said - found))
                    print(
                        f"| {n_groups} × {size} | {accuracy} | {correlation} | {shared} | "
                        f"{discordance:.2f} | {alike:.2f} | {said:.3f} | {found:.3f} |"
                    )
    print(f"\nfarthest apart: {100 * apart:.1f} points")


def differences(accuracy, correlation, shared, n_groups=20_000, size=40):
    """Return how many of many items only one is right about, and how alike that is in a group."""
    random = np.random.default_rng(3)
    first, second = people(random, 1, (size,) * n_groups, accuracy, accuracy, correlation, shared)
    sums, apart = (first - second)[0], (first + second)[0]
    between = (sums - sums.mean()).var() / size
    within = (apart - sums**2 / size).mean() / (size - 1)
    alike = (between - within) / (between + (size - 1) * within)
    return apart.mean() / size, alike if correlation > 0 else 0.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args().runs
    wrong_verdicts(runs)
    found_verdicts(runs)
    foretold(runs)
    foretold_elsewhere(runs)


if __name__ == "__main__":
    main()
