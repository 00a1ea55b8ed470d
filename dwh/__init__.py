"""What the scripts share: configuration, AWS, the connection, the load, provisioning."""
