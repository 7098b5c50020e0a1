"""The Secrets of the files, as the API server would give them. No message tells of a value."""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tenantry.cli.validation.manifest import Manifest
from tenantry.cli.validation.message import Message
from tenantry.domain.mailbox import Mailbox
from tenantry.domain.password import OfferKind, PasswordOffer
from tenantry.domain.reason import Reason
from tenantry.services.secret_values import decode, find_mailbox
from tenantry.specs.base import SecretKeyRef

#: Stands for a Secret that is not in the files: nothing can be said against its value.
UNREAD = PasswordOffer(OfferKind.SAME)


def check_secret(manifest: Manifest) -> Iterator[Message]:
    """Yield what the API server would refuse of a Secret's values."""
    for field in ("data", "stringData"):
        values = manifest.document.value.get(field)
        if not isinstance(values, Mapping | None):
            yield manifest.tell((field,), "must be an object: a text for each key", Reason.INVALID_SPEC)
            continue
        for key, value in (values or {}).items():
            if not isinstance(value, str | None):
                yield manifest.tell((field, key), "must be text; put it in quotes", Reason.INVALID_SPEC)
            elif field == "data" and value is not None and not _is_base64(value):
                yield manifest.tell((field, key), "is no base64; write plain text in stringData", Reason.INVALID_SPEC)


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)  # Go passes over line breaks
    except (binascii.Error, ValueError):
        return False
    return True


def as_served(manifest: Manifest) -> Mapping[str, Any]:
    """Return a Secret without faults as the API server would give it.

    It has no version of its own: a digest of the value would tell of it.
    """
    body = manifest.document.value
    data = {key: "".join(text.split()) for key, text in _texts(body, "data")}
    data |= {key: base64.b64encode(text.encode()).decode() for key, text in _texts(body, "stringData")}
    name = manifest.place.name
    return {"metadata": {"name": name, "uid": "files", "resourceVersion": ""}, "data": data}


def _texts(body: Mapping[str, Any], field: str) -> Iterator[tuple[str, str]]:
    values = body.get(field)
    for name, text in values.items() if isinstance(values, Mapping) else ():
        if isinstance(text, str):
            yield name, text


class Secrets:
    """The Secrets of the files, by namespace and name."""

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self._secrets = {(m.place.namespace, m.place.name): as_served(m) for m in manifests}

    def offer(self, namespace: str, ref: SecretKeyRef) -> PasswordOffer | None:
        """Return what a Secret offers as a password, or None where it is not in the files."""
        secret = self._secrets.get((namespace, ref.name))
        if secret is None:
            return None
        encoded = secret["data"].get(ref.key)
        if encoded is None:
            return PasswordOffer(OfferKind.NO_KEY)
        text = decode(encoded)
        return PasswordOffer(OfferKind.NOT_TEXT) if text is None else PasswordOffer(OfferKind.NEW, length=len(text))

    def mailbox(self, namespace: str, ref: SecretKeyRef) -> Mailbox | None:
        """Return what is found of a mailbox's credential, or None where the Secret is not in the files."""
        secret = self._secrets.get((namespace, ref.name))
        return None if secret is None else find_mailbox(ref, secret)
