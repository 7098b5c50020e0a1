"""The bars of the design, measured: `make bench` runs both sides on one machine and one API server."""
