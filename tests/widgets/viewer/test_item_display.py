"""Items shown one after another in the viewer."""

from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLineEdit

from helpers.keys import press
from helpers.objects import mask_of, noise
from napari_image_classifier.images.image import Image
from napari_image_classifier.images.tiff.writer import write_image
from napari_image_classifier.images.transforms import N_ORIENTATIONS, orientations_of
from napari_image_classifier.items.reading import read_items
from napari_image_classifier.items.selection import SelectionError
from napari_image_classifier.raters.shown_item import ItemReader, Rectangle
from napari_image_classifier.widgets.shared.class_keys import ClassKeys
from napari_image_classifier.widgets.viewer.item_display import OBJECT, ItemsAhead, ItemStage
from napari_image_classifier.widgets.viewer.navigation import camera_of

NAMES = ["GFP", "DNA"]


def items_of(folder, images, masks=(), **options):
    """The items of images that are written to a folder."""
    (folder / "images").mkdir()
    for number, (pixels, axes) in enumerate(images):
        image = Image.from_array(pixels, axes, channel_names=NAMES)
        write_image(folder / "images" / f"{number}.tif", image)
    if masks:
        (folder / "masks").mkdir()
        options["masks"] = folder / "masks"
    for number, mask in enumerate(masks):
        write_image(folder / "masks" / f"{number}.tif", Image.from_array(mask, "YX"))
    return read_items(folder / "images", annotated=False, **options).items


@pytest.fixture
def three(tmp_path):
    """Three images of noise, read."""
    items = items_of(tmp_path, [(noise(seed=seed), "CYX") for seed in range(3)])
    return [ItemReader().read(item) for item in items]


def test_all_planes_of_an_item_are_read(tmp_path):
    """Of a time point its stack, of a plane the plane."""
    stack = noise((3, 2, 4, 16, 16))
    for folder in "abc":
        (tmp_path / folder).mkdir()
    items = items_of(tmp_path / "a", [(stack, "TCZYX")], each="time")
    shown = ItemReader().read(items[1])
    assert items[1].selection == "t=1"
    np.testing.assert_array_equal(shown.channels[1], stack[1, 1])
    assert (shown.plane, shown.channel_names) == (2, ("GFP", "DNA"))
    items = items_of(tmp_path / "b", [(stack, "TCZYX")], each="plane")
    shown = ItemReader("plane").read(items[6])
    assert items[6].selection == "t=1,z=2"
    np.testing.assert_array_equal(shown.channels[0], stack[1, 0, 2])
    items = items_of(tmp_path / "c", [(stack, "TCZYX")])
    with pytest.raises(SelectionError, match="3 time points"):
        ItemReader().read(items[0])


def test_an_object_is_seen_with_what_is_around_it(tmp_path):
    """In its image, in a rectangle; or with its surroundings alone, cut off at the border."""
    items = items_of(tmp_path, [(noise(), "CYX")], [mask_of({1: (20, 30, 4), 7: (3, 60, 3)})])
    first, second = (ItemReader().read(item) for item in items)
    assert first.channels[0].shape == (64, 64)
    assert first.rectangle == Rectangle(14, 24, 27, 37)
    alone = first.with_surroundings()
    assert alone.channels[0].shape == (39, 39)
    np.testing.assert_array_equal(alone.channels[1], first.channels[1][1:40, 11:50])
    assert alone.rectangle == Rectangle(13, 13, 26, 26)
    assert second.with_surroundings().channels[0].shape[0] < 39


@pytest.mark.parametrize("orientation", range(N_ORIENTATIONS))
def test_an_item_is_turned_as_networks_see_it(tmp_path, orientation):
    """All eight ways, and the object stays in its rectangle."""
    items = items_of(tmp_path, [(noise((2, 40, 64)), "CYX")], [mask_of({5: (12, 30, 4)}, (40, 64))])
    shown = ItemReader().read(items[0])
    turned = shown.turned(orientation)
    batch = np.stack(shown.channels, axis=-1)[np.newaxis]
    (wanted,) = list(orientations_of(batch, N_ORIENTATIONS))[orientation]
    np.testing.assert_array_equal(np.stack(turned.channels, axis=-1), wanted)

    def inside(one):
        top, left, bottom, right = one.rectangle
        return np.sort(one.channels[0][top:bottom, left:right], axis=None)

    np.testing.assert_array_equal(inside(turned), inside(shown))


