"""Matching of channels by name, then by order, and never by a guess."""

import pytest

from napari_image_classifier.images.channel_matching import ChannelMismatchError, match_channels


def test_names_win_over_order():
    """Channels stored in another order are found, whatever their case."""
    assert match_channels(("GFP", "DNA"), True, ("dna", "gfp", "BF"), True) == (1, 0)


@pytest.mark.parametrize(("wanted_named", "found_named"), [(True, False), (False, True)])
def test_order_serves_where_names_are_missing(wanted_named, found_named):
    """Without names on one side, equal numbers are matched by order."""
    assert match_channels(("a", "b"), wanted_named, ("c", "d"), found_named) == (0, 1)


def test_a_missing_channel_is_named():
    """The error names what is missing and what there is."""
    with pytest.raises(ChannelMismatchError, match=r"no channel “DNA”.*“GFP”, “RFP”"):
        match_channels(("GFP", "DNA"), True, ("GFP", "RFP"), True)


def test_unequal_numbers_are_not_guessed():
    """Three nameless channels are no two channels."""
    with pytest.raises(ChannelMismatchError, match="3 channels"):
        match_channels(("GFP", "DNA"), True, ("Channel 1", "Channel 2", "Channel 3"), False)


@pytest.mark.parametrize("named", [True, False])
def test_one_channel_is_shown_to_several_inputs(named):
    """Where its name stands several times, by choice."""
    assert match_channels(("grey",) * 3, True, ("grey",), named) == (0, 0, 0)
    assert match_channels(("a", "b", "a"), True, ("b", "a"), True) == (1, 0, 1)


def test_a_grey_image_is_not_shown_to_three_inputs_unasked():
    """The error says how it would be."""
    with pytest.raises(ChannelMismatchError, match="grey, grey, grey"):
        match_channels(("red", "green", "blue"), True, ("0",), False)
