"""Formats of microscopes that are not read here, and what a person does about each."""

_FOREIGN_FORMATS = {
    "Zeiss CZI": ("such as napari-czitools", (".czi",)),
    "Nikon ND2": ("such as napari-nikon-nd2", (".nd2",)),
    "Leica LIF": ("such as napari-bioio-reader", (".lif", ".lof", ".xlef")),
    "OME-Zarr": ("such as napari-ome-zarr", (".zarr",)),
    "Olympus": ("such as napari-bioio-reader", (".oib", ".oif", ".oir", ".vsi")),
    "Imaris": ("such as napari-imaris-loader", (".ims",)),
}
FOREIGN_SUFFIXES: dict[str, str] = {
    suffix: f"{name} files are not read here: open it in napari with a plugin for them "
    f"({example}) and classify its layers, or export it as OME-TIFF."
    for name, (example, suffixes) in _FOREIGN_FORMATS.items()
    for suffix in suffixes
}
