"""Presets: every one names its source and describes the names that stand there."""

from pathlib import Path

import pytest

from napari_image_classifier.images.names.patterns import PRESETS, NamePattern
from napari_image_classifier.images.names.presets import NAME_PRESETS

WANTED = {
    "CellVoyager", "ImageXpress", "MetaMorph", "Cytation", "IN Cell", "scan^R", "Operetta", "Leica",
    "Nikon", "ZEN", "Micro-Manager 2", "Incucyte", "Keyence",
}  # fmt: skip


def test_every_microscope_has_a_preset_and_every_preset_a_source():
    """Without a documented layout none is shipped."""
    assert {preset.family for preset in NAME_PRESETS} >= WANTED
    for preset in NAME_PRESETS:
        assert preset.source.address.startswith(("https://", "http://"))
        assert preset.source.title
    assert {preset.microscope: preset.pattern for preset in NAME_PRESETS} == PRESETS
    assert len(PRESETS) == len(NAME_PRESETS)


@pytest.mark.parametrize("preset", NAME_PRESETS, ids=lambda preset: preset.microscope)
def test_the_preset_fits_the_names_of_its_source(preset):
    """All of them, with the folders that they stand in."""
    for name in preset.examples:
        assert NamePattern(preset.pattern).match(name) is not None


@pytest.mark.parametrize(
    ("preset", "name", "fields"),
    [
        ("CellVoyager", "AssayPlate_Greiner_#655090_C02_T0001F001L01A02Z03C04.tif",
         {"plate": "AssayPlate_Greiner_#655090", "well": "C02", "time": "0001", "site": "001",
          "z": "03", "channel": "04"}),
        ("CellVoyager", "P_A01.b3_T0001F001L01A01Z01C01.tif",
         {"plate": "P", "well": "A01.b3", "time": "0001", "site": "001", "z": "01",
          "channel": "01"}),
        ("ImageXpress", "val screen_B02_s1_w1A52B1177-9DC7-4534-9623-9DCA396EFA00.tif",
         {"plate": "val screen", "well": "B02", "site": "1", "channel": "1"}),
        ("Cytation", "A1_01_1_2_Bright Field_003.tif",
         {"well": "A1", "step": "01", "site": "2", "channel": "Bright Field", "time": "003"}),
        ("IN Cell, planes", "A - 01(fld 1 wv Green - dsRed z 3).tif",
         {"well": "A - 01", "site": "1", "channel": "Green - dsRed", "z": "3"}),
        ("scan^R", "B4--W00016--P00003--Z00002--T00001--Alexa 488.tif",
         {"well": "B4", "site": "00003", "z": "00002", "time": "00001", "channel": "Alexa 488"}),
        ("Incucyte", "MySample1_A1_1_2021y08m06d_11h39m.tif",
         {"name": "MySample1", "well": "A1", "site": "1", "time": "2021y08m06d_11h39m"}),
        ("MetaMorph, acquisition", "exp1_w1CSU_405_s1_t2.TIF",
         {"name": "exp1", "channel": "1CSU_405", "site": "1", "time": "2"}),
        ("Keyence", "1_XY02_00001_Z003_CH4.tif",
         {"name": "1", "site": "02", "tile": "00001", "z": "003", "channel": "4"}),
        ("Micro-Manager 1.4", "img_000000005_DAPI_002.tif",
         {"time": "000000005", "channel": "DAPI", "z": "002"}),
    ],
)  # fmt: skip
def test_the_preset_knows_what_each_part_of_a_name_means(preset, name, fields):
    """Wells, sites, planes, times and channels, and nothing of what is ignored."""
    assert NamePattern(PRESETS[preset]).match(name) == fields


def test_the_docs_list_every_preset_with_its_source():
    """In the same words."""
    page = (Path(__file__).parents[3] / "docs" / "images.md").read_text(encoding="utf-8")
    for preset in NAME_PRESETS:
        source = f"[{preset.source.title}]({preset.source.address})"
        assert f"| {preset.microscope} | `{preset.pattern}` | {source} |" in page
