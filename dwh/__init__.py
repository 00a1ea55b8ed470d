"""What the scripts share: configuration, AWS, the connection, the load, provisioning."""

import os
import sys
from types import TracebackType

__version__ = "0.1.0"


def end_quietly(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """End a script that Ctrl-C reaches while its modules are imported, before run_script."""
    if kind is not KeyboardInterrupt:
        sys.__excepthook__(kind, error, trace)
        return
    print("error: interrupted by Ctrl-C", file=sys.stderr)
    print("hint: run the same command again: that is safe", file=sys.stderr, flush=True)
    os._exit(130)


sys.excepthook = end_quietly
