"""The identity store: the only place that knows SQL."""

from sqlalchemy import Connection

from tenantry.store.database import Store

__all__ = ["Connection", "Store"]
