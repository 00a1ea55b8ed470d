"""PostgreSQL, which stores and computes: its servers, their sessions, the catalogue."""
