"""one_ahead: the next piece of work is prepared meanwhile."""

import threading

import pytest

from napari_image_classifier.networks.fit.batches import one_ahead


def test_yields_the_same_in_order():
    assert list(one_ahead(iter(range(1, 100)))) == list(range(1, 100))
    assert list(one_ahead(iter(()))) == []


def test_the_next_one_is_made_while_this_one_is_used():
    """It is waited for here, so it must come without being asked for; and not the one after."""
    made = [threading.Event() for _ in range(3)]

    def make():
        for event in made:
            event.set()
            yield event

    pieces = one_ahead(make())
    next(pieces)
    assert made[1].wait(10)
    assert not made[2].is_set()
    pieces.close()


def test_an_error_comes_where_the_piece_would_have():
    def make():
        yield 1
        raise ValueError("no more")

    pieces = one_ahead(make())
    assert next(pieces) == 1
    with pytest.raises(ValueError, match="no more"):
        next(pieces)
