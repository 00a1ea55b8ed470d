"""Delete what setup_env.py has created: the cluster, the security group, the role, the bucket.

First shows what it will delete, and asks. On AWS the cluster's rows are kept in a final snapshot,
from which setup_env.py --restore comes back, unless --no-snapshot says otherwise. With the sandbox
as target, it does not ask, keeps nothing, and stops the sandbox at the end.

Example:
    python shutdown_env.py --dry-run
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from dwh.aws import Clients, clients, find_cluster, is_ours, polling, tags
from dwh.config import Config, load_config
from dwh.errors import DwhError, explain
from dwh.provisioning import bucket, cluster_end, plan, role, security_group, snapshots
from dwh.provisioning.plan import Change
from dwh.terminal import confirm, counted, parser, run, say, step

# What AWS has deleted may be listed for a moment more.
SWEEP_SECONDS = 5


def main(argv: list[str] | None = None) -> int:
    """Show the plan, ask, delete everything in the order that AWS needs, and look again."""
    arguments = read_options(argv)
    config = load_config(arguments.config)
    if config.target == "sandbox":
        take_down_sandbox(config, arguments)
    else:
        take_down(config, arguments)
    return 0


def read_options(argv: list[str] | None) -> argparse.Namespace:
    """The command line."""
    options = parser(__doc__)
    options.add_argument("--yes", action="store_true", help="do not ask")
    options.add_argument("--dry-run", action="store_true", help="show the plan and do nothing")
    how = options.add_mutually_exclusive_group()
    how.add_argument(
        "--snapshot",
        action=argparse.BooleanOptionalAction,
        help="keep the rows in a final snapshot, or lose them (default: keep them on AWS)",
    )
    how.add_argument("--pause", action="store_true", help="only pause the cluster")
    return options.parse_args(argv)


def take_down(config: Config, arguments: argparse.Namespace) -> None:
    """Carry out the plan, if the answer is yes, and see that nothing is left."""
    aws = clients(config)
    changes = make_plan(aws, config, arguments)
    show(changes, config, arguments)
    if arguments.dry_run:
        return
    if changes and not arguments.pause and not arguments.yes and config.target == "aws":
        confirm("Delete this?")
    plan.carry_out(changes)
    if arguments.pause:
        if changes:
            say("Resume it: python setup_env.py")
        return
    sweep(aws, config)
    if not ends_sandbox(config, arguments):
        snapshots.tag_final(aws.redshift, config)
        tell_snapshots(aws, config)


def ends_sandbox(config: Config, arguments: argparse.Namespace) -> bool:
    """Whether there is a sandbox that is stopped at the end, and forgets all."""
    return config.target == "sandbox" and not arguments.pause and not arguments.snapshot


def show(changes: list[Change], config: Config, arguments: argparse.Namespace) -> None:
    """Print the plan: on stdout if it is all that is asked for."""
    place = "the sandbox" if config.target == "sandbox" else f"AWS, {config.aws_region}"
    if changes:
        out = sys.stdout if arguments.dry_run else sys.stderr
        plan.show(f"Plan for {config.identifier} in {place}", changes, out)
        say(billing(config, arguments))
    else:
        what = "no cluster" if arguments.pause else "nothing"
        say(f"nothing to do: {what} of {config.identifier} is in {place}")
    if arguments.dry_run:
        say("Nothing was changed.")


def billing(config: Config, arguments: argparse.Namespace) -> str:
    """What is billed when the plan is carried out."""
    if config.target == "sandbox":
        return "Billed: nothing, it is all on this machine"
    if arguments.pause:
        return "Billed from then on: its storage and a secret, but no nodes"
    if arguments.snapshot is False:
        return "Billed from then on: nothing, but for snapshots of before"
    return "Billed from then on: its snapshots, by their size, until you delete them"


def make_plan(aws: Clients, config: Config, arguments: argparse.Namespace) -> list[Change]:
    """What has to be done, in its order: the cluster holds on to the others."""
    if arguments.pause:
        return cluster_end.plan_pause(aws.redshift, config)
    keep_rows = arguments.snapshot
    if keep_rows is None:
        keep_rows = config.target == "aws"
    snapshot = snapshots.new_name(config) if keep_rows else None
    refuse_strays(aws, config)
    changes = [
        *cluster_end.plan_shutdown(aws.redshift, config, snapshot),
        *security_group.plan_shutdown(aws.ec2, config),
        *role.plan_shutdown(aws.iam, config),
        *bucket.plan_shutdown(aws, config),
    ]
    if ends_sandbox(config, arguments):
        names = [each["SnapshotIdentifier"] for each in snapshots.known(aws.redshift, config)]
        changes += [Change("delete", f"snapshot {name}", "with its rows") for name in names]
        changes.append(Change("delete", "sandbox", "with all that it holds"))
    return changes


def refuse_strays(aws: Clients, config: Config) -> None:
    """Raise DwhError, before anything is deleted, over a cluster that this script leaves alone.

    It would go on being billed, and may need what is about to be deleted.
    """
    known = find_cluster(aws.redshift, config)
    strays = our_clusters(aws.redshift, config)
    if known and is_ours(known, config):
        strays.remove(f"cluster {config.identifier}")
    if not strays:
        return
    what = f"there is a cluster that may belong to {config.identifier}, and is billed"
    hint = "nothing was deleted: delete it in the Redshift console, or mend its tags if it is yours"
    expected = ", ".join(f"{tag['Key']} = {tag['Value']}" for tag in tags(config))
    raise DwhError(what, hint, [*strays, f"the tags of this environment are {expected}"])


def sweep(aws: Clients, config: Config) -> None:
    """Look for what should be gone by now. Raises DwhError that lists it."""
    with step("sweep") as current:
        for _ in polling(SWEEP_SECONDS):
            if not (left := leftovers(aws, config)):
                break
        current.result = f"{counted(len(left), 'thing')} left" if left else "nothing is left"
    if left:
        what = f"{counted(len(left), 'thing')} of {config.identifier} could not be deleted"
        hint = "see what still uses them, then run python shutdown_env.py again"
        raise DwhError(what, hint, left)


def leftovers(aws: Clients, config: Config) -> list[str]:
    """What carries the environment's tags, snapshots aside; and a cluster of its name."""
    changes = [
        *security_group.plan_shutdown(aws.ec2, config),
        *role.plan_shutdown(aws.iam, config),
        *bucket.plan_shutdown(aws, config),
    ]
    return our_clusters(aws.redshift, config) + [change.resource for change in changes]


