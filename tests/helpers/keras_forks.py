"""Programs that need Keras, each in a process forked from one that has loaded it.

    python keras_forks.py

reads requests on standard input, one line of JSON each, and answers each with one: the exit code
of the program. Loading Keras takes more seconds than most of the programs do. Whatever Keras
starts of its own, such as threads, it starts in the forked process: nothing is computed before.
"""

import atexit
import json
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

# macOS can't fork a process that uses its frameworks, and Windows none.
CAN_FORK = sys.platform == "linux"


class KerasForks:
    """The process that has loaded Keras, started when the first program is run."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server: subprocess.Popen[str] | None = None

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments, a program or ``-c`` and code first, to its end."""
        command = [str(argument) for argument in arguments]
        if not CAN_FORK:
            return subprocess.run(
                [sys.executable, *command], capture_output=True, encoding="utf-8", check=False
            )
        with (
            tempfile.NamedTemporaryFile(dir=self._folder) as stdout,
            tempfile.NamedTemporaryFile(dir=self._folder) as stderr,
        ):
            request = {"command": command, "stdout": stdout.name, "stderr": stderr.name}
            code = self._answer({**request, "environment": dict(os.environ)})
            said, told = (Path(one.name).read_text(encoding="utf-8") for one in (stdout, stderr))
        return subprocess.CompletedProcess(command, code, said, told)

    def succeed(self, *arguments: object) -> str:
        """Run Python as `run` does; it has to end well. Return what it wrote."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def answer(self, *arguments: object) -> Any:
        """Return what a program that has to end well wrote as its last line, JSON."""
        return json.loads(self.succeed(*arguments).splitlines()[-1])

    def close(self) -> None:
        """End the process."""
        if self._server is not None:
            self._server.communicate()

    def _answer(self, request: dict[str, Any]) -> int:
        if self._server is None:
            self._server = subprocess.Popen(
                [sys.executable, __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                encoding="utf-8",
            )
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.write(json.dumps(request) + "\n")
        self._server.stdin.flush()
        return int(json.loads(self._server.stdout.readline()))


def _run(request: dict[str, Any]) -> None:
    """Do in this process, which ends with it, what Python does with such a command."""
    for number, name in ((1, request["stdout"]), (2, request["stderr"])):
        os.dup2(os.open(name, os.O_WRONLY | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    program, *arguments = request["command"]
    if program == "-c":
        code, *arguments = arguments
        sys.argv = ["-c", *arguments]
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
    else:
        sys.argv = [program, *arguments]
        sys.path.insert(0, str(Path(program).parent))
        runpy.run_path(program, run_name="__main__")


def _answer(request: dict[str, Any]) -> int:
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 0
    try:
        _run(request)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - told as Python tells it
        code = 1
        traceback.print_exc()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def main() -> None:
    """Answer until nobody asks."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    # What is loaded here is not loaded again by every program.
    from napari_image_classifier.networks.backend import start_keras

    start_keras()
    for line in sys.stdin:
        print(_answer(json.loads(line)), file=answers, flush=True)


if __name__ == "__main__":
    main()
