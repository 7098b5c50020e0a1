"""Tenantry: YAML in Git becomes accounts in an identity store, never one seat more than was bought."""

__version__ = "0.1.0"
