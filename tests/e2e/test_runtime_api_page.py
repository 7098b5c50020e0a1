"""The page of the runtime API, followed from its top to its end."""

import sys
from pathlib import Path

from controlplane.service import free_ports
from tests.support.pages import commands, follow, untold

PAGE = ("docs/runtime-api.md", "# The runtime API")
#: What the page shows as refused.
REFUSED = ('"userName": "olga"', "desk/users/$ANN -X DELETE")


def test_the_page_of_the_runtime_api_ends_as_it_says(tmp_path: Path) -> None:
    lines = commands(*PAGE)
    api, mail = free_ports(2)
    for told, here in {"8081": f"{api}", "8025": f"{mail}"}.items():
        lines = [line.replace(f":{told}", f":{here}") for line in lines]
    lines = [line.replace("tenantry serve", f"tenantry serve --port {api}") for line in lines]
    failed = follow(lines, tmp_path, prelude=f'python() {{ "{sys.executable}" "$@"; }}')
    assert all(any(part in line for part in REFUSED) for line in failed)
    assert list(failed.values()) == [22, 22]
    assert untold(*PAGE, (tmp_path / "output").read_text()) == []
