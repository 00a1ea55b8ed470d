"""Measurements of the pipeline, run by hand."""
