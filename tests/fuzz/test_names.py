"""Names, patterns and proposals at random: every file is in one image or in none, soon.

`FUZZ_SECONDS=1800 pytest tests/fuzz/test_names.py` looks further than the usual run.
"""

from pathlib import Path

from hypothesis import strategies as st

from helpers.fuzzing import LONG, try_at_random
from napari_image_classifier.images.names.composition import composition_of, question_on
from napari_image_classifier.images.names.folder_plates import with_plates_of_folders
from napari_image_classifier.images.names.patterns import (
    NamePattern,
    NamePatternError,
    group_files,
)
from napari_image_classifier.images.names.presets import NAME_PRESETS
from napari_image_classifier.images.names.proposals import nearest_preset, propose_patterns

FIELDS = ("{well}", "{site}", "{channel}", "{z}", "{time}", "{row}", "{column}", "{plate}", "{*}",
          "{name}", "{number}", "{a}", "{", "}", "{}", "{a b}")  # fmt: skip
TEXTS = ("_", "-", " ", ".", "/", "w", "s", "t", "z", "p", "ch", "A01", "B12", "r01c02", "DAPI",
         "GFP", "405", "0", "1", "007", "3000000000", "9" * 30, "²", "٣", "é", "\udce9", "(", "+",
         "TimePoint_1", "a", "(?P<a>", "\n", "12345678-1234-1234-1234-123456789012")  # fmt: skip
PIECES = st.lists(st.sampled_from(TEXTS), min_size=1, max_size=10)
NAMES = st.builds(lambda pieces, times: "".join(pieces * times)[:240], PIECES,
                  st.sampled_from([1, 1, 1, 1, 40]))  # fmt: skip
PATTERNS = st.lists(st.sampled_from(FIELDS + TEXTS), min_size=1, max_size=14).map("".join)
PRESETS = st.sampled_from([preset.pattern for preset in NAME_PRESETS])
# Names of which a number alone is another one, as a stack has them.
COUNTED = st.builds(
    lambda name, numbers: [f"{name}_{number}" for number in numbers], NAMES,
    st.lists(st.integers(0, 2**70) | st.integers(0, 12), min_size=1, max_size=40),
)  # fmt: skip


@LONG
def test_every_file_is_in_one_image_or_in_none():
    """Whatever the names, the pattern, and the patterns that are proposed for them."""

    def group(given):
        names, text = given
        names = list(dict.fromkeys(f"{name.strip('/')}.tif" for name in names))
        texts = [pattern.text for pattern in propose_patterns(names)]
        nearest_preset(names)
        question_on(names)
        for each in (f"{text}.tif", *texts):
            try:
                pattern = NamePattern(each)
            except NamePatternError as error:
                assert str(error)
                continue
            paths = [Path(name) for name in names]
            images, unmatched = group_files(paths, pattern, Path())
            grouped = [part.path for image in images for part in image.parts]
            assert sorted([*grouped, *unmatched]) == sorted(paths)
            if images:
                composition_of(with_plates_of_folders(images, "x"), pattern)

    given = st.tuples(st.lists(NAMES, min_size=1, max_size=20) | COUNTED, PATTERNS | PRESETS)
    try_at_random(group, given, 50)
