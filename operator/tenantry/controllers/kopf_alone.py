"""kopf, imported without the `kubernetes` package.

kopf imports that package, where it is installed, merely to recognize its model classes. We never hand it any, and the
package costs 20 MB of memory and half of the start-up time.
"""

from tenantry.hidden import hidden

with hidden("kubernetes"):
    import kopf
    from kopf._core.reactor.inventory import ResourceMemories, ResourceMemory

__all__ = ["ResourceMemories", "ResourceMemory", "kopf"]