def our_clusters(redshift: Any, config: Config) -> list[str]:
    """The clusters with the environment's tags, whatever they are called, or with its name."""
    tag = tags(config)[0]
    pages = redshift.get_paginator("describe_clusters").paginate(
        TagKeys=[tag["Key"]], TagValues=[tag["Value"]]
    )
    found = [each for page in pages for each in page["Clusters"] if is_ours(each, config)]
    names = [f"cluster {each['ClusterIdentifier']}" for each in found]
    cluster = find_cluster(redshift, config)
    if cluster and not is_ours(cluster, config):
        names.append(f"cluster {config.identifier}, which has not the tags of this environment")
    return names


def tell_snapshots(aws: Clients, config: Config) -> None:
    """Say which snapshots are kept, what that costs, and how to come back."""
    for snapshot in snapshots.known(aws.redshift, config):
        name, price = snapshot["SnapshotIdentifier"], "until the sandbox stops"
        if config.target == "aws":
            price = f"{snapshots.cost(snapshot)} until you delete it"
        say(f"snapshot {name}: {snapshots.size(snapshot)}, {price}")
        say(f"  come back:  python setup_env.py --restore {name}")
        if config.target == "aws":
            delete = f"aws redshift delete-cluster-snapshot --region {config.aws_region}"
            say(f"  delete it:  {delete} --snapshot-identifier {name}")


def take_down_sandbox(config: Config, arguments: argparse.Namespace) -> None:
    """Delete what is in the sandbox, and stop it whatever becomes of that."""
    from sandbox.control import is_running, stop

    state = Path(config.sandbox_state)
    if not state.exists():
        say("nothing to do: no sandbox is running")
        return
    if arguments.dry_run or not ends_sandbox(config, arguments):
        take_down(config, arguments)
        return
    try:
        if is_running(state):
            take_down(config, arguments)
    except Exception as error:
        say(f"the sandbox is stopped as it is: {explain(error).what}")
    finally:
        with step("sandbox") as current:
            current.result = "stopped" if stop(state) else "not running, leftovers removed"


if __name__ == "__main__":
    sys.exit(run(main))
