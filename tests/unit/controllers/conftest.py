import subprocess
from pathlib import Path

import pytest


@pytest.fixture
def certificate(tmp_path: Path) -> bytes:
    """A certificate of nobody, as PEM."""
    key, path = tmp_path / "nobody.key", tmp_path / "nobody.crt"
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command = [*request, "-subj", "/CN=nobody", "-days", "1", "-keyout", str(key), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path.read_bytes()
