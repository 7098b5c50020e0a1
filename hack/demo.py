"""Show the main job on a real control plane, printing each command before it runs.

`demo.py show` starts everything, walks through the quickstart and stops everything; `up` starts and leaves it running;
`down` stops what `up` started.
"""

import argparse
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from controlplane import CONTROL_PLANE, Cluster
from controlplane.binaries import BuildError
from controlplane.cluster import remove
from controlplane.progress import ticking
from controlplane.service import Service, ServiceError, free_ports

ROOT = Path(__file__).resolve().parent.parent
MANIFESTS = "manifests/base"
CRDS = [f"{plural}.tenantry.dev" for plural in ("licensepools", "workgroups", "users", "projectmembers")]
QUICKSTART = "examples/quickstart"
ONE_TOO_MANY = f"{QUICKSTART}/one-too-many.yaml"
LOG_IN = f"{QUICKSTART}/log-in.yaml"
NAMESPACE = "quickstart"
WAIT = "--timeout=60s"
IN_CLUSTER = "The CRDs, the admission policy, RBAC and the namespace tenantry-system"
TO_REMOVE = (
    "To remove them: first `kubectl delete tenantry --all -A` while an operator runs, which releases what is deleted; "
    f"then `kubectl delete -k {MANIFESTS}`."
)
NOTHING_STAYS = "What it installed in your cluster is removed: CRDs, admission policy, RBAC and namespaces."
WHY_STALLED = '{range .status.conditions[?(@.type=="Stalled")]}{.reason}: {.message}{end}'


class DemoError(RuntimeError):
    """A step did not do what it shows."""


@dataclass(frozen=True)
class Shell:
    """Runs commands as a person would type them: same words, same environment."""

    environment: dict[str, str]

    def run(self, *command: str) -> None:
        print(f"\n$ {shlex.join(command)}", flush=True)
        if subprocess.run(command, cwd=ROOT, env=self.environment, check=False).returncode != 0:
            raise DemoError(f"failed: {shlex.join(command)}")

    def output(self, *command: str) -> str:
        done = subprocess.run(command, cwd=ROOT, env=self.environment, check=False, capture_output=True, text=True)
        return done.stdout

    def kubectl(self, *arguments: str) -> None:
        self.run("kubectl", *arguments)


def main() -> int:
    signal.signal(signal.SIGTERM, _stop_in_order)
    options = _parser().parse_args()
    action: Callable[[argparse.Namespace], None] = options.action
    try:
        action(options)
    except (DemoError, ServiceError, BuildError) as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    for name, action in (("show", _show), ("up", _up), ("down", _down)):
        command = actions.add_parser(name)
        command.add_argument("--kubeconfig", type=_file, help="use this cluster instead of starting one")
        command.add_argument("--dir", type=Path, default=ROOT / "build" / name.replace("down", "up"))
        command.set_defaults(action=action)
    return parser


def _file(text: str) -> Path:
    path = Path(text).expanduser()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no file {text}; name the kubeconfig of your cluster")
    return path


def _show(options: argparse.Namespace) -> None:
    shutil.rmtree(options.dir, ignore_errors=True)
    own = bool(options.kubeconfig)
    with _control_plane(options) as shell:
        stays = own and _is_installed(shell)
        with (
            _installed(shell, clean_up=own and not stays),
            _operator(shell, options.dir),
            _namespace(shell, clean_up=own),
        ):
            _walk_through(shell)
            _log_in(shell, options.dir)
    print("\nEverything that this demo started is stopped again.")
    if own:
        print(f"{IN_CLUSTER} were in your cluster before, and stay.\n{TO_REMOVE}" if stays else NOTHING_STAYS)


def _up(options: argparse.Namespace) -> None:
    operator = Service("operator", options.dir)
    before = operator.running
    shell = _lasting_control_plane(options)
    _install(shell)
    if not before:
        _start_operator(shell, options.dir, tethered=False)
    api = _lasting_api(shell, options.dir)
    folder = Path(shutil.which("kubectl", path=shell.environment["PATH"]) or "kubectl").parent
    print(f"\nTenantry {'was running already' if before else 'is running'}; its log: {operator.log}.")
    print(f"Beside it the runtime API; its log: {Service('runtime-api', options.dir).log}. Next:\n")
    print(f"export KUBECONFIG={shlex.quote(shell.environment['KUBECONFIG'])}")
    print(f'export PATH={shlex.quote(str(folder))}:{shlex.quote(str(ROOT / ".venv" / "bin"))}:"$PATH"')
    print(f"export TENANTRY_STORE_URL={shlex.quote(_store_url(options.dir))}")
    print(f"export TENANTRY_API={api}")
    print(f"kubectl apply -k {QUICKSTART}\nkubectl get tenantry\n")
    if options.kubeconfig:
        print(f"`make down` stops both and removes the store. {IN_CLUSTER} stay in your cluster.\n{TO_REMOVE}")
    else:
        print("`make down` stops it, and removes the cluster and the store with all that is in them.")


