"""The Secrets of the files, as far as the rules of passwords and mailboxes need them. No value leaves this module."""

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any

from tenantry.cli.validation.manifest import Manifest
from tenantry.domain.mailbox import Mailbox
from tenantry.domain.password import OfferKind, PasswordOffer
from tenantry.services.secret_values import find_mailbox
from tenantry.specs.base import SecretKeyRef

#: Stands for a Secret that is not in the files: nothing can be said against its value.
UNREAD = PasswordOffer(OfferKind.SAME)


class Secrets:
    """The Secrets of the files, by namespace and name."""

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self._values = {(m.place.namespace, m.place.name): m.document.value for m in manifests}

    def offer(self, namespace: str, ref: SecretKeyRef) -> PasswordOffer | None:
        """Return what a Secret offers as a password, or None where it is not in the files."""
        secret = self._values.get((namespace, ref.name))
        if secret is None:
            return None
        value = _value(secret, ref.key)
        return PasswordOffer(OfferKind.NO_KEY) if value is None else _offer(value)

    def mailbox(self, namespace: str, ref: SecretKeyRef) -> Mailbox | None:
        """Return what is found of a mailbox's credential, or None where the Secret is not in the files."""
        secret = self._values.get((namespace, ref.name))
        if secret is None:
            return None
        value = _value(secret, ref.key)
        data = {} if value is None else {ref.key: base64.b64encode(value).decode()}
        return find_mailbox(ref, {"metadata": {"uid": "", "resourceVersion": ""}, "data": data})


def _value(secret: Mapping[str, Any], key: str) -> bytes | None:
    for field, decode in (("stringData", str.encode), ("data", _decode)):
        values = secret.get(field)
        if isinstance(values, Mapping) and isinstance(values.get(key), str):
            return decode(values[key])
    return None


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
