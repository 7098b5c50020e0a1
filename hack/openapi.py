"""Write docs/openapi.json from the runtime API, or with --check tell whether it is stale."""

import json
import sys
from pathlib import Path

from tenantry.runtime_api.app import make_app
from tenantry.store import Store

PAGE = Path(__file__).parents[1] / "docs" / "openapi.json"


def render() -> str:
    return json.dumps(make_app(Store.open("sqlite://")).openapi(), indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    document = render()
    if arguments == ["--check"]:
        stale = not PAGE.exists() or PAGE.read_text() != document
        if stale:
            print("docs/openapi.json is stale; run: make generate", file=sys.stderr)
        return int(stale)
    PAGE.write_text(document)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