def _down(options: argparse.Namespace) -> None:
    operator, cluster = Service("operator", options.dir), Cluster(options.dir / "cluster")
    if not options.dir.exists():
        print(f"Nothing was running, and nothing is removed: there is no {options.dir}.")
        return
    own = not cluster.folder.exists()
    stopped = "Stopped" if operator.running or cluster.running else "Nothing was running"
    for service in (Service("runtime-api", options.dir), operator):
        service.stop(grace=15)
    remove(cluster)
    shutil.rmtree(options.dir, ignore_errors=True)
    held = "the store with all accounts" if own else "the cluster with all its objects, and the store with all accounts"
    print(f"{stopped}; {options.dir} is removed: {held}.")
    if own:
        print(f"{IN_CLUSTER} stay in your cluster.\n{TO_REMOVE}")


def _walk_through(shell: Shell) -> None:
    _say("Two seats were bought, two people get an account")
    shell.kubectl("apply", "-k", QUICKSTART)
    shell.kubectl("wait", "tenantry", "--all", "--for=condition=Ready", WAIT)
    shell.kubectl("get", "tenantry")
    _say("A third one is refused, and says why")
    shell.kubectl("apply", "-f", ONE_TOO_MANY)
    shell.kubectl("wait", "-f", ONE_TOO_MANY, "--for=condition=Stalled", WAIT)
    shell.kubectl("get", "-f", ONE_TOO_MANY, "-o", f"jsonpath={WHY_STALLED}")
    print()
    _say("One more seat is bought, and the third one gets it")
    more = '{"spec": {"licenses": [{"type": "Static", "quantity": 3}]}}'
    shell.kubectl("patch", "licensepool", "acme", "--type", "merge", "--patch", more)
    shell.kubectl("wait", "-f", ONE_TOO_MANY, "--for=condition=Ready", WAIT)
    shell.kubectl("get", "tenantry")


def _log_in(shell: Shell, folder: Path) -> None:
    _say("Two people share one floating license: one of them is logged in at a time")
    shell.kubectl("apply", "-f", LOG_IN)
    shell.kubectl("wait", "--for=condition=Ready", "tuser/marie", "tuser/lise", WAIT)
    with _runtime_api(shell, folder) as api:
        token = api.log_in("marie", "polonium and radium", expected=201)["token"]
        _say("The second one is denied, and told why")
        api.log_in("lise", "protactinium", expected=409)
        _say("The first one logs off, and the second one is let in")
        api.call("sessions/logoff", {"token": token}, expected=204)
        api.log_in("lise", "protactinium", expected=201)
        _say("The pool tells of it")
        logins = "{.status.licenses[0].logins.denied}=1"
        shell.kubectl("wait", "lpool/shared", f"--for=jsonpath={logins}", WAIT)
        shell.kubectl("get", "lpool/shared", "-o", "jsonpath={.status.licenses[0].logins}")
        print()


@dataclass(frozen=True)
class RuntimeApi:
    """Calls as an application makes them."""

    url: str
    token: str

    def log_in(self, login: str, password: str, *, expected: int) -> dict[str, str]:
        return self.call("sessions", {"workgroup": "lab", "userName": login, "password": password}, expected=expected)

    def call(self, path: str, body: dict[str, str], *, expected: int) -> dict[str, str]:
        shown = {name: "..." if name in {"password", "token"} else value for name, value in body.items()}
        print(f"\n$ POST /v1/{NAMESPACE}/{path} {json.dumps(shown)}", flush=True)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/v1/{NAMESPACE}/{path}", json.dumps(body).encode(), headers)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - loopback
                status, text = reply.status, reply.read().decode()
        except urllib.error.HTTPError as refused:
            status, text = refused.code, refused.read().decode()
        found: dict[str, str] = json.loads(text) if text else {}
        print(status, found.get("detail") or ("logged in" if "token" in found else "logged off"), flush=True)
        if status != expected:
            raise DemoError(f"{expected} was expected: {text}")
        return found


def _lasting_api(shell: Shell, folder: Path) -> str:
    """Have the runtime API run, and return its URL."""
    server, known = Service("runtime-api", folder, tethered=False), folder / "runtime-api.url"
    if not server.running:
        known.write_text(_serve(shell, folder, server))
    return known.read_text()


