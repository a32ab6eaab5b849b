"""Agreement of raters, person against machine: equal to other software and published tables."""

from collections import Counter

import krippendorff
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.inter_rater import cohens_kappa

from napari_image_classifier.raters.comparison import MARGIN, comparison_verdict, how_many_more
from napari_image_classifier.raters.power import (
    comparison_power,
    images_needed,
    simulated_differences,
)
from napari_image_classifier.statistics.paired_difference import (
    effective_pairs,
    paired_difference,
    tango_interval,
    tango_score,
)
from napari_image_classifier.statistics.permutation_tests import mcnemar
from napari_image_classifier.statistics.rater_agreement import cohen_kappa, krippendorff_alpha


def raters(table):
    """Two raters whose answers make that table."""
    rows, columns = np.indices(table.shape)
    return (np.repeat(one.ravel(), table.ravel()) for one in (rows, columns))


def in_groups(seed, n_groups=20, size=10):
    """Two raters of three classes who agree more in some groups than in others."""
    random = np.random.default_rng(seed)
    groups = np.repeat(np.arange(n_groups), size)
    first = random.integers(0, 3, len(groups))
    agrees = random.random(len(groups)) < random.beta(4, 2, n_groups)[groups]
    return first, np.where(agrees, first, random.integers(0, 3, len(groups))), groups


@pytest.mark.parametrize("seed", range(5))
def test_kappa_and_its_standard_error_are_those_of_statsmodels(seed):
    """For tables of four classes; the interval is hardly wider than theirs."""
    table = np.random.default_rng(seed).integers(0, 20, (4, 4)) + 15 * np.eye(4, dtype=int)
    ours, theirs = cohen_kappa(*raters(table)), cohens_kappa(table)
    assert ours.kappa == pytest.approx(theirs.kappa)
    assert ours.standard_error == pytest.approx(theirs.std_kappa)
    half = 1.959964 * theirs.std_kappa
    for distance in (ours.kappa - ours.low, ours.high - ours.kappa):
        assert 0.999 * half <= distance <= 1.1 * half


def test_kappa_of_a_published_table():
    """Fleiss, Cohen & Everitt (1969), table 1, unweighted: 0.429, standard error 0.054."""
    table = np.array([[106, 10, 4], [22, 28, 10], [2, 12, 6]])
    found = cohen_kappa(*raters(table))
    assert found.kappa == pytest.approx(0.429, abs=0.001)
    assert found.standard_error == pytest.approx(0.054, abs=0.001)
    assert found.agreement == pytest.approx(0.70)


@pytest.mark.parametrize("size", [1, 5])
def test_who_always_agreed_in_fifty_items_may_still_differ(size):
    """Fifty repeats, all the same answers: kappa and alpha are 1, and could be lower."""
    answers, groups = np.arange(50) % 2, np.arange(50) // size
    kappa = cohen_kappa(answers, answers, groups)
    alpha = krippendorff_alpha(np.stack([answers] * 3), groups)
    # Wilson's lower end of 50 in 50 is 0.929; half of the answers agree by chance.
    for found, value in ((kappa, kappa.kappa), (alpha, alpha.alpha)):
        assert (value, found.high) == (1, 1)
        assert found.low < 1 - 2 * (1 - 0.93)
        assert found.low > 0.7


def test_alpha_says_nothing_where_all_but_one_group_gave_one_answer():
    """Without that group it is not defined, so nothing says how far it could be off."""
    answers = np.zeros((4, 30), int)
    answers[:3, :2] = 1
    groups = np.arange(30) // 3
    found = krippendorff_alpha(answers, groups)
    assert found.alpha is not None
    assert (found.low, found.high) == (None, None)


def test_kappa_says_nothing_of_one_class():
    """Where both always gave the same answer; and there is no interval of one group."""
    same = np.zeros(10, int)
    assert cohen_kappa(same, same).kappa is None
    first, second, groups = in_groups(0)
    assert cohen_kappa(first, second, groups * 0).low is None
    with pytest.raises(ValueError, match="no items"):
        cohen_kappa(same[:0], same[:0])


def test_intervals_of_kappa_and_alpha_know_groups():
    """Both hold the truth of many groups in most of small studies, wider than without groups."""
    first, second, groups = in_groups(0, n_groups=4000)
    truth = cohen_kappa(first, second, groups).kappa
    held = {"kappa": 0, "alpha": 0}
    for seed in range(1, 101):
        first, second, groups = in_groups(seed)
        kappa = cohen_kappa(first, second, groups)
        alpha = krippendorff_alpha(np.stack([first, second]), groups)
        held["kappa"] += kappa.low <= truth <= kappa.high
        held["alpha"] += alpha.low <= truth <= alpha.high
    assert held["kappa"] >= 92
    assert held["alpha"] >= 92


