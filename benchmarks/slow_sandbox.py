"""A sandbox whose S3 takes as long over an object as one that is some way off.

It reads the objects from their folder, so that what is measured is the load and not moto.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from sandbox.aws.api import ApiServer
from sandbox.server import serve

DELAY_SECONDS = 0.03
ANSWER = ApiServer._answer


def main(state: Path, buckets: Path) -> int:
    """Run it until SIGTERM."""

    def answer(server: ApiServer, environ: dict[str, Any], start_response: Any) -> Any:
        path = buckets / environ["PATH_INFO"].lstrip("/")
        if environ["REQUEST_METHOD"] != "GET" or environ["QUERY_STRING"] or not path.is_file():
            return ANSWER(server, environ, start_response)
        time.sleep(DELAY_SECONDS)
        body = path.read_bytes()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]

    setattr(ApiServer, "_answer", answer)  # noqa: B010 - a method that mypy would not have replaced
    return serve(state, str(buckets), 0)


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
