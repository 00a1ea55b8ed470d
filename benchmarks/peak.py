"""Run Python with arguments; print seconds and the largest resident size in MB.

A process of its own: what the kernel counts for a child begins with the size of its parent.
"""

import os
import subprocess
import sys
import time

begun = time.perf_counter()
process = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print(time.perf_counter() - begun, usage.ru_maxrss * 1024 / 1_000_000)
sys.exit(process.returncode)
