"""cluster: real schedulers and workers, in processes of their own on this machine."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from helpers.manifests import read_manifest
from napari_image_classifier.batch.classify_folder import classify_folder
from napari_image_classifier.batch.dask_cluster import Cluster
from napari_image_classifier.batch.dask_tasks import FILES_PER_TASK, ClusterError
from napari_image_classifier.classifiers.manifest import manifest_path
from napari_image_classifier.images.image import Image, read_image
from napari_image_classifier.images.pixel_hash import PixelHash
from napari_image_classifier.images.tiff.writer import write_image

pytest.importorskip("distributed", reason="the extra “cluster” is not installed")

pytestmark = [
    pytest.mark.long,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:tornado"),
]

N_IMAGES = 5 * FILES_PER_TASK


def start(*command):
    """Start a part of Dask as a user does, and return it."""
    return subprocess.Popen(
        [sys.executable, "-m", "distributed.cli." + command[0], *command[1:]],
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "DASK_DISTRIBUTED__SCHEDULER__WORKER_SATURATION": "1.1"},
    )


@pytest.fixture(scope="module")
def scheduler():
    """The address of a scheduler without workers."""
    process = start(
        "dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--no-show"
    )
    address = next(line.split()[-1] for line in process.stderr if "Scheduler at:" in line)
    yield address
    process.kill()
    process.communicate()


@pytest.fixture
def workers(scheduler):
    """Two workers of one thread each."""
    started = [
        start("dask_worker", scheduler, "--nthreads", "1", "--no-dashboard", "--no-nanny")
        for _ in range(2)
    ]
    yield started
    for worker in started:
        worker.kill()
        worker.communicate()


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    """Some tasks full of images, and one that can't be read."""
    folder = tmp_path_factory.mktemp("screen")
    random = np.random.default_rng(5)
    for number in range(N_IMAGES):
        pixels = random.integers(0, 4000, (2, 40, 40)).astype(np.uint16)
        image = Image.from_array(pixels, "CYX", channel_names=("GFP", "DNA"))
        write_image(folder / f"{number:03}.tif", image)
    (folder / "broken.tif").write_bytes(b"II*\0 not really")
    return folder


@pytest.fixture(scope="module")
def whole(images, tiny_classifier_path, tmp_path_factory):
    """The table as this machine writes it without a cluster."""
    table = tmp_path_factory.mktemp("whole") / "predictions.csv"
    classify_folder(images, tiny_classifier_path, table)
    return table.read_bytes()


def test_the_table_is_the_one_without_a_cluster(
    images, whole, scheduler, workers, tiny_classifier_path, tmp_path
):
    """Byte for byte, whatever order the workers answer in."""
    table = tmp_path / "predictions.csv"
    result = classify_folder(
        images, tiny_classifier_path, table, predict=Cluster(scheduler).predict
    )
    assert (result.n_ok, result.n_errors) == (N_IMAGES, 1)
    assert table.read_bytes() == whole
    stored = read_manifest(manifest_path(table))
    assert stored["runs"][0]["threads"] is None
    assert 1 <= stored["runs"][0]["workers"]["number"] <= 2
    hashes = {item["pixels"] for entry in stored["files"] for item in entry["items"]}
    with read_image(images / "000.tif") as image:
        read = PixelHash(image)
        image.asarray()
    assert read.hexdigest() in hashes
    assert len(hashes - {""}) == N_IMAGES


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_worker_killed_in_the_middle_changes_nothing(
    images, whole, scheduler, workers, tiny_classifier_path, tmp_path
):
    """Its task is done again by the other one."""
    table = tmp_path / "predictions.csv"

    def kill_one(rows, done, total):
        if done >= N_IMAGES // 4 and workers[0].poll() is None:
            workers[0].send_signal(signal.SIGKILL)
            workers[0].wait()

    classify_folder(
        images,
        tiny_classifier_path,
        table,
        predict=Cluster(scheduler).predict,
        on_predictions=kill_one,
    )
    assert workers[0].returncode == -signal.SIGKILL
    assert table.read_bytes() == whole


def test_a_stop_is_heard(images, scheduler, workers, tiny_classifier_path, tmp_path):
    """Within a second or so, and the next run goes on."""
    table = tmp_path / "predictions.csv"
    seen = []
    result = classify_folder(
        images,
        tiny_classifier_path,
        table,
        predict=Cluster(scheduler).predict,
        on_predictions=lambda rows, done, total: seen.append(done),
        should_stop=lambda: len(seen) >= 3,
    )
    assert result.stopped
    assert 3 <= len(seen) < N_IMAGES


def test_no_scheduler_is_a_sentence(images, tiny_classifier_path, tmp_path, monkeypatch):
    """A wrong address is told as such, with the form of a right one."""
    monkeypatch.setattr("napari_image_classifier.batch.dask_cluster.SECONDS_TO_CONNECT", 1.0)
    with pytest.raises(ClusterError, match="can't be reached"):
        classify_folder(
            images,
            tiny_classifier_path,
            tmp_path / "predictions.csv",
            predict=Cluster("tcp://127.0.0.1:9").predict,
        )


def test_another_program_at_the_address_is_a_sentence():
    """What it says at once would be the length of a message of 3 EB."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                connection.recv(1024)

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(ClusterError, match="is no Dask scheduler, but another program"):
            Cluster(f"tcp://127.0.0.1:{server.getsockname()[1]}").connected()


def test_no_workers_is_a_sentence(scheduler, images, tiny_classifier_path, tmp_path, monkeypatch):
    """Waiting for ever would look like work."""
    monkeypatch.setattr(
        "napari_image_classifier.batch.dask_cluster.SECONDS_TO_WAIT_FOR_WORKERS", 0.5
    )
    time.sleep(1)
    with pytest.raises(ClusterError, match="has no workers"):
        classify_folder(
            images,
            tiny_classifier_path,
            tmp_path / "predictions.csv",
            predict=Cluster(scheduler).predict,
        )


@pytest.mark.parametrize(
    "address", ["127.0.0.1", " ", "http://a:8786", "tcp://a:b", "tcp://a:99999"]
)
def test_an_address_is_looked_at_before_anything_is_waited_for(address):
    """And the sentence has the form of a right one."""
    with pytest.raises(ClusterError, match="it looks like tcp://name:8786"):
        Cluster(address).connected()


def test_files_of_certificates_are_there(tmp_path):
    """All three of them."""
    with pytest.raises(ClusterError, match="There is no file"):
        Cluster("tls://127.0.0.1:8786", ca=tmp_path / "ca.pem").connected()
    (tmp_path / "ca.pem").touch()
    with pytest.raises(ClusterError, match="three files"):
        Cluster("tls://127.0.0.1:8786", ca=tmp_path / "ca.pem").connected()
    with pytest.raises(ClusterError, match="begins with tls://"):
        Cluster("tcp://127.0.0.1:8786", ca=tmp_path / "ca.pem").connected()
