"""IAM's policies and their conditions."""
