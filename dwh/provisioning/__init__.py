"""The warehouse's environment: its IAM role, its security group, its cluster, its snapshots."""