def test_alpha_of_krippendorffs_own_example():
    """Four observers, twelve units, answers missing: nominal alpha 0.743 (Krippendorff, 2011)."""
    missing = -1
    answers = np.array([
        [1, 2, 3, 3, 2, 1, 4, 1, 2, missing, missing, missing],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, missing, 3],
        [missing, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, missing],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, missing],
    ])  # fmt: skip
    found = krippendorff_alpha(answers)
    assert found.alpha == pytest.approx(0.743, abs=0.0005)
    assert (found.n_items, found.n_raters) == (11, 4)
    assert found.low < found.alpha <= found.high


@pytest.mark.parametrize("seed", range(5))
def test_alpha_is_that_of_the_krippendorff_package(seed):
    """For three raters with missing answers."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 4, 60)
    answers = np.where(random.random((3, 60)) < 0.6, truth, random.integers(0, 4, (3, 60)))
    answers[random.random((3, 60)) < 0.2] = -1
    data = np.where(answers < 0, np.nan, answers)
    theirs = krippendorff.alpha(data, level_of_measurement="nominal")
    assert krippendorff_alpha(answers).alpha == pytest.approx(theirs)


@pytest.mark.parametrize(("first", "second"), [(0, 0), (5, 1), (12, 3), (40, 41)])
def test_mcnemar_is_that_of_statsmodels(first, second):
    """The exact one."""
    table = [[20, first], [second, 7]]
    assert mcnemar(first, second) == pytest.approx(
        float(statsmodels_mcnemar(table, exact=True).pvalue)
    )


@pytest.mark.parametrize(("first", "second", "n"), [(1, 3, 44), (0, 2, 30), (25, 9, 120)])
def test_tango_ends_where_the_score_does(first, second, n):
    """Against the definition, with the likelihood's maximum found numerically."""
    for end in tango_interval(first, second, n):
        least = max(0.0, -end)

        def unlikely(other, end=end):
            parts = np.array([other + end, other, 1 - 2 * other - end])
            counts = np.array([first, second, n - first - second])
            return -scipy.special.xlogy(counts, np.maximum(parts, 0)).sum()

        other = scipy.optimize.minimize_scalar(
            unlikely, bounds=(least, (1 - end) / 2), method="bounded", options={"xatol": 1e-12}
        ).x
        spread = np.sqrt((2 * other + end - end**2) / n)
        assert abs((first - second) / n - end) / spread == pytest.approx(1.959964, abs=1e-3)


@pytest.mark.parametrize(
    ("first", "second", "n", "confidence", "published"),
    [
        (9, 3, 32, 0.95, (-0.027, 0.390)),
        (0, 1, 44, 0.90, (-0.096, 0.037)),
        (16, 8, 86, 0.95, (-0.020, 0.207)),
        (1, 7, 21, 0.95, (-0.517, -0.026)),
    ],
)
def test_tango_of_published_tables(first, second, n, confidence, published):
    """Tango (1998), twice; Agresti & Min (2005); Fagerland, Lydersen & Laake (2014)."""
    assert tango_interval(first, second, n, confidence) == pytest.approx(published, abs=0.0006)


def test_where_nobody_differs_the_interval_is_not_empty():
    """z² / (n + z²) on both sides, as for a single proportion of nothing."""
    low, high = tango_interval(0, 0, 100)
    expected = 1.959964**2 / (100 + 1.959964**2)
    assert (low, high) == pytest.approx((-expected, expected), abs=1e-6)


def test_a_group_counts_for_less_than_its_items():
    """Alike within groups, ten groups of ten tell hardly more than ten items."""
    whole = np.repeat([1.0, 0.0], 5)
    sizes = np.full(10, 10.0)
    alike = float(effective_pairs(sizes, 10 * whole, 10 * (1 - whole)))
    mixed = float(effective_pairs(sizes, np.full(10, 5.0), np.full(10, 5.0)))
    assert alike < 10 < mixed < 100
    assert float(effective_pairs(np.array([50.0]), np.array([5.0]), np.array([1.0]))) == 0


