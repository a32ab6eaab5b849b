#!/bin/sh
# Fetches the system libraries that Qt and OpenGL need on a Debian or Ubuntu without a desktop.
# Does nothing where they are there, and says what to do where it can't fetch them.
set -eu

packages="xvfb xauth libgl1 libegl1 libglib2.0-0 libdbus-1-3 libfontconfig1 libxkbcommon0
libxkbcommon-x11-0 libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0
libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1"

[ "$(uname -s)" = Linux ] || exit 0
if ! command -v dpkg-query >/dev/null 2>&1; then
    command -v xvfb-run >/dev/null 2>&1 || [ -n "${DISPLAY:-}" ] ||
        echo "There is no display: install Xvfb and the XCB libraries of Qt with your package manager." >&2
    exit 0
fi

missing=""
for package in $packages; do
    # Newer releases add t64 to some names and provide the old one.
    dpkg-query -W -f '${Status} ${Provides}\n' "$package" "${package}t64" 2>/dev/null |
        grep -q "install ok installed" || missing="$missing $package"
done
# Debian's own Python comes without the means to make a virtual environment.
"${PYTHON:-python3}" -c "import ensurepip" 2>/dev/null || missing="$missing python3-venv"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" = 0 ]; then
    run=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    run="sudo"
else
    echo "Missing system libraries; install them with: sudo apt-get install$missing" >&2
    exit 0
fi
echo "Fetching system libraries:$missing"
$run apt-get update -q
$run env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
