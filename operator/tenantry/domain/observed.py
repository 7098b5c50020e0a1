"""A Kubernetes object as the rules see it."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from tenantry.domain.account import Manager
from tenantry.domain.refusal import Refusal
from tenantry.specs import LicensePoolSpec, ProjectMemberSpec, UserSpec, WorkgroupSpec

S = TypeVar("S", LicensePoolSpec, WorkgroupSpec, UserSpec, ProjectMemberSpec)


class Kind(StrEnum):
    """The kinds of resource, in the order in which a batch plans them."""

    LICENSE_POOL = "LicensePool"
    WORKGROUP = "Workgroup"
    USER = "User"
    PROJECT_MEMBER = "ProjectMember"


#: How the names of objects begin that the runtime API keeps: no name in Kubernetes has a colon.
API_PREFIX = "api:"
_LONGEST_NAME = 253


def api_name(login_key: str) -> str:
    """Return the name under which the runtime API keeps the object of a login."""
    digest = hashlib.sha256(login_key.encode()).hexdigest()
    return API_PREFIX + (login_key if len(login_key) + len(API_PREFIX) <= _LONGEST_NAME else digest)


def manager_of(name: str) -> Manager:
    """Return who owns an object of this name."""
    return Manager.API if name.startswith(API_PREFIX) else Manager.KUBERNETES


@dataclass(frozen=True, slots=True)
class Observed(Generic[S]):
    """One object: its identity is the UID, never the name.

    ``document`` is the spec as written, kept as it is in the store. ``spec`` is None where it does not parse;
    ``fault`` then says why. ``remembered``: it comes from its row, not from the API server.
    """

    kind: Kind
    uid: str
    namespace: str
    name: str
    generation: int
    created: datetime
    deleting: bool
    paused: bool
    document: str
    spec: S | None
    fault: Refusal | None = None
    remembered: bool = False

    @property
    def arrival(self) -> tuple[datetime, str]:
        """Return the key of arbitration: first come, first served (design §3)."""
        return (self.created, self.uid)

    @property
    def manager(self) -> Manager:
        """Return who owns the object, and with it the account that it asks for."""
        return manager_of(self.name)


@dataclass(frozen=True, slots=True)
class Ref:
    """Something an object depends on: when it changes, the object is looked at again."""

    kind: str
    name: str


def workgroup_ref(name: str) -> Ref:
    """Refer to a Workgroup."""
    return Ref(Kind.WORKGROUP, name)


def pool_ref(name: str) -> Ref:
    """Refer to a LicensePool."""
    return Ref(Kind.LICENSE_POOL, name)


def user_ref(name: str) -> Ref:
    """Refer to a User by the name of its resource."""
    return Ref(Kind.USER, name)


def secret_ref(name: str) -> Ref:
    """Refer to a Secret."""
    return Ref("Secret", name)


def email_ref(key: str) -> Ref:
    """Refer to an email address, as a login key, that another account logs in by."""
    return Ref("Email", key)


def login_ref(key: str) -> Ref:
    """Refer to a login key that another account holds."""
    return Ref("Login", key)
