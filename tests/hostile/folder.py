"""A folder that somebody sent: images, and beside them whatever a careless program runs or obeys.

Every module in it writes its name into a file elsewhere when it is run.
"""

import importlib.metadata
import sys
from pathlib import Path

MODULE = "with open({marks!r}, 'a') as file:\n    file.write(__name__ + chr(10))\n"
# Found by Python itself, by programs that run tests, and by the product.
BY_THEMSELVES = ("sitecustomize", "usercustomize", "conftest", "setup", "napari_image_classifier")
SETTINGS = {
    "matplotlibrc": "text.usetex: True\nbackend: module://numpy\nsavefig.dpi: 7\n",
    "keras.json": '{"backend": "jax", "floatx": "float64", "epsilon": 1}',
    ".keras/keras.json": '{"backend": "jax", "floatx": "float64", "epsilon": 1}',
    "hostile.pth": "import numpy\n",
    "pyvenv.cfg": "home = .\ninclude-system-site-packages = true\n",
    "python311._pth": ".\nimport site\n",
    "setup.cfg": "[tool:pytest]\naddopts = -p numpy\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-p numpy'\n",
    ".env": "PYTHONPATH=.\nPYTHONSTARTUP=numpy.py\nKERAS_BACKEND=jax\n",
    ".numba_config.yaml": "disable_jit: 1\n",
    "dask.yaml": "distributed:\n  client:\n    preload: [numpy]\n",
    "qt.conf": "[Paths]\nPlugins = .\n",
}


def make_hostile(folder: Path, marks: Path) -> Path:
    """Fill a folder with a module for every name that Python or an installed package imports.

    Parameters
    ----------
    folder
        The folder, which may hold files already.
    marks
        The file into which each module that is run writes its name.

    Returns
    -------
    Path
        The folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    program = MODULE.format(marks=str(marks))
    names = {*sys.stdlib_module_names, *importlib.metadata.packages_distributions(), *BY_THEMSELVES}
    for number, name in enumerate(sorted(name for name in names if name.isidentifier())):
        # Modules and packages by turns; both are found before those that are meant.
        if number % 2:
            (folder / name).mkdir(exist_ok=True)
            (folder / name / "__init__.py").write_text(program, encoding="utf-8")
        else:
            (folder / f"{name}.py").write_text(program, encoding="utf-8")
    for name, text in SETTINGS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def run_of(marks: Path) -> list[str]:
    """Return the names of the modules that were run."""
    return marks.read_text(encoding="utf-8").split() if marks.exists() else []
