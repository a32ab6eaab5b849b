"""Which layers are one image, which channel is which, and the pixels; no viewer anywhere."""

import numpy as np
import pytest
from napari.layers import Image as ImageLayer

from napari_image_classifier.images.display import METADATA_KEY
from napari_image_classifier.widgets.viewer.layers import (
    LayersError,
    as_image,
    group_layers,
    match,
    open_layer,
    parsed_name,
)

GFP_DNA = ("GFP", "DNA")


def layer(name, shape=(8, 9), **options):
    """Return the snapshot of a layer whose pixels are all different."""
    data = options.pop("data", np.arange(np.prod(shape), dtype=np.uint16).reshape(shape))
    file = options.pop("file", None)
    made = ImageLayer(data, name=name, **options)
    if file:
        made.metadata[METADATA_KEY] = {"path": file}
    return open_layer(made)


def names(images):
    """Return the images' names with those of their layers."""
    return {image.name: [each.name for each in image.layers] for image in images}


def test_layers_of_one_file_are_one_image():
    """Whatever the layers are called by now."""
    layers = [layer("a", file="/x/1.tif"), layer("b", file="/x/2.tif"), layer("c", file="/x/1.tif")]
    assert names(group_layers(layers, GFP_DNA)) == {"1.tif": ["a", "c"], "2.tif": ["b"]}


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("cell [GFP]", "cell [DNA]"),
        ("cell GFP", "cell dna"),
        ("GFP_cell", "DNA_cell"),
        ("C1-cell", "C2-cell"),
        ("cell", "cell [1]"),
        ("cell layer 0", "cell layer 1"),
    ],
)
def test_layers_whose_names_differ_by_the_channel_are_one_image(first, second):
    """As napari, ImageJ and people name channels."""
    layers = [layer(first), layer(second), layer("other", (3, 3))]
    images = group_layers(layers, GFP_DNA)
    assert names(images) == {"cell": [first, second], "other": ["other"]}
    assert match(images[0], GFP_DNA, True) == (0, 1)


def test_layers_named_like_the_channels_are_one_image():
    """Two layers GFP and DNA need no common name."""
    images = group_layers([layer("DNA"), layer("gfp")], GFP_DNA)
    assert names(images) == {"DNA + gfp": ["DNA", "gfp"]}
    assert match(images[0], GFP_DNA, True) == (1, 0)


def test_a_file_opened_twice_is_two_images():
    """A channel that comes again begins another image."""
    layers = [layer(name, file="/x/a.tif") for name in
              ("a [GFP]", "a [DNA]", "a [GFP] [1]", "a [DNA] [1]")]  # fmt: skip
    assert names(group_layers(layers, GFP_DNA)) == {
        "a.tif": ["a [GFP]", "a [DNA]"],
        "a.tif (2)": ["a [GFP] [1]", "a [DNA] [1]"],
    }


def test_layers_of_different_shape_are_different_images():
    """A name in common is not enough."""
    images = group_layers([layer("cell GFP", (8, 9)), layer("cell DNA", (5, 5))], GFP_DNA)
    assert len(images) == 2


def test_every_layer_is_an_image_for_a_classifier_of_one_channel():
    """Nothing is put together that would not be used."""
    images = group_layers([layer("cell"), layer("cell [1]")], ("Channel 1",))
    assert [match(image, ("Channel 1",), False) for image in images] == [(0,), (0,)]


def test_two_single_layers_make_an_image_of_two_channels():
    """Names that say nothing: the order counts, and a person can change it."""
    (image,) = group_layers([layer("w1"), layer("w2")], GFP_DNA)
    assert match(image, GFP_DNA, True) == (0, 1)


def test_channels_of_other_names_are_left_to_the_person():
    """A missing channel is never guessed."""
    (image,) = group_layers([layer("cell [GFP]"), layer("cell [Actin]")], GFP_DNA)
    assert match(image, GFP_DNA, True) == (0, None)


def test_rgb_layers_are_red_green_and_blue():
    """Each colour is a channel of the image."""
    pixels = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)
    (image,) = group_layers([layer("photo", data=pixels, rgb=True)], ("green",))
    assert match(image, ("green",), True) == (1,)
    read = as_image("photo", [image.channels[1]], ("green",))
    np.testing.assert_array_equal(read.plane(), pixels[..., 1])


