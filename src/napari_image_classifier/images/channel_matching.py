"""Which channel of an image is which channel of the classifier."""

from collections.abc import Sequence

from napari_image_classifier.errors import Fault, ImageClassifierError
from napari_image_classifier.wording import counted, quoted


class ChannelMismatchError(ImageClassifierError):
    """The image does not have the channels that the classifier was trained on."""

    code = Fault.NO_CHANNEL


def match_channels(
    wanted: Sequence[str], wanted_named: bool, found: Sequence[str], found_named: bool
) -> tuple[int, ...]:
    """Return, for each wanted channel, its index among the channels found in an image.

    Channels are matched by name (case does not matter). Where the image or the classifier has no
    names, they are matched by order, and then their numbers must be equal.

    Raises
    ------
    ChannelMismatchError
        A channel is missing, or the order says nothing because the numbers differ.
    """
    if wanted_named and found_named:
        places = {name.casefold(): index for index, name in reversed(list(enumerate(found)))}
        missing = [name for name in wanted if name.casefold() not in places]
        if missing:
            raise ChannelMismatchError(
                f"The image has no channel {quoted(missing)}: it has {quoted(found)}. "
                "Name its channels as the classifier expects, or choose them by hand."
            )
        return tuple(places[name.casefold()] for name in wanted)
    if len(wanted) != len(found):
        raise ChannelMismatchError(
            f"The image has {counted(len(found), 'channel')} without names that match "
            f"and the classifier expects {len(wanted)} ({quoted(wanted)}). "
            "Choose the channels by hand, or give files with the same channels."
        )
    return tuple(range(len(wanted)))
