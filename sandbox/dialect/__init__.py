"""Redshift's SQL to PostgreSQL's: what is rewritten, what is refused."""
