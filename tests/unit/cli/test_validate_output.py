"""How `validate` tells: text for people, JSON and YAML for machines, and exit codes."""

import json
import time
from pathlib import Path

import pytest
import yaml

from tests.support.commands import tenantry

HEAD = "apiVersion: tenantry.dev/v1alpha1\n"
FINE = HEAD + "kind: Workgroup\nmetadata: {name: desk}\nspec: {}\n"
WRONG = HEAD + "kind: Workgroup\nmetadata: {name: desk}\nspec:\n  displayNam: x\n"


def test_a_fault_is_one_line_and_the_last_line_sums_up(tmp_path: Path) -> None:
    (tmp_path / "fine.yaml").write_text(FINE.replace("desk", "other"))
    (tmp_path / "wrong.yaml").write_text(WRONG)
    done = tenantry("validate", tmp_path)
    assert done.code == 1
    assert done.lines[0] == (
        f"{tmp_path}/wrong.yaml:5: Workgroup/desk: spec.displayNam: is not a field; did you mean displayName? "
        "[InvalidSpec]"
    )
    assert done.lines[-1] == "2 objects in 2 files: 1 fault in 1 file"


def test_messages_stand_in_the_order_of_files_and_lines(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: {\n---\n" + WRONG)
    (tmp_path / "b.yaml").write_text(WRONG.replace("desk", "other"))
    done = tenantry("validate", tmp_path / "b.yaml", tmp_path / "a.yaml", "-o", "json")
    assert [(Path(f["file"]).name, f["line"]) for f in done.data["faults"]] == [
        ("b.yaml", 5),
        ("a.yaml", 2),
        ("a.yaml", 7),
    ]


def test_json_and_yaml_say_the_same() -> None:
    as_json = tenantry("validate", "-", "-o", "json", stdin=WRONG)
    as_yaml = tenantry("validate", "-", "-o", "yaml", stdin=WRONG)
    assert json.loads(as_json.out) == yaml.safe_load(as_yaml.out)
    assert as_json.data["faults"] == [
        {
            "file": "<stdin>",
            "line": 5,
            "namespace": "",
            "kind": "Workgroup",
            "name": "desk",
            "field": "spec.displayNam",
            "reason": "InvalidSpec",
            "message": "is not a field; did you mean displayName?",
        }
    ]


def test_what_is_not_ours_is_skipped_with_a_note(tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
    (tmp_path / "more.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n---\nreplicas: 2\n")
    done = tenantry("validate", tmp_path, "-o", "json")
    assert (done.code, done.data["objects"]) == (0, 0)
    assert [n["message"].split(":")[0] for n in done.data["notes"]] == ["skipped", "skipped", "skipped"]


def test_a_kind_alone_is_skipped_as_no_object() -> None:
    done = tenantry("validate", "-", stdin="kind: x\n")
    assert done.lines[0] == 'note: <stdin>:1: skipped: kind "x" without an apiVersion is no Kubernetes object'


def test_of_many_notes_text_tells_the_first_twenty() -> None:
    users = [
        f"{HEAD}kind: User\nmetadata: {{name: u{n}}}\nspec: {{userName: u{n}, workgroups: [{{workgroupRef: desk}}]}}\n"
        for n in range(25)
    ]
    done = tenantry("validate", "-", stdin="---\n".join([FINE, *users]))
    assert done.code == 0
    assert sum(line.startswith("note: <stdin>") for line in done.lines) == 20
    assert "note: … and 5 more notes; -o json has all of them" in done.lines


def test_text_of_a_file_cannot_write_to_the_terminal() -> None:
    done = tenantry("validate", "-", stdin=WRONG.replace("displayNam:", '"\\e[2Jx\\u202e":'))
    assert "\x1b" not in done.out
    assert r"\x1b[2Jx\u202e" in done.out


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("latin.yaml", b"name: caf\xe9\n", "is not UTF-8 text (byte 9)"),
        ("bom.yaml", b"\xef\xbb\xbf" + WRONG.encode(), "spec"),
    ],
)
def test_a_file_in_another_encoding_is_told_and_a_byte_order_mark_passed_over(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    done = tenantry("validate", tmp_path)
    assert done.code == 1
    assert message in done.lines[0]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ([], 2, "Missing argument"),
        (["/nowhere.yaml"], 2, "does not exist"),
        (["-", "-o", "xml"], 2, "is not one of 'text', 'json', 'yaml'"),
    ],
)
def test_wrong_usage_has_its_own_exit_code(arguments: list[str], code: int, message: str) -> None:
    done = tenantry("validate", *arguments)
    assert (done.code, message in done.err) == (code, True)


def test_a_folder_without_files_is_no_success(tmp_path: Path) -> None:
    done = tenantry("validate", tmp_path)
    assert (done.code, done.out) == (1, "")
    assert done.err == f"tenantry: {tmp_path}: there is no file that ends in .yaml, .yml or .json\n"


def test_a_thousand_users_take_less_than_two_seconds(tmp_path: Path) -> None:
    pool = (
        f"{HEAD}kind: LicensePool\nmetadata: {{name: seats}}\nspec: {{licenses: [{{type: Static, quantity: 999}}]}}\n"
    )
    desk = (
        f"{HEAD}kind: Workgroup\nmetadata: {{name: desk}}\nspec: {{licensePoolRef: seats, roles: [{{name: Agent}}]}}\n"
    )
    users = [
        f"""{HEAD}kind: User
metadata:
  name: u{n}
spec:
  userName: u{n}
  displayName: User {n}
  name: {{givenName: User, familyName: "{n}"}}
  organization: Acme
  emails:
  - value: u{n}@example.com
  phoneNumbers:
  - {{type: work, value: +43 1 {n}}}
  addresses:
  - {{type: work, streetAddress: Main Street {n}, locality: Vienna, postalCode: "1010"}}
  license:
    type: Static
  workgroups:
  - workgroupRef: desk
    role: Agent
"""
        for n in range(1000)
    ]
    (tmp_path / "all.yaml").write_text("---\n".join([pool, desk, *users]))
    began = time.process_time()  # of this process alone, whatever else the machine does
    done = tenantry("validate", tmp_path, "-o", "json")
    assert time.process_time() - began < 2
    assert [(f["name"], f["reason"]) for f in done.data["faults"]] == [("u999", "SeatLimitReached")]
