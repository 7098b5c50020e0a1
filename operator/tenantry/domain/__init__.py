"""The rules: pure and synchronous. No I/O and no clock; ``now`` is passed in."""
