"""Secrets that stand in files, offered to Users and Workgroups as the operator offers those of a cluster."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeAlias

from tenantry.domain.mailbox import Mailbox
from tenantry.domain.password import OfferKind, PasswordOffer
from tenantry.domain.reason import Reason
from tenantry.domain.secret import SecretOffer
from tenantry.services.passwords import make_offer
from tenantry.services.secret_values import find_mailbox
from tenantry.services.work import MailboxNeed, PasswordNeed, SecretNeed

Parts: TypeAlias = tuple[tuple[PasswordNeed, ...], MailboxNeed | None]
#: The argon2 library lets go of the interpreter while it hashes.
_HASHERS = 2


class FileSecrets:
    """The Secrets of one namespace, by name, each as the API server would give it.

    With ``elsewhere`` a Secret that is not here is in a cluster: its value is taken for a good one, and its name noted
    in ``unread``. Without, it is missing, but for a User whose password was taken from it: that one stays as it is.
    """

    def __init__(self, secrets: Mapping[str, Mapping[str, Any]], *, elsewhere: bool = False) -> None:
        self._secrets = secrets
        self._known: dict[Parts, SecretOffer] = {}
        self.elsewhere = elsewhere
        self.unread: set[str] = set()

    def read_ahead(self, needs: Iterable[SecretNeed], advance: Callable[[], None]) -> None:
        """Compare and hash outside of any transaction: one password takes 40 ms by design."""
        parts = {(need.passwords, need.mailbox) for need in needs}
        with ThreadPoolExecutor(_HASHERS) as hashers:
            for part, offer in zip(parts, hashers.map(self._offer, parts), strict=True):
                self._known[part] = offer
                advance()

    def offers(self, needs: Iterable[SecretNeed]) -> dict[str, SecretOffer]:
        """Return by UID what there is to say of its Secrets: of one in force with this password, nothing."""
        found = {}
        for need in needs:
            parts = (need.passwords, need.mailbox)
            offer = self._known.get(parts) or self._offer(parts)
            self._known[parts] = offer
            if need.state == Reason.PROVISIONED:
                offer = _without_those_in_force(need, offer)
            if offer != SecretOffer():
                found[need.uid] = offer
        return found

    def _offer(self, parts: Parts) -> SecretOffer:
        passwords, mailbox = parts
        offered = {need.login: offer for need in passwords if (offer := self._password(need)) is not None}
        return SecretOffer(
            password=offered.pop("", None),
            mailbox=None if mailbox is None or self._is_elsewhere(mailbox) else self._mailbox(mailbox),
            system=offered,
        )

    def _password(self, need: PasswordNeed) -> PasswordOffer | None:
        secret = self._secrets.get(need.ref.name)
        if secret is not None:
            return make_offer(need, secret)
        if need.is_taken:
            return None
        found = PasswordOffer(OfferKind.SAME, compared=need.present)
        return found if self._is_elsewhere(need) else make_offer(need, None)

    def _mailbox(self, need: MailboxNeed) -> Mailbox:
        return find_mailbox(need.ref, self._secrets.get(need.ref.name))

    def _is_elsewhere(self, need: PasswordNeed | MailboxNeed) -> bool:
        away = self.elsewhere and need.ref.name not in self._secrets
        if away:
            self.unread.add(need.ref.name)
        return away


def _without_those_in_force(need: SecretNeed, offer: SecretOffer) -> SecretOffer:
    """Return what is new: a password that an account has already changes nothing."""
    needs = {password.login: password for password in need.passwords}
    news = {login: some for login, some in offer.system.items() if not _is_in_force(needs.get(login), some)}
    own = None if _is_in_force(need.password, offer.password) else offer.password
    return replace(offer, password=own, system=news)


def _is_in_force(need: PasswordNeed | None, offer: PasswordOffer | None) -> bool:
    """Tell whether the password offered is the one that the account has, from the very same place."""
    return need is not None and offer is not None and offer.kind is OfferKind.SAME and offer.source == need.source
