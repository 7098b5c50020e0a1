"""What `tenantry validate` does: read YAML with its lines, check each object, then all of them together."""
