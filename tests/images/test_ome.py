"""OME-TIFF files: which of the described images they are, and its plate, well, site and day."""

import os
import shutil
import sys

import numpy as np
import pytest
import tifffile

from napari_image_classifier.images.image import read_image
from napari_image_classifier.images.ome import companion_name, files_of_image, plate_fields
from napari_image_classifier.images.read_errors import ImageReadError
from napari_image_classifier.items.reading import read_items

PLATE = """<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">
  <Plate ID="Plate:0" Name="screen 7">
    <Well ID="Well:0" Row="1" Column="10">
      <WellSample ID="WellSample:0" Index="0"/>
      <WellSample ID="WellSample:1" Index="1"><ImageRef ID="Image:0"/></WellSample>
    </Well>
  </Plate>
  <Image ID="Image:0" Name="field">
    <AcquisitionDate>2026-03-09T14:30:00</AcquisitionDate>
    <Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="8" SizeY="8" SizeC="1"
            SizeZ="1" SizeT="1"><TiffData/></Pixels>
  </Image>
</OME>"""


@pytest.fixture
def image(tmp_path):
    """An OME-TIFF that says where on a plate it was taken."""
    path = tmp_path / "one.ome.tif"
    tifffile.imwrite(path, np.zeros((8, 8), np.uint8), description=PLATE, metadata=None)
    return path


def test_the_description_says_the_place(image):
    """As a name pattern would."""
    assert plate_fields(image) == {
        "plate": "screen 7", "well": "B11", "site": "2", "day": "2026-03-09",
    }  # fmt: skip


def test_items_carry_it(image):
    """So that a well can be a group, with a name pattern or without."""
    (item,) = read_items(image.parent, group="well").items
    assert (item.group, item.columns["plate"]) == ("B11", "screen 7")
    (item,) = read_items(image.parent, pattern="{name}.ome.tif").items
    assert (item.columns["name"], item.columns["well"]) == ("one", "B11")


def test_without_a_plate_nothing_is_said(tmp_path):
    """An ordinary OME-TIFF, and one that is damaged."""
    plain = tmp_path / "plain.ome.tif"
    tifffile.imwrite(plain, np.zeros((8, 8), np.uint8))
    assert plate_fields(plain) == {}
    (tmp_path / "bad.ome.tif").write_bytes(b"no image")
    assert len(read_items(tmp_path).items) == 2


CHANNEL = '<Channel ID="Channel:{0}:{1}" Name="{2}" SamplesPerPixel="1"/>'
DATA = '<TiffData FirstC="{c}" FirstZ="{z}" IFD="{ifd}" PlaneCount="1">{uuid}</TiffData>'
UUID = '<UUID FileName="{0}">urn:uuid:{0}</UUID>'
PLACE = '<Plate ID="Plate:0" Name="P1">{}</Plate>'
HEAD = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"{}>'


