"""What moto looks up for each call, looked up once: it stays the same while the sandbox runs."""

from __future__ import annotations

from functools import cache

from moto.core import utils
from moto.moto_server.werkzeug_app import DomainDispatcherApplication

# The operations that a service has: moto inspects the whole class.
method_names = cache(utils.method_names_from_class)
# The service that answers for a host: moto lists its own folders, then tries a pattern for each.
service_of_host = cache(DomainDispatcherApplication.get_backend_for_host)
