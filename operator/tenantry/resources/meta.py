"""What Kubernetes calls the four kinds, and the marks that Tenantry leaves on objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tenantry.domain.observed import Kind
from tenantry.specs import (
    LicensePoolSpec,
    LicensePoolStatus,
    ProjectMemberSpec,
    ProjectMemberStatus,
    Spec,
    Status,
    UserSpec,
    UserStatus,
    WorkgroupSpec,
    WorkgroupStatus,
)

GROUP = "tenantry.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
CATEGORY = "tenantry"

#: Keeps an object until its account is settled. Not kopf's own: kopf removes that when no handler needs it.
FINALIZER = "tenantry.dev/account"
#: With the value "true" the object is reported on and nothing is written.
PAUSED_ANNOTATION = "tenantry.dev/paused"


@dataclass(frozen=True, slots=True)
class Resource:
    """One kind as the API server serves it."""

    kind: Kind
    plural: str
    singular: str
    short_name: str
    about: str
    spec: type[Spec]
    status: type[Status]

    @property
    def crd_name(self) -> str:
        """Return the name of the CRD, which Kubernetes fixes."""
        return f"{self.plural}.{GROUP}"

    @property
    def list_kind(self) -> str:
        """Return the kind of a list of these objects."""
        return f"{self.kind}List"


_RESOURCES = (
    Resource(
        kind=Kind.LICENSE_POOL,
        plural="licensepools",
        singular="licensepool",
        short_name="lpool",
        about="LicensePool is what was bought: the seats and limits that the Workgroups referring to it share.",
        spec=LicensePoolSpec,
        status=LicensePoolStatus,
    ),
    Resource(
        kind=Kind.WORKGROUP,
        plural="workgroups",
        singular="workgroup",
        short_name="wg",
        about="Workgroup is the policy of a group of accounts: what a User may be, and what it is given.",
        spec=WorkgroupSpec,
        status=WorkgroupStatus,
    ),
    Resource(
        kind=Kind.USER,
        plural="users",
        singular="user",
        short_name="tuser",
        about="User is one account in the identity store, provisioned for as long as this object exists.",
        spec=UserSpec,
        status=UserStatus,
    ),
    Resource(
        kind=Kind.PROJECT_MEMBER,
        plural="projectmembers",
        singular="projectmember",
        short_name="pmember",
        about="ProjectMember ties one User to one project of a Workgroup and says what it may do there.",
        spec=ProjectMemberSpec,
        status=ProjectMemberStatus,
    ),
)

#: The kinds in the order in which they are installed and planned.
RESOURCES: Mapping[Kind, Resource] = MappingProxyType({resource.kind: resource for resource in _RESOURCES})
