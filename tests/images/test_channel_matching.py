"""Matching of channels: as a person said, by name, then by order, and never by a guess."""

import pytest

from napari_image_classifier.images.channel_matching import (
    ChannelMismatchError,
    check_channel_map,
    match_channels,
    split_pairs,
)


def test_names_win_over_order():
    """Channels stored in another order are found, whatever their case, blanks and coding."""
    assert match_channels(("GFP", "DNA"), True, ("dna", "gfp", "BF"), True) == (1, 0)
    wanted, found = ("β-Tubulin", "Café"), ("Cafe\u0301", "β-tubulin ")
    assert match_channels(wanted, True, found, True) == (1, 0)


def test_order_serves_where_the_image_has_no_names():
    """Equal numbers are matched by order."""
    assert match_channels(("a", "b"), True, ("Channel 1", "Channel 2"), False) == (0, 1)
    assert match_channels(("Channel 1", "Channel 2"), False, ("1", "2"), False) == (0, 1)


def test_nothing_is_matched_by_order_past_a_name():
    """Names that the classifier does not know may stand in any order; one channel is the one."""
    with pytest.raises(ChannelMismatchError, match=r"have no names.*“DAPI”, “GFP”.*Channel 1=…"):
        match_channels(("Channel 1", "Channel 2"), False, ("DAPI", "GFP"), True)
    with pytest.raises(ChannelMismatchError, match="no channel “GFP”"):
        match_channels(("DAPI", "GFP"), True, ("DAPI", "Channel 2"), True)
    assert match_channels(("Channel 1",), False, ("DAPI",), True) == (0,)


def test_numbers_that_are_names_are_matched_as_such():
    """Also those that a version before took for none, when it wrote the classifier."""
    assert match_channels(("405", "488"), False, ("488", "405"), True) == (1, 0)


def test_a_missing_channel_is_named():
    """The error names what is missing, what there is, and what to say."""
    with pytest.raises(ChannelMismatchError, match=r"no channel “DNA”.*“GFP”, “RFP”.*DNA=…"):
        match_channels(("GFP", "DNA"), True, ("GFP", "RFP"), True)


def test_unequal_numbers_are_not_guessed():
    """Three nameless channels are no two channels."""
    with pytest.raises(ChannelMismatchError, match="3 channels"):
        match_channels(("GFP", "DNA"), True, ("Channel 1", "Channel 2", "Channel 3"), False)


def test_a_person_says_what_the_images_call_a_channel():
    """By name, and by number where it has none; the rest is matched by name."""
    said = {"DNA": "405"}
    assert match_channels(("GFP", "DNA"), True, ("405", "GFP"), True, said) == (1, 0)
    assert match_channels(("GFP", "DNA"), True, ("405", "488"), True, {**said, "gfp": "488"}) == (
        1,
        0,
    )
    numbers = {"DNA": "Channel 1", "GFP": "Channel 2"}
    unnamed = ("Channel 1", "Channel 2")
    assert match_channels(("GFP", "DNA"), True, unnamed, False, numbers) == (1, 0)
    with pytest.raises(ChannelMismatchError, match="no channel “DNA” or “2”"):
        match_channels(("GFP", "DNA"), True, ("GFP", "RFP"), True, {"DNA": "2"})
    swapped = {"DNA": "GFP", "GFP": "DNA"}
    assert match_channels(("GFP", "DNA"), True, ("GFP", "DNA"), True, swapped) == (1, 0)
    grey = {"red": "BF", "green": "BF"}
    assert match_channels(("red", "green"), True, ("BF",), True, grey) == (0, 0)


def test_what_is_said_means_nothing_to_images_that_lack_it():
    """A folder may hold images of two microscopes."""
    said = {"DNA": "405", "GFP": "488"}
    assert match_channels(("GFP", "DNA"), True, ("DNA", "GFP"), True, said) == (1, 0)
    assert match_channels(("GFP", "DNA"), True, ("Channel 1", "Channel 2"), False, said) == (0, 1)
    with pytest.raises(ChannelMismatchError, match="no channel “GFP”, “DNA” or “488”, “405”"):
        match_channels(("GFP", "DNA"), True, ("FITC", "Hoechst"), True, said)


def test_a_channel_that_is_said_to_be_one_is_not_another_by_name():
    """The other has to be said, too."""
    with pytest.raises(ChannelMismatchError, match="no channel “GFP”"):
        match_channels(("GFP", "DNA"), True, ("GFP", "RFP"), True, {"DNA": "GFP"})


def test_equal_names_are_told_apart_by_number_only():
    """Unless all are as they were in the training."""
    twice = ("DAPI", "GFP", "GFP")
    assert match_channels(twice, True, twice, True) == (0, 1, 2)
    with pytest.raises(ChannelMismatchError, match=r"2 channels called “GFP”.*GFP=Channel 2"):
        match_channels(("GFP", "DAPI"), True, twice, True)
    assert match_channels(("GFP", "DAPI"), True, twice, True, {"GFP": "3"}) == (2, 0)


def test_a_map_is_of_the_channels_of_the_classifier():
    """The wrong way round is the usual mistake."""
    check_channel_map(("DNA", "GFP"), {"dna": "405"})
    with pytest.raises(ChannelMismatchError, match=r"no channel “405”.*name stands first"):
        check_channel_map(("DNA", "GFP"), {"405": "DNA"})
    with pytest.raises(ChannelMismatchError, match="“DNA” called"):
        check_channel_map(("DNA", "GFP"), {"DNA": " "})


def test_channels_are_renamed_in_pairs():
    """As an option of the command line has them."""
    assert split_pairs(["DNA = 405", "GFP"]) == (("DNA", "GFP"), {"DNA": "405"})
    assert split_pairs(["=405", "DNA="]) == (("=405", "DNA="), {})


@pytest.mark.parametrize("named", [True, False])
def test_one_channel_is_shown_to_several_inputs(named):
    """Where its name stands several times, by choice."""
    assert match_channels(("grey",) * 3, True, ("grey",), named) == (0, 0, 0)
    assert match_channels(("a", "b", "a"), True, ("b", "a"), True) == (1, 0, 1)


def test_a_grey_image_is_not_shown_to_three_inputs_unasked():
    """The error says how it would be."""
    with pytest.raises(ChannelMismatchError, match="grey, grey, grey"):
        match_channels(("red", "green", "blue"), True, ("0",), False)
