"""What an operator tells of itself."""

import urllib.request

from tests.support.operator import OperatorProcess


def metric(operator: OperatorProcess, name: str) -> float:
    """Give a metric by its name with labels, 0 while it has none."""
    with urllib.request.urlopen(operator.url("metrics"), timeout=5) as reply:  # noqa: S310 - loopback
        lines = reply.read().decode().splitlines()
    return next((float(line.rpartition(" ")[2]) for line in lines if line.startswith(f"{name} ")), 0.0)


def sweeps(operator: OperatorProcess) -> float:
    """Give how many sweeps were done."""
    return metric(operator, 'tenantry_sweeps_total{result="done"}')