def test_what_a_person_set_stays(make_napari_viewer, three):
    """Contrast, gamma, colour and visibility stay for the next item, also a larger one."""
    viewer = make_napari_viewer()
    stage = ItemStage(viewer)
    stage.show(three[0])
    assert [layer.name for layer in viewer.layers] == NAMES
    gfp, dna = viewer.layers
    gfp.contrast_limits, gfp.gamma, dna.visible, gfp.colormap = (3, 77), 0.5, False, "red"
    camera_of(viewer).zoom = 7
    stage.show(three[1])
    assert viewer.layers[0] is gfp
    np.testing.assert_array_equal(gfp.data, three[1].channels[0])
    assert camera_of(viewer).zoom == 7
    stage.show(replace(three[2], channels=tuple(noise((2, 90, 70)))))
    gfp, dna = viewer.layers
    assert gfp.data.shape == (90, 70)
    assert (gfp.contrast_limits, gfp.gamma, gfp.colormap.name) == ([3, 77], 0.5, "red")
    assert not dna.visible


def test_contrast_suits_each_item_until_a_person_sets_it(make_napari_viewer, three):
    """Then it stays; limits that are given hold for all from the beginning."""
    viewer = make_napari_viewer()
    stage = ItemStage(viewer, limits={"DNA": (5.0, 500.0)})
    for shown in three[:2]:
        stage.show(replace(shown, contrast_limits=((0, shown.channels[0].max()),) * 2))
        gfp, dna = viewer.layers
        assert gfp.contrast_limits == [0, shown.channels[0].max()]
        assert dna.contrast_limits == [5, 500]
    gfp.contrast_limits = (7, 70)
    stage.show(three[2])
    assert gfp.contrast_limits == [7, 70]
    brighter = replace(three[0], contrast_limits=((0.0, 9000.0),) * 2)
    fresh = ItemStage(viewer)
    fresh.show(three[1])
    fresh.show(brighter)
    assert viewer.layers[-1].contrast_limits_range[1] >= 9000


def test_other_layers_are_out_of_sight_and_come_back(make_napari_viewer, three):
    """What a person had open is neither shown nor lost; what was hidden stays so."""
    viewer = make_napari_viewer()
    own, hidden = viewer.add_image(noise()[0]), viewer.add_image(noise()[0], visible=False)
    stage = ItemStage(viewer)
    stage.show(three[0])
    assert not own.visible
    stage.leave()
    assert list(viewer.layers) == [own, hidden]
    assert (own.visible, hidden.visible) == (True, False)


def test_objects_are_framed_one_after_another(make_napari_viewer, tmp_path):
    """The image stays, the frame and the camera move."""
    items = items_of(tmp_path, [(noise(), "CYX")], [mask_of({1: (20, 30, 4), 7: (50, 12, 6)})])
    viewer = make_napari_viewer()
    stage, reader = ItemStage(viewer), ItemReader()
    stage.show(reader.read(items[0]))
    stage.show(reader.read(items[1]))
    assert [layer.name for layer in viewer.layers] == [*NAMES, OBJECT]
    np.testing.assert_allclose(camera_of(viewer).center[-2:], (50, 12))
    assert viewer.layers.selection.active is not viewer.layers[OBJECT]


def test_items_are_read_ahead(make_napari_viewer, qtbot, tmp_path):
    """Those that are wanted are at hand, a damaged one with its sentence; others are let go."""
    items = items_of(tmp_path, [(noise(seed=seed), "CYX") for seed in range(3)])
    items[1].image.parts[0].path.write_bytes(b"II*\0")
    viewer = make_napari_viewer()
    ahead = ItemsAhead(ItemReader().read, viewer.window._qt_window)
    keys = [item.key for item in items]
    ahead.want(dict(zip(keys, items, strict=True)))
    qtbot.waitUntil(lambda: ahead.get(keys[2]) is not None)
    assert ahead.get(keys[0]) is not None
    assert "1.tif" in ahead.why_not(keys[1])
    ahead.want({keys[0]: items[0]})
    assert ahead.get(keys[2]) is None


def test_keys_come_before_the_viewers_own(make_napari_viewer, qtbot, three):
    """Whatever has the focus, but for a text that is being written."""
    viewer = make_napari_viewer(show=True)
    ItemStage(viewer).show(three[0])
    text = QLineEdit()
    viewer.window.add_dock_widget(text)
    heard = []
    keys = ClassKeys(text)
    keys.chosen.connect(heard.append)
    keys.cannot_tell.connect(lambda: heard.append("cannot tell"))
    keys.skipped.connect(lambda: heard.append("next"))
    keys.undone.connect(lambda: heard.append("undo"))
    keys.listen()
    pressed = [Qt.Key.Key_2, Qt.Key.Key_9, Qt.Key.Key_0, Qt.Key.Key_Space, Qt.Key.Key_Backspace]
    for key in pressed:
        press(viewer, qtbot, key)
    assert heard == [1, 8, "cannot tell", "next", "undo"]
    assert viewer.layers[0].mode == "pan_zoom"
    press(viewer, qtbot, Qt.Key.Key_7, text)
    assert (text.text(), len(heard)) == ("7", len(pressed))
    keys.listen(False)
    press(viewer, qtbot, Qt.Key.Key_2)
    assert len(heard) == len(pressed)
