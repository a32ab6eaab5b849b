"""The table of speeds: ours, the peers, the bound, and their ratios.

    python benchmarks/bench.py [--parts folder,start,memory,training,cluster] [--json FILE]

Contenders are measured by turns in one run, five rounds each; the median and the spread are shown.
Run it on a quiet machine: compare ratios, never figures of two runs.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import cluster_speed
import folder_speed
import memory
import start_up
import training_speed
from rows import Row


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", default="start,memory,cluster,folder,training")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--pytorch-python", default=sys.executable)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    parts: dict[str, Callable[[], list[Row]]] = {
        "start": start_up.measure,
        "memory": memory.measure,
        "cluster": cluster_speed.measure,
        "folder": lambda: folder_speed.measure(given.data),
        "training": lambda: training_speed.measure(given.data, given.pytorch_python),
    }
    rows = []
    for name in given.parts.split(","):
        for row in parts[name]():
            rows.append(row)
            print("\n".join(row.lines()), flush=True)
    if given.json is not None:
        machine = {"processors": os.cpu_count(), "platform": platform.platform()}
        content = {"machine": machine, "rows": [row.to_json() for row in rows]}
        given.json.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
