"""The same job, done as people do it locally with other tools. Each is a script of its own."""
