"""The Secrets that stand in the files, as far as the password rules need them. No value leaves this module."""

import base64
import binascii
from collections.abc import Iterable, Mapping

from tenantry.cli.validation.manifest import Manifest
from tenantry.domain.password import OfferKind, PasswordOffer
from tenantry.specs.base import SecretKeyRef

#: Stands for a Secret that is not in the files: nothing can be said against its value.
UNREAD = PasswordOffer(OfferKind.SAME)


class Secrets:
    """The Secrets of the files, by namespace and name."""

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self._values = {(m.place.namespace, m.place.name): m.document.value for m in manifests}

    def offer(self, namespace: str, ref: SecretKeyRef) -> PasswordOffer | None:
        """Return what a Secret offers, or None where it is not in the files."""
        secret = self._values.get((namespace, ref.name))
        if secret is None:
            return None
        for field, decode in (("stringData", str.encode), ("data", _decode)):
            values = secret.get(field)
            if isinstance(values, Mapping) and isinstance(values.get(ref.key), str):
                return _offer(decode(values[ref.key]))
        return PasswordOffer(OfferKind.NO_KEY)


def _decode(text: str) -> bytes:
    """Return the bytes; what is no base64 becomes what is no text."""
    try:
        return base64.b64decode(text)
    except binascii.Error:
        return b"\xff"


def _offer(value: bytes) -> PasswordOffer:
    try:
        return PasswordOffer(OfferKind.NEW, length=len(value.decode()))
    except UnicodeDecodeError:
        return PasswordOffer(OfferKind.NOT_TEXT)
