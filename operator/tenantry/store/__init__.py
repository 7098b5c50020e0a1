"""The identity store: the only place that knows SQL."""

from sqlalchemy import Connection

from tenantry.store.database import ABANDONED, BUSY_SECONDS, Store

__all__ = ["ABANDONED", "BUSY_SECONDS", "Connection", "Store"]
