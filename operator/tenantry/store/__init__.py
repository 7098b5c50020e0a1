"""The identity store: the only place that knows SQL."""

from tenantry.store.database import Store

__all__ = ["Store"]
