"""Images left out of a training because they can't be used, and how many may be."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from napari_image_classifier.errors import Fault, ImageClassifierError, TrainingRefused
from napari_image_classifier.images.read_errors import ImageReadError, describe_error
from napari_image_classifier.items.item import Item

PROBLEMS_NAMED = 5
# With fewer than half of the images, it is rather the way they are read that is wrong.
MOST_LEFT_OUT = 0.5
# What one word of a person mends for every such image is no reason to do without it.
_TO_BE_ASKED = (Fault.AXES_UNKNOWN, Fault.AXES_UNFIT)


@dataclass(frozen=True, order=True)
class LeftOut:
    """An image that can't be used.

    Parameters
    ----------
    file
        Its name.
    code
        Why, as an `errors.Fault`.
    message
        Why, in a sentence that names it.
    """

    file: str
    code: str
    message: str


def _may_be_left_out(error: ImageClassifierError) -> bool:
    """Return whether it is the image alone that is bad, not what was asked of it."""
    return isinstance(error, ImageReadError) and error.code not in _TO_BE_ASKED


def check_share(
    problems: Mapping[str, ImageClassifierError], n_images: int, earlier: Sequence[LeftOut] = ()
) -> list[LeftOut]:
    """Return the images that are left out: the ``earlier`` ones and those of ``problems``.

    Raises
    ------
    TrainingRefused
        More than half of the images can't be used, or one of them for a reason that concerns the
        others.
    """
    new = [LeftOut(file, *describe_error(file, error)) for file, error in problems.items()]
    left_out = sorted([*earlier, *new])
    bad_alone = all(map(_may_be_left_out, problems.values()))
    if not bad_alone or len(left_out) > MOST_LEFT_OUT * n_images:
        raise TrainingRefused(listed(left_out, n_images))
    return left_out


def check_rest(
    left_out: Sequence[LeftOut],
    before: Sequence[Item],
    rest: Sequence[Item],
    check: Callable[[Sequence[Item]], None],
) -> None:
    """Refuse what is left of a training's items when that is too little.

    Parameters
    ----------
    left_out
        Images that can't be used.
    before
        All items.
    rest
        Those of the other images.
    check
        Refuses items that are too few by raising TrainingRefused.

    Raises
    ------
    TrainingRefused
        ``check`` refuses the rest, or a class is gone; the sentence names those that were left out,
        too.
    """
    if not left_out:
        return
    problems = listed(left_out, len({item.file for item in before}))
    gone = {str(item.class_name) for item in before} - {str(item.class_name) for item in rest}
    if gone:
        raise TrainingRefused(
            f"{problems} Without them there is no image of {', '.join(sorted(gone))}; mend them, "
            "or leave that class out."
        )
    try:
        check(rest)
    except TrainingRefused as refused:
        raise TrainingRefused(f"{problems} Without them: {refused}") from refused


def listed(left_out: Sequence[LeftOut], n_images: int, then: str = "") -> str:
    """Return in words how many images can't be used, what was done ``then``, and the first few."""
    first = " ".join(image.message for image in left_out[:PROBLEMS_NAMED])
    more = len(left_out) - PROBLEMS_NAMED
    and_more = f" And {more} more." if more > 0 else ""
    return f"{len(left_out)} of {n_images} images can't be used{then}: {first}{and_more}"
