"""Load the warehouse: copy what is new in S3 to the staging tables, and these into the star.

All of it is one transaction: the analysts see the old star until the new one has passed its
checks. A ledger keeps which files are loaded; a file that has changed is loaded again, and a
record that is loaded twice changes nothing. --check looks through the whole star. --rebuild makes
it anew from the files that are in S3 now, and exchanges it for the old one: the way out of a
damaged star or a bad delivery.

Example:
    python etl.py --history
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from dwh.config import load_config
from dwh.loading import run_log
from dwh.loading.attempts import load_with_retries
from dwh.loading.checks import check_rows, check_staging, check_star, check_whole_star, note_rows
from dwh.loading.files import find_new_files
from dwh.loading.history import show_history
from dwh.loading.packing import pack_small_files, remove_leftovers
from dwh.loading.rebuild import begin_rebuild, finish_rebuild
from dwh.loading.report import print_load
from dwh.loading.required_values import check_required_values
from dwh.loading.run import Run, new_run
from dwh.loading.staging import copy_to_staging
from dwh.loading.star import insert_into_star, record_files
from dwh.tables import lock_staging
from dwh.terminal import announce, parser, run_script, say

if TYPE_CHECKING:
    from psycopg2.extensions import cursor


def main(argv: list[str] | None = None) -> int:
    """Load what is new, in one transaction; then say what that has brought."""
    options = parser(__doc__)
    what = options.add_mutually_exclusive_group()
    what.add_argument("--rebuild", action="store_true", help="make the star anew from all files")
    what.add_argument("--check", action="store_true", help="check the whole star, load nothing")
    history = "show the last runs, or the one that is named; load nothing"
    what.add_argument("--history", nargs="?", metavar="RUN", const="", help=history)
    arguments = options.parse_args(argv)
    config = load_config(arguments.config)
    if arguments.history is not None:
        show_history(config, arguments.history)
        return 0
    if arguments.check:
        announce("Check of the star")
        check_whole_star(config)
        return 0
    run = new_run(config, is_rebuild=arguments.rebuild)
    announce(f"Run {run.run_id}")
    with run_log.record_failure(run):
        load_with_retries(load, run)
    print_load(run)
    return 0


def load(cursor: cursor, run: Run) -> None:
    """Load what is new in the transaction of the cursor, unless an earlier attempt has done it.

    Raises DwhError for what cannot be loaded, and RoleError while the role cannot be taken.
    """
    lock_staging(cursor, run.config)
    if run_log.is_committed(cursor, run):
        say("the load was committed before the connection was lost")
        return
    run.start_over()
    remove_leftovers(run)
    if run.is_rebuild:
        begin_rebuild(cursor, run)
    else:
        check_rows(cursor, run)
    find_new_files(cursor, run)
    if not run.files:
        return
    pack_small_files(run)
    copy_to_staging(cursor, run)
    check_required_values(cursor, run)
    check_staging(cursor, run)
    insert_into_star(cursor, run)
    record_files(cursor, run)
    check_star(cursor, run)
    note_rows(cursor, run)
    if run.is_rebuild:
        finish_rebuild(cursor, run)


if __name__ == "__main__":
    sys.exit(run_script(main))
