"""AWS's APIs: moto's server on the loopback interface."""

from __future__ import annotations

import logging
import os
import socket
import threading
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from sandbox.aws import own_services, replacements

HOST = "127.0.0.1"
LOOPBACK_NAMES = (HOST, "localhost")
ADDRESS_PATH = "/checkip"


class ApiServer:
    """moto's server on the loopback interface, in a thread.

    Raises OSError when the port is taken. Answers the caller's address at /checkip, as
    checkip.amazonaws.com does. IAM identities may call what their policies allow.
    """

    def __init__(self, port: int = 0) -> None:
        os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "false")
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        replacements.install()
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((HOST, port))
        self._listener.listen(128)
        self._server = make_server(
            HOST,
            0,
            self._answer,
            threaded=True,
            request_handler=MotoRequestHandler,
            fd=self._listener.fileno(),
        )
        self.url = f"http://{HOST}:{self._listener.getsockname()[1]}"

    def _answer(self, environ: dict[str, Any], start_response: Any) -> Any:
        if not _is_sdk_request(environ):
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"only for AWS clients on this machine\n"]
        if environ.get("PATH_INFO") == ADDRESS_PATH:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [f"{environ['REMOTE_ADDR']}\n".encode()]
        return own_services.respond(environ, start_response)

    def start(self) -> None:
        """Answer requests from now on."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._listener.close()


def _is_sdk_request(environ: dict[str, Any]) -> bool:
    """Not from a web page, nor for moto's own switches, which no AWS has."""
    host = environ.get("HTTP_HOST", "").rpartition(":")[0]
    from_page = "HTTP_ORIGIN" in environ or host not in LOOPBACK_NAMES
    return not from_page and not environ.get("PATH_INFO", "").startswith("/moto-api")
