"""Qt widgets and threads that know neither napari nor images."""
