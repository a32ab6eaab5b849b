"""Simulated persons and machines: how often is the verdict wrong, and how often is it found?

    python benchmarks/comparison_simulations.py [--runs 1000]

Rightness is a threshold on a normal variable that has a part of its group, a part of the item that
person and machine share (what is hard is hard for both), and a part of its own; so accuracies are
exact. It is not the model by which the dock foretells its power.
"""

import argparse
from collections import Counter

import numpy as np
import scipy.stats

from napari_image_classifier.comparison_power import comparison_power, simulated_differences
from napari_image_classifier.comparison_verdict import MARGIN, comparison_verdict
from napari_image_classifier.paired_difference import paired_difference

DESIGNS = ((5, 20), (10, 20), (20, 10), (20, 20), (40, 5), (10, 40), (50, 1), (100, 1), (200, 1),
           (400, 1))  # fmt: skip
ACCURACIES = (0.6, 0.8, 0.92)
CORRELATIONS = (0.0, 0.1, 0.2, 0.4)
SHARED = 0.5
ALLOWED = 0.035


def people(random, sizes, machine, person, correlation):
    """Return whether machine and person were right about each item, and the items' groups."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    hard = random.standard_normal(len(groups))

    def right(accuracy):
        of_groups = random.standard_normal(len(sizes))[groups]
        own = random.standard_normal(len(groups))
        latent = np.sqrt(correlation) * of_groups + np.sqrt(1 - correlation) * (
            np.sqrt(SHARED) * hard + np.sqrt(1 - SHARED) * own
        )
        return latent < scipy.stats.norm.ppf(accuracy)

    return right(machine), right(person), groups


def verdicts(runs, design, person, difference, correlation, seed=0):
    """Return how often each verdict came, as parts of the runs."""
    random = np.random.default_rng(seed)
    n_groups, size = design
    counts = Counter()
    for _ in range(runs):
        machine, human, groups = people(
            random, [size] * n_groups, person + difference, person, correlation
        )
        counts[comparison_verdict(paired_difference(machine, human, groups)).kind] += 1
    return {kind: count / runs for kind, count in counts.items()}


def designs():
    """Yield every design, accuracy and correlation that is simulated."""
    for design in DESIGNS:
        for accuracy in ACCURACIES:
            for correlation in CORRELATIONS if design[1] > 1 else (0.0,):
                yield design, accuracy, correlation


def wrong(runs, design, accuracy, correlation):
    """Return how often each wrong verdict came, with no difference and with one of the margin."""
    same = verdicts(runs, design, accuracy, 0.0, correlation)
    # The person's accuracy leaves room for a machine that is worse.
    worse = verdicts(runs, design, accuracy + 0.05 if accuracy < 0.9 else accuracy, -MARGIN,
                     correlation)  # fmt: skip
    return {
        "better, but the same": same.get("better", 0.0),
        "worse, but the same": same.get("worse", 0.0),
        "not worse, but by the margin": worse.get("better", 0.0) + worse.get("not worse", 0.0),
    }


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
                    first, second = simulated_differences(
                        sizes.astype(float), difference, max(discordance, difference), correlation,
                        seed=1, runs=runs,
                    )  # fmt: skip
                    kinds = [_kind(sizes, *row) for row in zip(first, second, strict=True)]
                    wanted = ("better",) if difference else ("better", "not worse")
                    found.append(np.mean([kind in wanted for kind in kinds]))
                apart = max(apart, abs(said.not_worse - found[0]), abs(said.better - found[1]))
                print(f"| {n_groups} × {size} | {discordance} | {correlation} | "
                      f"{said.not_worse:.3f} | {found[0]:.3f} | {said.better:.3f} | "
                      f"{found[1]:.3f} |")  # fmt: skip
    print(f"\nfarthest apart: {100 * apart:.1f} points")


def _kind(sizes, first, second):
    machine, person = [], []
    for n, one, other in zip(sizes, first.astype(int), second.astype(int), strict=True):
        machine += [True] * one + [False] * other + [True] * (n - one - other)
        person += [False] * one + [True] * other + [True] * (n - one - other)
    groups = np.repeat(np.arange(len(sizes)), sizes)
    return comparison_verdict(paired_difference(np.array(machine), np.array(person), groups)).kind


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args().runs
    print("| groups × items | accuracy | correlation | better, but the same | worse, but the same "
          "| not worse, but by the margin |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    most = 0.0
    for design, accuracy, correlation in designs():
        found = wrong(runs, design, accuracy, correlation)
        most = max(most, *found.values())
        cells = " | ".join(f"{part:.3f}" for part in found.values())
        print(f"| {design[0]} × {design[1]} | {accuracy} | {correlation} | {cells} |", flush=True)
    print(f"\nmost often wrong: {most:.3f} (allowed {ALLOWED})\n")
    print("| accuracy of the person | correlation | machine 20 points better: found, 20 × 20 |")
    print("|---|---|---|")
    for accuracy in (0.6, 0.7):
        for correlation in CORRELATIONS:
            found = verdicts(runs, (20, 20), accuracy, 0.2, correlation)
            print(f"| {accuracy} | {correlation} | {found.get('better', 0.0):.3f} |", flush=True)
    foretold(runs)


if __name__ == "__main__":
    main()
