"""Delete what setup_env.py has created: the warehouse, the security group, the roles, the bucket.

First shows what it will delete, and asks. On AWS the warehouse's rows are kept in a final snapshot,
from which setup_env.py --restore comes back, unless --no-snapshot says otherwise. With the sandbox
as target, it does not ask, keeps nothing, and stops the sandbox at the end.

Example:
    python shutdown_env.py --dry-run
"""

from __future__ import annotations

import argparse
import sys

from dwh import local_aws
from dwh.aws import Clients, clients, polling
from dwh.cluster_access import find_cluster
from dwh.config import Config, load_config
from dwh.errors import DwhError, explain
from dwh.ownership import is_ours, tags
from dwh.provisioning import bucket, cluster_end, kinds, plan, role, security_group, serverless_end
from dwh.provisioning.environment import Remains
from dwh.provisioning.look import look_at_remains
from dwh.provisioning.plan import Change
from dwh.provisioning.snapshots import new_name
from dwh.target import SANDBOX
from dwh.terminal import confirm, parser, plural, run_script, say, step

# In this order: the warehouse holds on to the others.
PLANS = (
    kinds.plan_shutdown,
    security_group.plan_shutdown,
    role.plan_shutdown,
    bucket.plan_shutdown,
)
# What AWS has deleted may be listed for a moment more.
SWEEP_SECONDS = 5


def main(argv: list[str] | None = None) -> int:
    """Show the plan, ask, delete everything in the order that AWS needs, and look again."""
    arguments = read_options(argv)
    config = load_config(arguments.config)
    if config.target is SANDBOX:
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
    if arguments.pause and not kinds.is_cluster(config):
        say(kinds.NO_PAUSE)
        return
    aws = clients(config)
    changes = make_plan(aws, config, arguments)
    deleted = kinds.deleted_kinds(changes, config)
    show(changes, config, arguments)
    if arguments.dry_run:
        return
    if changes and not arguments.pause and not arguments.yes and config.target.is_billed:
        confirm("Delete this?")
    plan.carry_out(changes, aws)
    if arguments.pause:
        if changes:
            say("Resume it: python setup_env.py")
        return
    sweep(aws, config)
    if not forgets_all(config, arguments):
        for each in deleted:
            kinds.tag_final(aws, each)
            tell_snapshots(aws, each)


def forgets_all(config: Config, arguments: argparse.Namespace) -> bool:
    """True if all that is left goes with the target itself, which is stopped at the end."""
    return config.target.forgets and not arguments.pause and not arguments.snapshot


def show(changes: list[Change], config: Config, arguments: argparse.Namespace) -> None:
    """Print the plan: on stdout if it is all that is asked for."""
    if changes:
        out = sys.stdout if arguments.dry_run else sys.stderr
        plan.show(f"Plan for {config.identifier} in {config.place}", changes, out)
        say(billing(config, arguments))
    else:
        what = f"no {config.kind}" if arguments.pause else "nothing"
        say(f"nothing to do: {what} of {config.identifier} is in {config.place}")
    if arguments.dry_run:
        say("Nothing was changed.")


def billing(config: Config, arguments: argparse.Namespace) -> str:
    """What is billed when the plan is carried out."""
    if not config.target.is_billed:
        return "Billed: nothing, it is all on this machine"
    if arguments.pause:
        return "Billed from then on: its storage and a secret, but no nodes"
    if arguments.snapshot is False:
        return "Billed from then on: nothing, but for snapshots of before"
    return "Billed from then on: its snapshots, by their size, until you delete them"


def make_plan(aws: Clients, config: Config, arguments: argparse.Namespace) -> list[Change]:
    """What has to be done, in its order. Raises DwhError if it cannot be."""
    if arguments.pause:
        return cluster_end.plan_pause(Remains(find_cluster(aws.redshift, config)), config)
    keep_rows = arguments.snapshot
    if keep_rows is None:
        keep_rows = not config.target.forgets
    found = look_at_remains(aws, config, new_name(config) if keep_rows else None)
    refuse_strays(found, config)
    changes = [change for each in PLANS for change in each(found, config)]
    if forgets_all(config, arguments):
        known = kinds.known_snapshots(aws, config)
        changes += [Change("delete", f"snapshot {each.name}", "with its rows") for each in known]
        changes.append(Change("delete", "sandbox", "with all that it holds"))
    return changes


def refuse_strays(found: Remains, config: Config) -> None:
    """Raise DwhError, before anything is deleted, over a warehouse that this script leaves alone.

    It would go on being billed, and may need what is about to be deleted.
    """
    ours = found.cluster is not None and is_ours(found.cluster, config)
    to_delete = {f"cluster {config.identifier}"} if ours else set()
    strays = [each for each in warehouses_of(found, config) if each not in to_delete]
    if not strays:
        return
    what = (
        f"there is a {strays[0].split()[0]} that may belong to {config.identifier}, and is billed"
    )
    hint = "nothing was deleted: delete it in the Redshift console, or mend its tags if it is yours"
    expected = ", ".join(f"{tag['Key']} = {tag['Value']}" for tag in tags(config))
    raise DwhError(what, hint, [*strays, f"the tags of this environment are {expected}"])


def sweep(aws: Clients, config: Config) -> None:
    """Look for what should be gone by now. Raises DwhError that lists it."""
    with step("sweep") as current:
        for _ in polling(SWEEP_SECONDS):
            if not (left := leftovers(look_at_remains(aws, config), config)):
                break
        current.result = f"{plural(len(left), 'thing')} left" if left else "nothing is left"
    if left:
        what = f"{plural(len(left), 'thing')} of {config.identifier} could not be deleted"
        hint = "see what still uses them, then run python shutdown_env.py again"
        raise DwhError(what, hint, left)


def leftovers(found: Remains, config: Config) -> list[str]:
    """What carries the environment's tags, snapshots aside; and a cluster of its name."""
    others = [change.resource for each in PLANS for change in each(found, config)]
    return warehouses_of(found, config) + [
        each for each in others if not each.startswith("cluster ")
    ]


def warehouses_of(found: Remains, config: Config) -> list[str]:
    """The clusters with the environment's tags, and what has its name and not them, in words."""
    names = [f"cluster {each['ClusterIdentifier']}" for each in found.clusters]
    if found.cluster and not is_ours(found.cluster, config):
        names.append(f"cluster {config.identifier}, which has not the tags of this environment")
    return names + serverless_end.strays(found, config)


def tell_snapshots(aws: Clients, config: Config) -> None:
    """Say which snapshots are kept, what that costs, and how to come back."""
    for snapshot in kinds.known_snapshots(aws, config):
        price = "until the sandbox stops"
        if config.target.is_billed:
            price = f"{snapshot.cost(config)} until you delete it"
        say(f"snapshot {snapshot.name}: {snapshot.size}, {price}")
        say(f"  come back:  python setup_env.py --restore {snapshot.name}")
        if config.target.is_billed:
            say(f"  delete it:  {kinds.delete_command(snapshot, config)}")


def take_down_sandbox(config: Config, arguments: argparse.Namespace) -> None:
    """Delete what is in the sandbox, and stop it even if that fails, but not after Ctrl-C."""
    if not local_aws.has_state(config):
        say("nothing to do: no sandbox is running")
        return
    if arguments.dry_run or not forgets_all(config, arguments):
        take_down(config, arguments)
        return
    try:
        if local_aws.is_running(config):
            take_down(config, arguments)
    except Exception as error:
        say(f"cleanup failed, stopping the sandbox anyway: {explain(error).what}")
    local_aws.stop(config)


if __name__ == "__main__":
    sys.exit(run_script(main))
