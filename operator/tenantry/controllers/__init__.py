"""The controllers: the only part that knows kopf and the API server. Events in, status out, lease, health."""
