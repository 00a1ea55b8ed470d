"""COPY .. FROM S3: the command, the JSON, the values, the load."""
