"""The four specs and their statuses: the one place where a field is named, bounded and described.

The CRDs are generated from these models, the operator parses with them, and the rules read them.
"""

from tenantry.specs.licensepool import LicensePoolSpec, LicensePoolStatus
from tenantry.specs.projectmember import ProjectMemberSpec, ProjectMemberStatus
from tenantry.specs.user import UserSpec, UserStatus
from tenantry.specs.workgroup import WorkgroupSpec, WorkgroupStatus

Spec = LicensePoolSpec | WorkgroupSpec | UserSpec | ProjectMemberSpec
Status = LicensePoolStatus | WorkgroupStatus | UserStatus | ProjectMemberStatus

__all__ = [
    "LicensePoolSpec",
    "LicensePoolStatus",
    "ProjectMemberSpec",
    "ProjectMemberStatus",
    "Spec",
    "Status",
    "UserSpec",
    "UserStatus",
    "WorkgroupSpec",
    "WorkgroupStatus",
]
