"""Run the control plane by hand: `python -m controlplane up --dir D`, `down`, `env`, `build`, `path`."""

import argparse
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from controlplane.binaries import CONTROL_PLANE, HELM, BuildError
from controlplane.cluster import Cluster, remove
from controlplane.progress import ticking
from controlplane.service import ServiceError


def main() -> int:
    options = _parser().parse_args()
    run: Callable[[argparse.Namespace], None] = options.run
    try:
        run(options)
    except (BuildError, ServiceError) as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m controlplane", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, run, about in (
        ("up", _up, "start a cluster that goes on until `down`"),
        ("down", _down, "stop it and remove what it held"),
        ("env", _env, "print the lines a shell needs to use it"),
    ):
        command = commands.add_parser(name, help=about)
        command.add_argument("--dir", type=Path, required=True, help="where the cluster keeps its files")
        command.set_defaults(run=run)
    build = commands.add_parser("build", help="build what is not built yet")
    build.set_defaults(run=_build)
    path = commands.add_parser("path", help="print where a program is, building it first if need be")
    path.add_argument("program", choices=[*CONTROL_PLANE.packages, *HELM.packages])
    path.set_defaults(run=_path)
    return parser


def _up(options: argparse.Namespace) -> None:
    cluster = Cluster(options.dir, tethered=False)
    if not cluster.running:
        CONTROL_PLANE.paths()
        with ticking("Starting the control plane"):
            cluster.start()
    _print_environment(cluster)


def _down(options: argparse.Namespace) -> None:
    remove(Cluster(options.dir, tethered=False))


def _env(options: argparse.Namespace) -> None:
    _print_environment(Cluster(options.dir, tethered=False))


def _build(_: argparse.Namespace) -> None:
    for program, path in CONTROL_PLANE.paths().items():
        print(f"{program}\t{path}")


def _path(options: argparse.Namespace) -> None:
    toolset = HELM if options.program in HELM.packages else CONTROL_PLANE
    print(toolset.path(options.program))


def _print_environment(cluster: Cluster) -> None:
    print(f"export KUBECONFIG={shlex.quote(str(cluster.kubeconfig))}")
    print(f'export PATH={shlex.quote(str(cluster.kubectl_path.parent))}:"$PATH"')


if __name__ == "__main__":
    raise SystemExit(main())
