"""The parts of the load: which files are new, their COPY, the checks, and the record of the run."""
