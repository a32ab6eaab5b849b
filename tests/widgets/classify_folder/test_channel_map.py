"""The question which channel of a folder's images is which of the classifier's."""

import pytest

from napari_image_classifier.items.preparation import Preparation
from napari_image_classifier.widgets.classify_folder.channel_map import ChannelMapField

PREPARATION = Preparation(("GFP", "DNA"))


@pytest.fixture
def field(qtbot):
    """The question, for a classifier of GFP and DNA."""
    made = ChannelMapField()
    qtbot.addWidget(made)
    made.expect(PREPARATION, {})
    return made


def test_nothing_is_asked_where_names_say_it(field):
    """Or where nothing is known of the images, or of the classifier."""
    for available, named in (((), False), (("dna", "gfp"), True), (("1", "2"), False)):
        field.offer(available, named)
        assert field.isHidden()
        assert field.value() == {}
    field.offer(("405", "488"), named=True)
    field.expect(None, {})
    assert field.isHidden()


def test_each_channel_is_asked_for(field):
    """What has the same name is chosen beforehand, and is not worth saying."""
    field.offer(("405", "GFP"), named=True)
    assert not field.isHidden()
    assert field.boxes["GFP"].currentText() == "GFP"
    assert field.boxes["DNA"].currentText() == "choose"
    assert field.value() == {}
    field.boxes["DNA"].setCurrentText("405")
    assert field.value() == field.names(field.value()) == {"DNA": "405"}


def test_what_was_said_before_is_chosen_beforehand(field):
    """Where the images have such a channel."""
    field.expect(PREPARATION, {"DNA": "405", "GFP": "FITC"})
    field.offer(("405", "488"), named=True)
    assert field.value() == {"DNA": "405"}
    assert field.boxes["GFP"].currentText() == "choose"


def test_numbers_are_not_worth_remembering(field):
    """The second of three channels of one folder may be another one in the next."""
    field.offer(("Channel 1", "Channel 2", "Channel 3"), named=False)
    field.boxes["DNA"].setCurrentText("Channel 3")
    assert field.value() == {"DNA": "Channel 3"}
    assert field.names(field.value()) == {}
