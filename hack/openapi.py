"""Write docs/openapi.json from the runtime API, or with --check tell whether it is stale."""

import json
import sys
from pathlib import Path

from generated import settle
from tenantry.cli.validation.specs import check_spec
from tenantry.runtime_api.app import make_app
from tenantry.store import Store

PAGE = Path(__file__).parents[1] / "docs" / "openapi.json"


def render() -> str:
    return json.dumps(make_app(Store.open("sqlite://"), check_spec).openapi(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.exit(settle(PAGE, render(), sys.argv[1:]))