def _serve(shell: Shell, folder: Path, server: Service) -> str:
    """Start the runtime API and return its URL."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "tenantry", "serve", f"--store-url={_store_url(folder)}", f"--port={port}"]
    print(f"\n$ tenantry {shlex.join(command[3:])} &", flush=True)
    server.start(command, shell.environment)
    server.wait_until(lambda: _answers(f"http://127.0.0.1:{port}/openapi.json"), within=60)
    return f"http://127.0.0.1:{port}"


@contextmanager
def _runtime_api(shell: Shell, folder: Path) -> Iterator[RuntimeApi]:
    store = f"--store-url={_store_url(folder)}"
    command = ["tenantry", "clients", "create", "demo", "-n", NAMESPACE, "--scope", "sessions"]
    print(f"\n$ {shlex.join(command)}", flush=True)
    token = shell.output(sys.executable, "-m", *command, store).strip()
    server = Service("runtime-api", folder)
    try:
        yield RuntimeApi(_serve(shell, folder, server), token)
    finally:
        server.stop(grace=15)


def _say(what: str) -> None:
    print(f"\n--- {what}", flush=True)


@contextmanager
def _control_plane(options: argparse.Namespace) -> Iterator[Shell]:
    if options.kubeconfig:
        yield _shell(_copy_of(options.kubeconfig, options.dir))
        return
    CONTROL_PLANE.paths()
    cluster = Cluster(options.dir / "cluster")
    try:
        with ticking("Starting the control plane"):
            cluster.start()
        yield _shell(cluster.kubeconfig)
    finally:
        cluster.stop()


def _lasting_control_plane(options: argparse.Namespace) -> Shell:
    if options.kubeconfig:
        return _shell(options.kubeconfig.resolve())
    cluster = Cluster(options.dir / "cluster", tethered=False)
    if not cluster.running:
        CONTROL_PLANE.paths()
        with ticking("Starting the control plane"):
            cluster.start()
    return _shell(cluster.kubeconfig)


def _copy_of(kubeconfig: Path, folder: Path) -> Path:
    """Give a copy: the demo changes the current namespace, and the person's own file stays as it is."""
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(kubeconfig, folder / "kubeconfig"))


def _shell(kubeconfig: Path) -> Shell:
    """Put what the demo runs on PATH, the person's own kubectl first where a cluster of their own is used."""
    programs = [str(Path(sys.executable).parent), str(CONTROL_PLANE.path("kubectl").parent)]
    path = os.pathsep.join([*programs, os.environ.get("PATH", os.defpath)])
    files = {"KUBECONFIG": str(kubeconfig), "KUBECACHEDIR": str(kubeconfig.parent / "kubectl-cache")}
    return Shell({**os.environ, **files, "PATH": path})


def _is_installed(shell: Shell) -> bool:
    return bool(shell.output("kubectl", "get", "crd", CRDS[0], "-o", "name", "--ignore-not-found"))


@contextmanager
def _installed(shell: Shell, *, clean_up: bool) -> Iterator[None]:
    """Install, and in a cluster that stays take away what was not there before."""
    _install(shell)
    try:
        yield
    finally:
        if clean_up:
            shell.kubectl("delete", "-k", MANIFESTS, "--ignore-not-found")


@contextmanager
def _operator(shell: Shell, folder: Path) -> Iterator[None]:
    operator = _start_operator(shell, folder, tethered=True)
    try:
        yield
    finally:
        operator.stop(grace=15)


@contextmanager
def _namespace(shell: Shell, *, clean_up: bool) -> Iterator[None]:
    """Work in a namespace of the demo's own; it goes while the operator is there to release what is in it."""
    shell.kubectl("create", "namespace", NAMESPACE)
    shell.kubectl("config", "set-context", "--current", f"--namespace={NAMESPACE}")
    try:
        yield
    finally:
        if clean_up:
            shell.kubectl("delete", "namespace", NAMESPACE, WAIT)


def _install(shell: Shell) -> None:
    shell.kubectl("apply", "--server-side", "-k", MANIFESTS)
    shell.kubectl("wait", "crd", *CRDS, "--for=condition=Established", WAIT)


def _start_operator(shell: Shell, folder: Path, *, tethered: bool) -> Service:
    (port,) = free_ports(1)
    options = [f"--store-url={_store_url(folder)}", "--health-host=127.0.0.1", f"--health-port={port}"]
    command = [sys.executable, "-m", "tenantry", "run", *options]
    print(f"\n$ tenantry {shlex.join(command[3:])} &", flush=True)
    operator = Service("operator", folder, tethered).start(command, shell.environment)
    return operator.wait_until(lambda: _answers(f"http://127.0.0.1:{port}/readyz"), within=60)


def _store_url(folder: Path) -> str:
    return f"sqlite:///{folder.resolve() / 'store.db'}"


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - loopback
            return True
    except (OSError, urllib.error.URLError):
        return False


def _stop_in_order(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    raise SystemExit(main())
