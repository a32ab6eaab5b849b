"""How often do the intervals of kappa and alpha hold the truth, and how wide are they?

    python benchmarks/agreement_coverage.py [--runs 1000]

Two raters of three classes: the second gives the first one's answer, or else one by chance; so the
true kappa is how often she does. Groups differ in that by a beta distribution.
"""

import argparse

import numpy as np

from napari_image_classifier.statistics.rater_agreement import cohen_kappa, krippendorff_alpha

DESIGNS = ((50, 1), (100, 1), (5, 10), (10, 5), (10, 20), (20, 10))
TRUTHS = (0.5, 0.8, 0.95)
CLASSES = ((1 / 3, 1 / 3, 1 / 3), (0.8, 0.15, 0.05))


def raters(random, n_groups, size, truth, correlation, classes):
    groups = np.repeat(np.arange(n_groups), size)
    if correlation:
        spread = 1 / correlation - 1
        follows = random.beta(truth * spread, (1 - truth) * spread, n_groups)[groups]
    else:
        follows = truth
    first, chance = random.choice(3, (2, len(groups)), p=classes)
    return first, np.where(random.random(len(groups)) < follows, first, chance), groups


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    runs = parser.parse_args().runs
    print("| groups × items | true kappa | correlation | commonest class | kappa held | its width "
          "| large-sample or jackknife error alone held | alpha held |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    least = 1.0
    for n_groups, size in DESIGNS:
        for truth in TRUTHS:
            for correlation in (0.0, 0.2) if size > 1 else (0.0,):
                for classes in CLASSES:
                    row = coverage(runs, n_groups, size, truth, correlation, classes)
                    least = min(least, row[0], row[3])
                    print(f"| {n_groups} × {size} | {truth} | {correlation} | {classes[0]:.2f} | "
                          f"{row[0]:.3f} | {row[1]:.2f} | {row[2]:.3f} | {row[3]:.3f} |",
                          flush=True)  # fmt: skip
    print(f"\nleast often: {least:.3f}")


def coverage(runs, n_groups, size, truth, correlation, classes):
    """Return how often kappa's interval held, its width, and how often others held."""
    import scipy.stats

    random = np.random.default_rng(0)
    reach = scipy.stats.norm.ppf(0.975) if size == 1 else scipy.stats.t.ppf(0.975, n_groups - 1)
    rows = []
    for _ in range(runs):
        first, second, groups = raters(random, n_groups, size, truth, correlation, classes)
        kappa = cohen_kappa(first, second, groups)
        alpha = krippendorff_alpha(np.stack([first, second]), groups)
        if kappa.low is None or alpha.low is None:
            continue
        alone = abs(kappa.kappa - truth) <= reach * kappa.standard_error
        rows.append((kappa.low <= truth <= kappa.high, kappa.high - kappa.low, alone,
                     alpha.low <= truth <= alpha.high))  # fmt: skip
    return np.mean(rows, axis=0)


if __name__ == "__main__":
    main()
