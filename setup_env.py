"""Create the warehouse: IAM roles, a bucket, a security group, a cluster or a Serverless workgroup.

First shows what it will do and, on AWS, what that costs, and asks. What is there is kept, changed
or resumed, so it can be run again, for instance after a Ctrl-C. With the sandbox as target, the
sandbox is started first, and nothing is asked.

Example:
    python setup_env.py --dry-run
"""

from __future__ import annotations

import sys
from typing import TextIO

from dwh import local_aws
from dwh.aws import clients
from dwh.config import Config, load_config
from dwh.connection import connect
from dwh.errors import DwhError
from dwh.provisioning import bucket, kinds, plan, prices, role, security_group, source_data
from dwh.provisioning.environment import Environment
from dwh.provisioning.look import look
from dwh.provisioning.plan import Change
from dwh.target import SANDBOX
from dwh.terminal import confirm, parser, print_table, run_script, say, step
from dwh.warehouse import Warehouse
from dwh.warehouse_access import available_warehouse

# In this order: the warehouse needs the others, and holds on to those that it had before.
PLANS = (
    source_data.plan_setup,
    role.plan_setup,
    bucket.plan_setup,
    security_group.plan_setup,
    kinds.plan_setup,
    security_group.plan_superseded,
    role.plan_superseded,
    bucket.plan_superseded,
)


def main(argv: list[str] | None = None) -> int:
    """Show the plan, ask on AWS, carry it out, and say where the warehouse is."""
    options = parser(__doc__)
    options.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    options.add_argument("--yes", action="store_true", help="do not ask")
    options.add_argument("--restore", metavar="SNAPSHOT", help="make the warehouse from a snapshot")
    arguments = options.parse_args(argv)
    config = load_config(arguments.config)
    if arguments.dry_run:
        show_only(config, arguments.restore)
        return 0
    if config.target is SANDBOX:
        local_aws.start(config)
    aws = clients(config)
    found = look(aws, config, arguments.restore)
    changes = make_plan(found, config)
    plan.show(heading(config), changes, sys.stderr)
    show_prices(config, sys.stderr)
    if config.target.is_billed and not arguments.yes and is_new(changes):
        confirm("Carry out this plan?")
    plan.carry_out(changes, aws)
    report(config, found, changes)
    return 0


def is_new(changes: list[Change]) -> bool:
    """True if the plan does more than look, and wait for what is under way already."""
    return any(change.action not in {"check", "keep"} for change in changes)


def make_plan(found: Environment, config: Config) -> list[Change]:
    """What has to be done, in its order. Raises DwhError if it cannot be."""
    return [change for each in PLANS for change in each(found, config)]


def show_only(config: Config, snapshot: str | None) -> None:
    """Print the plan; no call that it makes can change anything."""
    if config.target is SANDBOX and not snapshot and not local_aws.is_running(config):
        nothing = Environment("ACCOUNT", client_addresses="this machine's address")
        what = "a process on this machine, stopped by shutdown_env.py"
        changes = [Change("create", "sandbox", what), *make_plan(nothing, config)]
    else:
        changes = make_plan(look(clients(config), config, snapshot), config)
    plan.show(heading(config), changes, sys.stdout)
    show_prices(config, sys.stdout)
    say("Nothing was changed. Carry it out: python setup_env.py")


def heading(config: Config) -> str:
    """Where the plan takes place."""
    return f"Plan for {config.identifier} in {config.place}"


def show_prices(config: Config, to: TextIO) -> None:
    """Print what the environment costs, and for how long."""
    if not config.target.is_billed:
        say("Billed: nothing, it is all on this machine")
        return
    columns = ("billed", "USD per hour", "USD per month", "check at")
    print_table(f"Prices as known on {prices.KNOWN_ON}", columns, prices.rows(config), to)
    say("Billed until you run python shutdown_env.py; after that, its final snapshot only")


def report(config: Config, found: Environment, changes: list[Change]) -> None:
    """Log in once to see that it works; print where the warehouse is, and what comes next."""
    if not is_new(changes):
        say("Everything is as it should be: nothing was changed.")
    there = None if any(change.apply for change in changes) else kinds.as_warehouse(found, config)
    warehouse = there or available_warehouse(config)
    check_connection(config, warehouse)
    print_table("Warehouse", ("what", "value"), describe(warehouse, config))
    say("Next: python create_tables.py")


def check_connection(config: Config, warehouse: Warehouse) -> None:
    """Log in once. From here a private warehouse may be out of reach, which is no failure."""
    with step("connection") as current:
        try:
            with connect(config, warehouse):
                current.result = f"works, as {config.user}"
        except DwhError as error:
            if config.public:
                raise
            current.result = f"not from here: {error.what}; run the scripts inside its VPC"


def describe(warehouse: Warehouse, config: Config) -> list[tuple[str, str]]:
    """Where the warehouse is, for people who want to connect to it."""
    return [
        ("endpoint", f"{warehouse.host}:{warehouse.port}"),
        ("database", config.database),
        ("user", config.user),
        ("role", ", ".join(warehouse.roles)),
    ]


if __name__ == "__main__":
    sys.exit(run_script(main))
