"""Create what the warehouse needs: an IAM role, a bucket, a security group, a Redshift cluster.

First shows what it will do. What is there is kept, changed or resumed, so it can be run again, for
instance after a Ctrl-C. With the sandbox as target, the sandbox is started first.

Example:
    python setup_env.py --dry-run
"""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from dwh.aws import Clients, clients, find_cluster
from dwh.config import Config, load_config
from dwh.connection import connect
from dwh.errors import DwhError
from dwh.provisioning import bucket, cluster, plan, role, security_group
from dwh.provisioning.plan import Change
from dwh.terminal import parser, print_table, run, say, step


def main(argv: list[str] | None = None) -> int:
    """Show the plan, carry it out, and say where the warehouse is."""
    options = parser(__doc__)
    options.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    options.add_argument("--restore", metavar="SNAPSHOT", help="make the cluster from a snapshot")
    arguments = options.parse_args(argv)
    config = load_config(arguments.config)
    if arguments.dry_run:
        show_only(config, arguments.restore)
        return 0
    if config.target == "sandbox":
        start_sandbox(config)
    aws = clients(config)
    changes = make_plan(aws, config, arguments.restore)
    plan.show(heading(config), changes, sys.stderr)
    say(billing(config))
    plan.carry_out(changes)
    if all(change.action == "keep" for change in changes):
        say("Everything is as it should be: nothing was changed.")
    report(aws, config)
    return 0


def show_only(config: Config, snapshot: str | None) -> None:
    """Print the plan; no call that it makes can change anything."""
    if config.target == "sandbox" and not snapshot and not is_sandbox_running(config):
        changes = plan_from_nothing(config)
    else:
        changes = make_plan(clients(config), config, snapshot)
    plan.show(heading(config), changes, sys.stdout)
    say(billing(config))
    say("Nothing was changed. Carry it out: python setup_env.py")


def make_plan(aws: Clients, config: Config, snapshot: str | None) -> list[Change]:
    """What has to be done, in its order. Raises DwhError if it cannot be."""
    return [
        role.plan_setup(aws, config),
        bucket.plan_setup(aws, config),
        security_group.plan_setup(aws.ec2, aws.redshift, config),
        cluster.plan_setup(aws, config, snapshot),
        *security_group.plan_former(aws.ec2, config),
        *role.plan_former(aws.iam, config),
        *bucket.plan_former(aws, config),
    ]


def plan_from_nothing(config: Config) -> list[Change]:
    """The plan while there is no sandbox to look into."""
    return [
        Change("create", "sandbox", "a process on this machine, stopped by shutdown_env.py"),
        role.creation(config),
        bucket.creation(),
        security_group.creation(config, "this machine's address"),
        cluster.creation(config),
    ]


def heading(config: Config) -> str:
    """Where the plan takes place."""
    place = "the sandbox" if config.target == "sandbox" else f"AWS, {config.aws_region}"
    return f"Plan for {config.identifier} in {place}"


def billing(config: Config) -> str:
    """What the cluster costs, and until when."""
    if config.target == "sandbox":
        return "Billed: nothing, it is all on this machine"
    nodes = f"{config.nodes} x {config.node_type}"
    return (
        f"Billed: {nodes}, their storage and a secret, until python shutdown_env.py; "
        "prices: https://aws.amazon.com/redshift/pricing/"
    )


def is_sandbox_running(config: Config) -> bool:
    """Whether the sandbox is there to be looked into."""
    from sandbox.control import is_running

    return is_running(Path(config.sandbox_state))


def start_sandbox(config: Config) -> None:
    """Start the sandbox, or find it running."""
    from sandbox.control import start

    with step("sandbox") as current:
        current.result = "already there" if is_sandbox_running(config) else "started"
        found = start(Path(config.sandbox_state), config.sandbox_data, config.sandbox_port)
        current.result += f", at {found.endpoint_url}"


def report(aws: Clients, config: Config) -> None:
    """Log in once to see that it works; print where the warehouse is, and what comes next."""
    found = find_cluster(aws.redshift, config) or {}
    check_connection(config)
    print_table("Warehouse", ("what", "value"), describe(found, config))
    if config.target == "aws":
        say("The cluster is billed until you run: python shutdown_env.py")
    say("Next: python create_tables.py")


def check_connection(config: Config) -> None:
    """Log in once. From here a private cluster may be out of reach, which is no failure."""
    with step("connection") as current:
        try:
            with closing(connect(config)):
                current.result = f"works, as {config.user}"
        except DwhError as error:
            if config.public:
                raise
            current.result = f"not from here: {error.what}; run the scripts inside its VPC"


def describe(found: dict[str, Any], config: Config) -> list[tuple[str, str]]:
    """Where the warehouse is, for people who want to connect to it."""
    endpoint = found["Endpoint"]
    return [
        ("endpoint", f"{endpoint['Address']}:{endpoint['Port']}"),
        ("database", config.database),
        ("user", config.user),
        ("role", ", ".join(each["IamRoleArn"] for each in found["IamRoles"])),
    ]


if __name__ == "__main__":
    sys.exit(run(main))
