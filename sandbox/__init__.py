"""A local stand-in for the parts of AWS that a Redshift pipeline speaks to."""
