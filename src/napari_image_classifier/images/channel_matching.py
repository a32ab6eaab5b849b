"""Matching of an image's channels to those of a classifier, by name or by order."""

from collections.abc import Sequence

from napari_image_classifier.errors import Fault, ImageClassifierError
from napari_image_classifier.wording import counted, quoted


class ChannelMismatchError(ImageClassifierError):
    """The image does not have the channels that the classifier was trained on."""

    code = Fault.NO_CHANNEL


def match_channels(
    expected: Sequence[str], expected_named: bool, available: Sequence[str], available_named: bool
) -> tuple[int, ...]:
    """Return the index of each expected channel among the channels of an image.

    Channels are matched by name, and upper and lower case are the same. Where the image or the
    classifier has no names, they are matched by order, and then their numbers must be equal. A name
    that is expected several times is one channel, seen several times.

    Parameters
    ----------
    expected
        Names of the channels that the classifier was trained on, in its order.
    expected_named
        Whether these are names, not mere numbers.
    available
        Names of the image's channels, in the order of its axis C. Of equal names the first counts.
    available_named
        Whether these are names, not mere numbers.

    Returns
    -------
    tuple of int
        As long as ``expected``; each counts from 0 along the image's axis C.

    Raises
    ------
    ChannelMismatchError
        A channel is missing, or there are no names and the numbers of channels differ.
    """
    if expected_named and available_named:
        places = {name.casefold(): index for index, name in reversed(list(enumerate(available)))}
        missing = [name for name in expected if name.casefold() not in places]
        if missing:
            raise ChannelMismatchError(
                f"The image has no channel {quoted(missing)}: it has {quoted(available)}. "
                "Name its channels as the classifier expects, or choose them by hand."
            )
        return tuple(places[name.casefold()] for name in expected)
    places = {name: index for index, name in enumerate(dict.fromkeys(expected))}
    if len(places) != len(available):
        grey = (
            " A network that was imported with one channel name several times, such as grey, grey, "
            "grey, sees a grey image in all of them."
        )
        raise ChannelMismatchError(
            f"The image has {counted(len(available), 'channel')} without names that match "
            f"and the classifier expects {len(places)} ({quoted(places)}). "
            "Choose the channels by hand, or give files with the same channels."
            f"{grey if len(available) == 1 else ''}"
        )
    return tuple(places[name] for name in expected)
