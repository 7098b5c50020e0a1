"""Tokens: 256 random bits, of which only a hash is stored."""

import hashlib


def token_hash(token: str) -> str:
    """Return what is stored of a token. It is random and long, so that one plain hash keeps it, and finds it."""
    return hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
