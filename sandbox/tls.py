"""A certificate authority of the sandbox's own, made anew at each start."""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme


def server_context(ca_file: Path) -> ssl.SSLContext:
    """A TLS context for localhost; the authority's certificate, to trust, goes into `ca_file`."""
    authority = trustme.CA(organization_name="Redshift sandbox")
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # When reading has ended, the other side can still be told why.
    context.options |= getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context
