"""OME descriptions that say something else: an image or one kind of error, soon, in little memory.

`FUZZ_SECONDS=1800 pytest tests/fuzz/test_descriptions.py` looks further than the usual run.
"""

from copy import deepcopy
from xml.etree import ElementTree

from hypothesis import strategies as st

from helpers.fuzzing import LONG, try_at_random
from hostile.image_sizes import ome, plain, tiff
from napari_image_classifier.images.discovery import find_images
from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.read_errors import ImageReadError

# With all that is read of a description.
GOOD = ome(
    '<Channel ID="Channel:0:0" SamplesPerPixel="1" Name="DNA" Fluor="DAPI" Color="-1"/>'
    '<Channel ID="Channel:0:1" SamplesPerPixel="1" Name="GFP"/>'
    '<TiffData FirstC="0" FirstT="0" FirstZ="0" IFD="0" PlaneCount="1"/>'
    '<TiffData FirstC="1" IFD="0" NumPlanes="1"><UUID FileName="a.ome.tif">urn:uuid:1</UUID>'
    '</TiffData><Plane TheZ="0" TheC="0" TheT="0"/>',
    sizes={"SizeC": 2, "PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "Interleaved": "false"},
    more='<AcquisitionDate>2026-11-23T10:00:00</AcquisitionDate><StageLabel Name="A01-Site_0"/>'
    '<AnnotationRef ID="Annotation:0"/>',
    before='<StructuredAnnotations><XMLAnnotation ID="Annotation:0" Namespace="x/modulo"><Value>'
    '<Modulo><ModuloAlongC Type="lifetime" Start="0" End="1" Step="1"/></Modulo></Value>'
    "</XMLAnnotation></StructuredAnnotations>",
    after='<Plate ID="Plate:0" Name="p" Rows="8" Columns="12"><Well Row="1" Column="2"><WellSample '
    'Index="0"><ImageRef ID="Image:0"/></WellSample></Well></Plate>',
)
WORDS = (
    "", "0", "1", "2", "-1", "7", "1000", "1000000", "1000000000", "9" * 25, "9" * 5000, "1e9",
    "1e-9", "nan", "inf", "-inf", "٣", " 5 ", "0x10", "XYZCT", "XYCZT", "TZCYX", "uint8", "true",
    "Image:0", "Annotation:0", "urn:uuid:1", "a.ome.tif", "b.ome.tif", "../a.ome.tif", "/dev/zero",
    "x" * 3000, "lifetime", "µm", "\u202e",
)  # fmt: skip
KEYS = (
    "SizeX", "SizeY", "SizeZ", "SizeC", "SizeT", "DimensionOrder", "SamplesPerPixel", "IFD",
    "FirstC", "FirstT", "FirstZ", "NumPlanes", "PlaneCount", "Start", "End", "Step", "Row",
    "Column", "ID", "FileName", "UUID", "MetadataFile", "Type", "Color", "Name",
)  # fmt: skip
MOST_ELEMENTS = 5000
PLACES = st.integers(0, 60)
CHANGES = st.one_of(
    st.tuples(st.just("say"), PLACES, st.sampled_from(KEYS), st.sampled_from(WORDS)),
    st.tuples(st.just("again"), PLACES, st.sampled_from([1, 2, 30, 1000]), st.just("")),
    st.tuples(st.just("within"), PLACES, PLACES, st.just("")),
    st.tuples(st.just("without"), PLACES, st.just(""), st.just("")),
    st.tuples(st.just("text"), PLACES, st.just(""), st.sampled_from(WORDS)),
    st.tuples(st.just("tag"), PLACES, st.just(""), st.sampled_from(["Pixels", "Image", "BinaryOnly",
                                                                    "UUID", "TiffData"])),
)  # fmt: skip


def changed(changes):
    """The good description with elements that say other things, stand again, or aren't there."""
    root = ElementTree.fromstring(GOOD)
    for kind, place, what, word in changes:
        every = list(root.iter())
        one = every[place % len(every)]
        above = next((each for each in every if one in list(each)), None)
        if kind == "say":
            # Rather something that it says than a new thing.
            known = [*one.attrib, what]
            one.set(what if what in one.attrib else known[place % len(known)], word)
        elif kind == "again" and above is not None:
            # What stands again within what stands again would be millions.
            above.extend([one] * min(what, MOST_ELEMENTS // len([*one.iter(), *every])))
        elif kind == "within":
            if len(every) < MOST_ELEMENTS:
                one.append(deepcopy(every[what % len(every)]))
        elif kind == "without" and above is not None:
            above.remove(one)
        elif kind == "text":
            one.text = word
        elif kind == "tag":
            one.tag = one.tag.rsplit("}", 1)[0] + "}" + word
    return ElementTree.tostring(root)


@LONG
def test_what_a_description_says_is_understood_or_refused(tmp_path):
    """Nothing but an image or an `ImageReadError` comes out, and the folder can be listed."""
    path = tmp_path / "a.ome.tif"

    def read(changes):
        path.write_bytes(tiff({**plain(), 270: (2, changed(changes) + b"\0")}))
        find_images(tmp_path)
        try:
            with read_image(path) as image:
                pixels = image.asarray()
            assert pixels.shape == image.shape
        except ImageReadError as error:
            assert "a.ome.tif" in str(error)
            assert len(str(error)) < 1000

    try_at_random(read, st.lists(CHANGES, min_size=1, max_size=4), 80)
