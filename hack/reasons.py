"""Write docs/reasons.md from the one enum of reasons, or with --check tell whether it is stale."""

import sys
from pathlib import Path

from generated import settle
from tenantry.domain.reason import Reason, Settles

PAGE = Path(__file__).parents[1] / "docs" / "reasons.md"
HEAD = """# Reasons

Written from `operator/tenantry/domain/reason.py` by `make generate`; do not edit.

Every condition has one of these reasons. The same fault has the same reason in status, on the command line, and through
every other door.
"""
SECTIONS = {
    Settles.PERSON: ("A person must act (`Stalled`)", "A pipeline may fail at once; waiting does not help."),
    Settles.ITSELF: ("It settles by itself (`Reconciling`)", "Wait; what is missing may still come."),
    Settles.DONE: ("Nothing needs to be done", "The state is as it was asked for, or worth a warning only."),
}


def render() -> str:
    parts = [HEAD]
    for settles, (title, text) in SECTIONS.items():
        rows = [f"| `{reason.value}` | {reason.meaning} |" for reason in sorted(Reason) if reason.settles is settles]
        parts.append("\n".join([f"## {title}", "", text, "", "| reason | meaning |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


if __name__ == "__main__":
    sys.exit(settle(PAGE, render(), sys.argv[1:]))
