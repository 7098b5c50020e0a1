import base64
import json
import ssl
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tenantry.controllers.access import ClusterAccess
from tenantry.controllers.kubeconfig import find_access, read_kubeconfig
from tenantry.errors import InputError

PLUGIN = """
import json, os, sys
info = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
count = int(open("count").read()) + 1
open("count", "w").write(str(count))
status = {"token": f"token {count} {os.environ['WHO']} {sys.argv[1]}", **json.loads(os.environ.get("MORE", "{}"))}
print(json.dumps({"apiVersion": info["apiVersion"], "kind": "ExecCredential", "status": status}))
"""


def write(folder: Path, user: dict[str, Any], **cluster: Any) -> Path:
    body = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443/", **cluster}}],
        "users": [{"name": "u", "user": user}],
    }
    path = folder / "config"
    path.write_text(json.dumps(body))
    return path


def plugin(folder: Path, **more: Any) -> dict[str, Any]:
    (folder / "plugin.py").write_text(PLUGIN)
    (folder / "count").write_text("0")
    variables = [{"name": "WHO", "value": "ada"}, {"name": "MORE", "value": json.dumps(more)}]
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": sys.executable,
            "args": ["plugin.py", "--yes"],
            "env": variables,
        }
    }


async def token(access: ClusterAccess) -> str:
    return await access.token.current()


async def test_a_token_and_the_server(tmp_path: Path) -> None:
    access = find_access(write(tmp_path, {"token": "abc"}))
    assert access.server == "https://127.0.0.1:6443"
    assert await token(access) == "abc"
    assert access.tls is not None


async def test_a_token_file_is_relative_to_the_kubeconfig_and_read_again(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one\n")
    access = find_access(write(tmp_path, {"tokenFile": "token"}))
    assert await token(access) == "one"
    (tmp_path / "token").write_text("two\n")
    assert await token(access) == "one"
    access.token.refuse("one")
    assert await token(access) == "two"


def test_a_certificate_authority_replaces_those_of_the_system(tmp_path: Path, certificate: bytes) -> None:
    inline = base64.b64encode(certificate).decode()
    (tmp_path / "ca.crt").write_bytes(certificate)
    for cluster in ({"certificate-authority-data": inline}, {"certificate-authority": "ca.crt"}):
        tls = find_access(write(tmp_path, {}, **cluster)).tls
        assert tls is not None
        assert len(tls.get_ca_certs()) == 1
        assert tls.verify_mode is ssl.CERT_REQUIRED


def test_verification_is_switched_off_only_on_request(tmp_path: Path) -> None:
    tls = find_access(write(tmp_path, {}, **{"insecure-skip-tls-verify": True})).tls
    assert tls is not None
    assert tls.verify_mode is ssl.CERT_NONE


async def test_a_plugin_gives_the_token(tmp_path: Path) -> None:
    access = find_access(write(tmp_path, plugin(tmp_path)))
    assert await token(access) == "token 1 ada --yes"
    assert await token(access) == "token 1 ada --yes"


async def test_a_plugin_runs_again_when_its_token_is_refused(tmp_path: Path) -> None:
    access = find_access(write(tmp_path, plugin(tmp_path)))
    access.token.refuse(await token(access))
    assert await token(access) == "token 2 ada --yes"


async def test_a_plugin_runs_again_before_its_token_expires(tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=20)).isoformat()
    access = find_access(write(tmp_path, plugin(tmp_path, expirationTimestamp=soon)))
    assert await token(access) == "token 1 ada --yes"
    assert await token(access) == "token 2 ada --yes"


def test_a_plugin_that_fails_is_named_and_not_quoted(tmp_path: Path) -> None:
    user = plugin(tmp_path)
    user["exec"]["args"] = ["-c", "print('hunter2'); raise SystemExit(1)"]
    with pytest.raises(InputError, match="credential plugin") as failure:
        find_access(write(tmp_path, user))
    assert "hunter2" not in str(failure.value)


def test_of_several_files_the_first_that_has_an_entry_counts(tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.write_text(json.dumps({"current-context": "here"}))
    access = read_kubeconfig([tmp_path / "none", first, write(tmp_path, {"token": "abc"})])
    assert access.server == "https://127.0.0.1:6443"


def test_the_environment_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(write(tmp_path, {})))
    assert find_access().server == "https://127.0.0.1:6443"


def test_without_any_of_them_the_message_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(InputError, match="KUBECONFIG"):
        find_access()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a list", "not a readable kubeconfig"),
        (": :", "not a readable kubeconfig"),
        ('{"current-context": "x"}', 'contexts has no "x"'),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_named(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(InputError, match=said):
        find_access(path)


def test_a_server_that_is_no_url_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no server"):
        find_access(write(tmp_path, {}, server="127.0.0.1"))


def test_a_certificate_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="certificate-authority"):
        find_access(write(tmp_path, {}, **{"certificate-authority": "missing.crt"}))


def test_a_token_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tokenFile"):
        find_access(write(tmp_path, {"tokenFile": "missing"}))
