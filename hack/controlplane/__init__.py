"""A pinned Kubernetes control plane on the bare machine: no container engine, no virtual machine.

`Cluster` is what the tests and the demo use; `python -m controlplane` is the same for people.
"""

from controlplane.binaries import CONTROL_PLANE, HELM, Toolset
from controlplane.cluster import Cluster

__all__ = ["CONTROL_PLANE", "HELM", "Cluster", "Toolset"]
