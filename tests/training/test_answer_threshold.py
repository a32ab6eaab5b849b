"""From which confidence on a classifier answers, so that few of its answers are wrong."""

import numpy as np
import pytest

from napari_image_classifier.training.answer_threshold import answer_rule


def judged(random, n_groups, per_group, spread=0.0):
    """Confidences that are true on average, which of the answers are right, and their groups.

    ``spread`` is how much groups differ in how often they are right.
    """
    groups = np.repeat(np.arange(n_groups), per_group)
    confidences = random.uniform(0.5, 1, len(groups))
    off = random.normal(0, spread, n_groups)[groups]
    right = random.random(len(groups)) < np.clip(confidences + off, 0, 1)
    return confidences, right, groups


def risk_from(confidence):
    """The part of answers wrong where those from ``confidence`` on are answered, in the long run.

    Confidences are spread evenly up to 1.
    """
    return (1 - max(confidence, 0.5)) / 2


@pytest.mark.parametrize(("n_groups", "per_group"), [(1500, 1), (300, 10)])
def test_the_risk_is_kept_in_nearly_all_cases(n_groups, per_group):
    """At most 5 % of thresholds may let more than 10 % wrong answers through; many are offered."""
    random = np.random.default_rng(0)
    rules = [answer_rule(*judged(random, n_groups, per_group), 0.1) for _ in range(100)]
    offered = [rule.confidence for rule in rules if rule.confidence is not None]
    assert len(offered) >= 75
    too_lax = sum(risk_from(confidence) > 0.1 for confidence in offered)
    assert too_lax <= 0.05 * len(rules) + 3 * np.sqrt(0.05 * 0.95 * len(rules))


def test_groups_that_differ_make_it_careful():
    """Two hundred images of ten dishes tell far less than as many of as many dishes."""
    random = np.random.default_rng(1)
    confidences, _, groups = judged(random, 10, 20)
    right = np.ones(200, bool)
    alone = answer_rule(confidences, right, np.arange(200), 0.05)
    of_dishes = answer_rule(confidences, right, groups, 0.05)
    assert alone.confidence == 0
    assert of_dishes.confidence is None
    assert of_dishes.at_most > alone.at_most


def test_nothing_is_promised_of_few_images():
    """Twenty right answers are compatible with one wrong in eight, and that is said."""
    rule = answer_rule(np.full(20, 0.99), np.ones(20, bool), np.arange(20), 0.05)
    assert rule.confidence is None
    assert rule.at_most == pytest.approx(1 - 0.05 ** (1 / 20), abs=0.03)
    assert "can't be promised" in rule.in_words()
    assert "always answers" in rule.in_words()


def test_what_the_gate_keeps_out_counts_neither_way():
    """Images that no rule answers, all of them wrong, change nothing."""
    random = np.random.default_rng(2)
    confidences, right, groups = judged(random, 500, 1)
    expected = answer_rule(confidences, right, groups, 0.1)
    rule = answer_rule(
        np.append(confidences, np.full(100, -1.0)),
        np.append(right, np.zeros(100, bool)),
        np.append(groups, np.arange(500, 600)),
        0.1,
    )
    assert rule.confidence == expected.confidence
    assert (rule.n_answered, rule.n_wrong) == (expected.n_answered, expected.n_wrong)
    assert rule.n_items == 600


def test_the_rule_in_words_says_what_it_rests_on():
    """Counts, bound and certainty."""
    rule = answer_rule(np.full(200, 0.99), np.ones(200, bool), np.arange(200), 0.05)
    assert rule.confidence == 0
    said = rule.in_words()
    assert "200 images of 200 groups" in said
    assert "200 were answered and 0 of these wrongly" in said
    assert "95% certainty" in said