def test_named_axes_need_no_question():
    """Time and planes are told apart by their labels, in any order of channels."""
    layers = [layer(f"cell [{name}]", (2, 3, 4, 5), axis_labels=("t", "z", "y", "x"))
              for name in ("DNA", "GFP")]  # fmt: skip
    (image,) = group_layers(layers, GFP_DNA)
    chosen = [image.channels[i] for i in match(image, GFP_DNA, True)]
    read = as_image("cell", chosen, GFP_DNA)
    assert (read.axes, read.shape) == ("TCZYX", (2, 2, 3, 4, 5))
    np.testing.assert_array_equal(
        read.plane(time=1, channel=0, z=2), np.asarray(layers[1].data)[1, 2]
    )


def test_an_axis_without_a_name_is_asked_for():
    """Planes, time points or channels: the layer does not say."""
    stack = layer("stack", (3, 4, 5))
    (asked,) = group_layers([stack])
    assert (asked.unknown_axes, asked.channels) == (1, ())
    (planes,) = group_layers([stack], meanings={1: "Z"})
    assert as_image("stack", planes.channels, ("DNA",)).n_z == 3
    (times,) = group_layers([stack], meanings={1: "T"})
    assert as_image("stack", times.channels, ("DNA",)).n_times == 3
    (channels,) = group_layers([stack], GFP_DNA, {1: "C"})
    read = as_image("stack", channels.channels[1:], ("b", "c"))
    np.testing.assert_array_equal(read.plane(channel=1), stack.data[2])


def test_an_axis_of_length_one_means_nothing():
    """It needs no question and is left out."""
    (image,) = group_layers([layer("flat", (1, 4, 5))])
    assert as_image("flat", image.channels, ("DNA",)).shape == (1, 4, 5)
    assert as_image("flat", image.channels, ("DNA",)).axes == "CYX"


def test_lazy_layers_are_read_plane_by_plane():
    """Only the plane that is asked for is computed."""
    import dask.array as da

    computed = []

    def load(block_info=None):
        computed.append(block_info[None]["chunk-location"][0])
        return np.full((1, 4, 5), computed[-1], np.uint16)

    lazy = da.map_blocks(load, chunks=((1,) * 6, (4,), (5,)), dtype=np.uint16, meta=np.empty(()))
    opened = layer("big", data=lazy, contrast_limits=(0, 9), axis_labels=("z", "y", "x"))
    (image,) = group_layers([opened])
    read = as_image("big", image.channels, ("DNA",))
    computed.clear()
    assert read.plane(z=4).max() == 4
    assert computed == [4]


def test_layers_that_do_not_fit_are_refused():
    """Chosen by hand, two layers may differ in what they are."""
    flat, stack = group_layers([layer("a", (4, 5)), layer("b", (3, 4, 5))], meanings={1: "Z"})
    with pytest.raises(LayersError, match="differ in shape"):
        as_image("a", [flat.channels[0], stack.channels[0]], GFP_DNA)


def test_layers_of_other_images_can_be_chosen_too():
    """Where the grouping went wrong, a person puts it right."""
    images = group_layers([layer("a"), layer("b"), layer("c", (2, 2))], GFP_DNA)
    assert [choice.layer.name for choice in images[0].choices] == ["a", "b"]


def test_a_whole_image_needs_no_layers_of_others():
    """The list of choices stays short, however many images are open."""
    layers = [layer(f"{well} [{channel}]") for well in "abc" for channel in GFP_DNA]
    assert [len(image.choices) for image in group_layers(layers, GFP_DNA)] == [2, 2, 2]


def test_a_pyramid_counts_by_its_finest_level():
    """A multiscale layer is one image."""
    levels = [np.zeros((16, 16)), np.zeros((8, 8))]
    (image,) = group_layers([layer("pyramid", data=levels, multiscale=True)])
    assert image.layers[0].shape == (16, 16)


def test_numbers_in_brackets_are_channels_where_the_classifier_has_them():
    """Wavelengths; else napari tells layers of one name apart by such numbers."""
    assert parsed_name("cell [405]", ("405", "488")) == ("cell", "405")
    assert parsed_name("cell [1]", ("Channel 1", "Channel 2")) == ("cell", "")
    assert parsed_name("cell [1]", ("1", "2")) == ("cell", "")


def test_channels_are_matched_as_was_said():
    """What was said counts where the image has it, and the rest is left to the person."""
    (image,) = group_layers([layer(f"cell [Exc {number}]") for number in (405, 488)])
    assert match(image, ("GFP", "DNA"), True, {"DNA": "exc 405", "GFP": "Exc 488"}) == (1, 0)
    assert match(image, ("GFP", "DNA"), True, {"DNA": "Exc 405"}) == (None, 0)
