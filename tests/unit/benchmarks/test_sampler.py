from pathlib import Path

from benchmarks.sampler import Samples

STACKS = """\
MainThread;run (/v/site-packages/kopf/run.py:1);plan_user (/x/operator/tenantry/domain/user.py:5) 3
store_0;_worker (/py/threading.py:1);execute (/v/site-packages/sqlalchemy/base.py:7) 1
store_0;_worker (/py/concurrent/futures/thread.py:81) 96
"""


def test_shares_are_of_the_threads_that_work(tmp_path: Path) -> None:
    path = tmp_path / "stacks.txt"
    path.write_text(STACKS)
    samples = Samples.read(path)
    assert samples.threads == {"MainThread": 0.75, "store_0": 0.25}
    assert samples.pieces["plan"] == 0.75
    assert samples.alone["plan_user (tenantry/domain/user.py:5)"] == 0.75
    assert samples.inclusive["run (kopf/run.py:1)"] == 0.75
