"""The only LDAP: log-ins compared by the directory of a workgroup."""