def described(images, *, plate="", uuid="", n_z=1):
    """Return OME-XML of images, for each of which is given where each plane lies: file and IFD."""
    texts = []
    for number, planes in enumerate(images):
        data = "".join(
            DATA.format(c=i // n_z, z=i % n_z, ifd=ifd, uuid=UUID.format(file) if file else "")
            for i, (file, ifd) in enumerate(planes)
        )
        channels = "".join(
            CHANNEL.format(number, c, f"{stain} {number}")
            for c, stain in enumerate(("DNA", "GFP")[: len(planes) // n_z])
        )
        texts.append(
            f'<Image ID="Image:{number}" Name="field {number}"><Pixels ID="Pixels:{number}" '
            f'DimensionOrder="XYZCT" Type="uint16" SizeX="9" SizeY="8" '
            f'SizeC="{len(planes) // n_z}" SizeZ="{n_z}" SizeT="1">{channels}{data}'
            "</Pixels></Image>"
        )
    root = f' UUID="urn:uuid:{uuid}"' if uuid else ""
    return HEAD.format(root) + plate + "".join(texts) + "</OME>"


def write(path, values, description):
    """Write a page for each value."""
    stored = np.stack([np.full((8, 9), value, np.uint16) for value in values])
    tifffile.imwrite(path, stored, description=description, metadata=None, photometric="minisblack")


def values(path):
    """Return the value of every plane of an image."""
    with read_image(path) as image:
        return image.asarray()[..., 0, 0].ravel().tolist()


FILES = ["a.ome.tif", "b.ome.tif", "c.ome.tif"]
PLANES = [[(file, 0), (file, 1)] for file in FILES]


def write_images(folder, **options):
    """Three images of two channels, each in a file of its own, and each file describes all."""
    for number, file in enumerate(FILES):
        text = described(PLANES, **{"uuid": file, **options})
        write(folder / file, [10 * number, 10 * number + 1], text)


@pytest.mark.parametrize(
    "options", [{}, {"uuid": ""}, {"uuid": "a.ome.tif"}], ids=["proper", "no UUID", "one UUID"]
)
def test_a_file_is_its_own_image_with_or_without_the_others(tmp_path, options):
    """Whatever is said of UUIDs; the other images may lie anywhere else."""
    write_images(tmp_path, **options)
    (tmp_path / "alone").mkdir()
    for number, file in enumerate(FILES):
        alone = shutil.copy(tmp_path / file, tmp_path / "alone" / file)
        for path in (tmp_path / file, alone):
            assert values(path) == [10 * number, 10 * number + 1]
            with read_image(path) as image:
                assert (image.axes, image.assumptions) == ("CYX", ())
                assert image.channel_names == (f"DNA {number}", f"GFP {number}")
            assert plate_fields(path) == {"position": f"field {number}"}
            assert files_of_image(path) == (file,)
        alone.unlink()


def test_a_renamed_file_is_known_by_its_uuid(tmp_path):
    """Without one, its name is asked for."""
    write_images(tmp_path)
    (tmp_path / "b.ome.tif").rename(tmp_path / "mitosis.ome.tif")
    assert values(tmp_path / "mitosis.ome.tif") == [10, 11]
    write_images(tmp_path, uuid="")
    (tmp_path / "b.ome.tif").rename(tmp_path / "apoptosis.ome.tif")
    with pytest.raises(ImageReadError, match="give it back the name"):
        read_image(tmp_path / "apoptosis.ome.tif")
    write(tmp_path / "d.ome.tif", [5, 6], described([[("d.ome.tif", 0), ("d.ome.tif", 1)]]))
    (tmp_path / "d.ome.tif").rename(tmp_path / "e.ome.tif")
    assert values(tmp_path / "e.ome.tif") == [5, 6]


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text there")
def test_a_file_may_have_a_name_that_is_no_text(tmp_path):
    """XML can't."""
    write_images(tmp_path)
    path = (tmp_path / "a.ome.tif").rename(tmp_path / os.fsdecode(b"caf\xe9 \xff.ome.tif"))
    assert values(path) == [0, 1]


def test_the_files_of_the_own_image_are_needed(tmp_path):
    """Two images in two files each, of which one file is missing."""
    planes = [[("a.ome.tif", 0), ("b.ome.tif", 0)], [("c.ome.tif", 0), ("d.ome.tif", 0)]]
    for number, file in enumerate(("a.ome.tif", "b.ome.tif", "c.ome.tif", "d.ome.tif")):
        write(tmp_path / file, [number], described(planes, uuid=file, n_z=2))
    (tmp_path / "a.ome.tif").unlink()
    with pytest.raises(ImageReadError, match=r"a\.ome\.tif is missing"):
        read_image(tmp_path / "b.ome.tif")
    assert values(tmp_path / "c.ome.tif") == values(tmp_path / "d.ome.tif") == [2, 3]


def test_images_of_a_plate_have_their_wells(tmp_path):
    """Also where the description is a file of its own, and each TIFF has one well."""
    wells = "".join(
        f'<Well ID="Well:{n}" Row="{n}" Column="1"><WellSample ID="W:{n}" Index="0">'
        f'<ImageRef ID="Image:{n}"/></WellSample></Well>'
        for n in range(3)
    )
    text = described(PLANES, plate=PLACE.format(wells), uuid="plate")
    (tmp_path / "plate.companion.ome").write_text(text, encoding="utf-8")
    only = '<BinaryOnly MetadataFile="plate.companion.ome" UUID="urn:uuid:plate"/></OME>'
    for number, file in enumerate(FILES):
        head = HEAD.format(f' UUID="urn:uuid:{file}"')
        write(tmp_path / file, [10 * number, 10 * number + 1], head + only)
    for number, file in enumerate(FILES):
        assert values(tmp_path / file) == [10 * number, 10 * number + 1]
        fields = plate_fields(tmp_path / file)
        assert (fields["plate"], fields["well"]) == ("P1", f"{'ABC'[number]}02")
        assert companion_name(tmp_path / file) == "plate.companion.ome"
    (tmp_path / "a.ome.tif").unlink()
    assert values(tmp_path / "c.ome.tif") == [20, 21]


def test_several_images_in_the_file_itself_are_said(tmp_path):
    """The first of its own is used, not the first of all."""
    planes = [[("a.ome.tif", 0)], [("b.ome.tif", 0)], [("b.ome.tif", 1)]]
    write(tmp_path / "b.ome.tif", [7, 8], described(planes, uuid="b.ome.tif"))
    with read_image(tmp_path / "b.ome.tif") as image:
        assert image.asarray().max() == 7
        assert "holds 2 images" in image.assumptions[0]


@pytest.mark.parametrize(
    "change",
    [
        ('PlaneCount="1"', 'PlaneCount="2000000000"'),
        ('SizeZ="1"', 'SizeZ="2000000000"'),
        ('FirstZ="0"', 'FirstZ="2000000000"'),
        ("<Image ", '<StructuredAnnotations><XMLAnnotation Namespace="openmicroscopy.org/omero/'
         'dimension/modulo" ID="Annotation:0"><Value><Modulo><ModuloAlongZ Type="other" Start="0" '
         'End="1e12" Step="1"/></Modulo></Value></XMLAnnotation></StructuredAnnotations><Image '),
    ],
)  # fmt: skip
def test_a_description_of_more_than_there_is_is_refused(tmp_path, change):
    """Lists of that length would fill the memory."""
    text = described([[("a.ome.tif", 0)]]).replace(*change)
    write(tmp_path / "a.ome.tif", [1], text)
    with pytest.raises(ImageReadError, match="far more than") as refusal:
        read_image(tmp_path / "a.ome.tif")
    assert refusal.value.code == "out-of-proportion"


def test_a_description_with_entities_is_refused(tmp_path):
    """They may grow without end."""
    text = '<?xml version="1.0"?><!DOCTYPE OME [<!ENTITY a "aaaaaaaa">]>' + described(PLANES[:1])
    write(tmp_path / "a.ome.tif", [1, 2], text)
    with pytest.raises(ImageReadError, match="defines entities"):
        read_image(tmp_path / "a.ome.tif")
