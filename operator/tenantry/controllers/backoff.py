"""The pauses of the controllers."""

from tenantry.services.backoff import Backoff

__all__ = ["OBJECT", "OUTAGE", "Backoff"]

#: A database or an API server that was away must be noticed soon after it is back.
OUTAGE = Backoff(0.2, 5.0)
#: An object that cannot be processed; each attempt costs everybody a little.
OBJECT = Backoff(1.0, 300.0)
