"""A cluster's data side: PostgreSQL behind a proxy that speaks as Redshift does."""