def compared(only_machine, only_person, n, size=1):
    """A comparison with so many discordant items."""
    machine = np.arange(n) < n - only_person
    person = np.arange(n) >= only_machine
    order = np.random.default_rng(0).permutation(n)
    return paired_difference(machine[order], person[order], np.arange(n) // size)


@pytest.mark.parametrize(
    ("found", "kind", "said"),
    [
        (compared(40, 5, 200), "better", "better than you"),
        (compared(10, 10, 200), "not worse", "not worse than you by more than 10 points:"),
        (compared(5, 30, 700), "not worse", "though it is worse"),
        (compared(5, 60, 200), "worse", "worse than you"),
        (compared(6, 5, 30), "too few", "more images"),
        (compared(6, 5, 30, size=5), "too few", "more groups"),
    ],
)
def test_one_verdict_in_order_of_precedence(found, kind, said):
    """Better, not worse, worse, too few; each with its numbers."""
    verdict = comparison_verdict(found)
    assert verdict.kind == kind
    assert said in verdict.sentence
    assert "95 % interval" in verdict.sentence


def test_so_many_more_are_enough():
    """With as many as are said to be missing, it can be told about as often as promised."""
    few = compared(12, 11, 80)
    assert comparison_verdict(few).kind == "too few"
    needed = few.n_items + how_many_more(few)
    power = comparison_power([1] * needed, discordance=few.discordance)
    assert power.not_worse == pytest.approx(0.8, abs=0.12)


def test_independent_images_are_rarely_called_not_worse_by_mistake():
    """Exactly: all tables of 50 images, the machine being worse by just the margin."""
    n = 50
    first, second = np.nonzero(np.add.outer(np.arange(n + 1), np.arange(n + 1)) <= n)
    counts = np.column_stack([first, second, n - first - second])
    above = tango_score(
        -MARGIN, first.astype(float), second.astype(float), np.full(len(first), n * 1.0)
    )
    for discordance in (0.1, 0.2, 0.3, 0.46, 0.6):
        parts = [(discordance - MARGIN) / 2, (discordance + MARGIN) / 2, 1 - discordance]
        often = scipy.stats.multinomial.pmf(counts, n, parts)
        assert often.sum() == pytest.approx(1)
        assert often[above > 1.959964].sum() < 0.027


@pytest.mark.parametrize(
    ("difference", "mistakes"),
    [(0.0, ("better", "worse")), (-MARGIN, ("better", "not worse"))],
)
def test_verdicts_by_group_are_rarely_wrong(difference, mistakes):
    """A short round of benchmarks/comparison_simulations.py: no difference, and just the margin."""
    runs, size = 600, 10
    sizes = np.full(15, float(size))
    drawn = simulated_differences(sizes, difference, 0.3, 0.2, seed=1, runs=runs)
    groups = np.repeat(np.arange(len(sizes)), size)
    places = np.tile(np.arange(size), len(sizes))
    kinds = Counter()
    for first, second in zip(*drawn, strict=True):
        machine = places >= second[groups]
        person = places < size - first[groups]
        kinds[comparison_verdict(paired_difference(machine, person, groups)).kind] += 1
    assert sum(kinds.values()) == runs
    assert all(kinds[kind] <= 0.035 * runs for kind in mistakes)


def test_twenty_points_are_found_with_twenty_groups_of_twenty():
    """In at least 80 % of studies, and as often as is foretold."""
    drawn = simulated_differences(np.full(20, 20.0), 0.2, 0.3, 0.2, seed=1, runs=200)
    groups, places = np.repeat(np.arange(20), 20), np.tile(np.arange(20), 20)
    found = np.mean([
        comparison_verdict(
            paired_difference(places >= second[groups], places < 20 - first[groups], groups)
        ).kind == "better"
        for first, second in zip(*drawn, strict=True)
    ])  # fmt: skip
    said = comparison_power([20] * 20, discordance=0.3, correlation=0.2)
    assert found >= 0.8
    assert said.better == pytest.approx(found, abs=0.05)


@pytest.mark.parametrize("per_group", [1, 5, 20])
def test_so_many_images_are_needed(per_group):
    """With so many, a machine as good is found in about 80 % of studies; with half of them, not."""
    needed = images_needed(per_group)
    assert needed % per_group == 0
    power = comparison_power([per_group] * (needed // per_group))
    assert power.not_worse == pytest.approx(0.8, abs=0.04)
    assert comparison_power([per_group] * (needed // per_group // 2)).not_worse < 0.7


def test_what_no_study_shows_needs_no_number():
    """A margin of one point would take far too many images."""
    assert images_needed(1, margin=0.01) is None
