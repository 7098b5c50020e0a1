"""`tenantry audit verify` finds what was done to a trail, on both kinds of database."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, select, update

from tenantry.domain.audit import GENESIS, sign
from tenantry.services.trail import read_audit_key, verify_trails
from tenantry.services.work import TenantRef
from tenantry.store import Store, policy
from tenantry.store.schema import audit_records, tenants
from tests.support.builders import pool, user, workgroup
from tests.support.commands import Done, tenantry
from tests.support.tenancy import Tenant

KEY = b"a key that nobody has"
ADA = user("ada", spec={"displayName": "Ada Lovelace"})


@pytest.fixture
def trail(store: Store) -> Store:
    """A store whose tenant has eight records, signed with KEY: two policies, four users, one erased."""
    policy._PARSED.clear()  # builders give the same UID to the same name
    signed = Store(store.engine, KEY)
    tenant = Tenant(signed)
    gone = user("gone")
    tenant.apply(pool(static=9), workgroup(spec={"deletion": {"mode": "Permanent"}}), gone)
    tenant.apply(ADA, user("bob", age=1), user("carol", age=2))
    tenant.apply(replace(gone, deleting=True))
    tenant.apply(user("dave"))
    return signed


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "audit.key"
    path.write_bytes(KEY + b"\n")
    return path


def tamper(store: Store, *statements: str) -> None:
    with store.write() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def fault(store: Store) -> str | None:
    (verdict,) = verify_trails(store)
    return verdict.fault


def test_an_untouched_trail_is_whole_though_one_account_was_erased(trail: Store, store_url: str) -> None:
    assert fault(trail) is None
    with trail.read() as connection:
        erased = connection.exec_driver_sql("SELECT count(*) FROM audit_records WHERE salt IS NULL").scalar()
    assert erased is not None
    assert erased >= 4  # two of policies, which have no personal data, and two of the erased account
    done = tenantry("audit", "verify", "--store-url", store_url)
    assert (done.code, done.lines[1].split()) == (0, ["acme", "8", "itself", "OK"])


EDITS = {
    "an edited action": ("UPDATE audit_records SET action = 'AccountX' WHERE sequence = 4", "record 4 was altered"),
    "an edited actor": ("UPDATE audit_records SET actor = 'eve' WHERE sequence = 1", "record 1 was altered"),
    "an edited time": (
        "UPDATE audit_records SET at = '2020-01-01T00:00:00+00:00' WHERE sequence = 5",
        "record 5 was altered",
    ),
    "an edited fact": ("UPDATE audit_records SET facts = '{}' WHERE sequence = 5", "record 5 was altered"),
    "an edited hash": ("UPDATE audit_records SET hash = previous WHERE sequence = 5", "record 5 was altered"),
    "an edited personal field": (
        "UPDATE audit_records SET personal = replace(personal, 'Lovelace', 'L.') WHERE sequence = 4",
        "the personal data of record 4 was altered",
    ),
    "personal data that lost its salt": (
        "UPDATE audit_records SET salt = NULL WHERE sequence = 5",
        "the personal data of record 5 was altered",
    ),
    "personal data that was removed": (
        "UPDATE audit_records SET salt = NULL, personal = NULL WHERE sequence = 5",
        "the personal data of record 5 was removed, and no later record erases its account",
    ),
    "a gap": ("DELETE FROM audit_records WHERE sequence = 4", "record 4 is missing: the next one is 5"),
    "a missing first record": ("DELETE FROM audit_records WHERE sequence = 1", "record 1 is missing"),
    "a cut end": ("DELETE FROM audit_records WHERE sequence > 6", "the trail ends at record 6, but 8 were written"),
    "no record left": ("DELETE FROM audit_records", "the trail ends at record 0, but 8 were written"),
    "an edited head": ("UPDATE tenants SET audit_sequence = 7", "the trail ends at record 8, but 7 were written"),
    "facts that are no JSON": (
        "UPDATE audit_records SET facts = '{' WHERE sequence = 5",
        "the record after 4 cannot be read: it was altered",
    ),
}


@pytest.mark.parametrize("case", EDITS)
def test_what_was_done_to_a_trail_is_found(trail: Store, store_url: str, case: str) -> None:
    statement, found = EDITS[case]
    tamper(trail, statement)
    assert (fault(Store(trail.engine)) or "").startswith(found)
    done = tenantry("audit", "verify", "--store-url", store_url)
    assert (done.code, found in done.out) == (1, True)


def test_a_reorder_is_found(trail: Store) -> None:
    swap = "UPDATE audit_records SET sequence = {} WHERE sequence = {}"
    tamper(trail, swap.format(99, 4), swap.format(4, 5), swap.format(5, 99))
    assert fault(trail) == "record 4 does not follow record 3: one of them was replaced or moved"


def test_a_cut_end_with_a_head_to_match_needs_the_key(trail: Store, store_url: str, key_file: Path) -> None:
    cut_to(trail, 7)
    assert tenantry("audit", "verify", "--store-url", store_url).code == 0
    done = tenantry("audit", "verify", "--store-url", store_url, "--audit-key-file", key_file)
    assert done.code == 1
    assert "the signature of the last record is not by this key" in done.out
    tamper(trail, "UPDATE tenants SET audit_signature = ''")
    assert fault(trail) == "the last record is not signed: it was written without the key, or rewritten"


def test_the_key_comes_from_the_environment_too(trail: Store, store_url: str, key_file: Path) -> None:
    environment = {"TENANTRY_AUDIT_KEY_FILE": str(key_file), "TENANTRY_STORE_URL": store_url}
    done = tenantry("audit", "verify", environment=environment)
    assert (done.code, done.lines[1].split()) == (0, ["acme", "8", "itself,", "signature", "OK"])
    assert fault(trail) is None


def cut_to(store: Store, sequence: int, *, key: bytes = b"") -> None:
    """Cut the trail and make its head match, with an earlier signature where the key is at hand."""
    with store.write() as connection:
        connection.execute(delete(audit_records).where(audit_records.c.sequence > sequence))
        last = select(audit_records.c.hash).where(audit_records.c.sequence == sequence)
        head = connection.execute(last).scalar_one()
        signature = sign(key, "acme", sequence, head) if key else "not a signature"
        set_head(connection, sequence, head, signature)


def set_head(connection: Connection, sequence: int, head: str, signature: str) -> None:
    values = {"audit_sequence": sequence, "audit_head": head, "audit_signature": signature}
    connection.execute(update(tenants).values(values))


def verify_against(export: Path, store_url: str, *options: object) -> Done:
    return tenantry("audit", "verify", "--store-url", store_url, "--checkpoint", export, *options)


@pytest.fixture
def export(trail: Store, store_url: str, tmp_path: Path) -> Path:
    """An export of the whole trail, made before anything was done to it."""
    assert fault(trail) is None
    path = tmp_path / "export.jsonl"
    path.write_text(tenantry("audit", "export", "--store-url", store_url).out)
    return path


def test_a_trail_that_grew_agrees_with_an_earlier_export(trail: Store, store_url: str, export: Path) -> None:
    Tenant(trail).apply(user("eve"))
    done = verify_against(export, store_url)
    assert (done.code, done.lines[1].split()) == (0, ["acme", "9", "itself,", "checkpoint", "OK"])


def test_an_older_copy_of_the_store_is_found_by_a_checkpoint(
    trail: Store, store_url: str, export: Path, key_file: Path
) -> None:
    cut_to(trail, 7, key=KEY)
    assert tenantry("audit", "verify", "--store-url", store_url, "--audit-key-file", key_file).code == 0
    done = verify_against(export, store_url)
    assert (done.code, "the checkpoint has 8 records, the trail 7: its end was cut" in done.out) == (1, True)


def test_a_trail_that_was_rewritten_whole_is_found_by_a_checkpoint(trail: Store, store_url: str, export: Path) -> None:
    tamper(trail, "DELETE FROM accounts", "DELETE FROM resources", "DELETE FROM policies", "DELETE FROM audit_records")
    with trail.write() as connection:
        set_head(connection, 0, GENESIS, "")
    tenant = Tenant(trail)
    tenant.apply(pool(static=9), workgroup(), *(user(f"u{n}") for n in range(8)))
    assert fault(trail) is None
    done = verify_against(export, store_url)
    assert (done.code, "record 8 is not the one of the checkpoint" in done.out) == (1, True)


def test_a_tenant_that_is_gone_is_found_by_a_checkpoint(trail: Store, store_url: str, export: Path) -> None:
    tamper(trail, "DELETE FROM tenants")
    done = verify_against(export, store_url)
    assert (done.code, "the store has no such tenant" in done.out) == (1, True)


def test_a_checkpoint_that_was_edited_is_found_with_the_key(
    trail: Store, store_url: str, export: Path, key_file: Path
) -> None:
    cut_to(trail, 7, key=KEY)
    lines = export.read_text().splitlines()
    checkpoint = json.loads(lines[-1]) | {"sequence": 7, "head": json.loads(lines[6])["hash"]}
    export.write_text(json.dumps(checkpoint))
    assert verify_against(export, store_url).code == 0
    done = verify_against(export, store_url, "--audit-key-file", key_file)
    assert (done.code, "the checkpoint is not signed by this key" in done.out) == (1, True)


@pytest.mark.parametrize("content", ["", "text\n", '{"sequence": 1}\n', '{"head": "x", "tenant": "acme"}\n', "[1]\n"])
@pytest.mark.usefixtures("trail")
def test_a_file_without_a_checkpoint_is_told(store_url: str, tmp_path: Path, content: str) -> None:
    path = tmp_path / "none.jsonl"
    path.write_text(content)
    done = verify_against(path, store_url)
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"tenantry: {path}: ")


def test_one_tenant_or_all_of_them(trail: Store, store_url: str) -> None:
    other = Tenant(trail, TenantRef("globex", "namespace-2"))
    other.apply(workgroup("lab", pool=None, namespace="globex"))
    tamper(trail, "UPDATE audit_records SET actor = 'eve' WHERE sequence = 1 AND subject = 'lab'")
    assert tenantry("audit", "verify", "-n", "acme", "--store-url", store_url).code == 0
    verdicts = tenantry("audit", "verify", "-o", "json", "--store-url", store_url).data
    assert [(v["tenant"], v["fault"]) for v in verdicts] == [("acme", None), ("globex", "record 1 was altered")]


@pytest.mark.parametrize(("content", "message"), [(b"\n", "is empty"), (None, "cannot be read: No such file")])
def test_a_key_that_is_none_is_told(store_url: str, tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    done = tenantry("audit", "verify", "--store-url", store_url, "--audit-key-file", path)
    assert (done.code, message in done.err) == (1, True)


def test_a_line_break_at_the_end_of_the_key_is_no_part_of_it(key_file: Path) -> None:
    assert read_audit_key(key_file) == KEY
