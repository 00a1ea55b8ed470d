"""What the warehouse is to have of the role and the groups that are made for it."""

from __future__ import annotations

from dataclasses import dataclass

from dwh.aws import Clients, polling
from dwh.config import Config
from dwh.errors import DwhError
from dwh.provisioning import role, security_group
from dwh.provisioning.environment import Environment
from dwh.provisioning.waiting import ROLE_DELAY_SECONDS
from dwh.terminal import Step


@dataclass(frozen=True)
class Wanted:
    """What the warehouse is to have, as far as that can be changed while it lives.

    `role` is the ARN of ROLE; `former_roles` are those that it has named before.
    """

    role: str | None
    former_roles: list[str]
    groups: list[str]
    public: bool

    def role_faults(self, attached: set[str]) -> list[str]:
        """What is to be changed about the roles that are attached, in words."""
        faults = [] if self.role in attached else ["role attached"]
        return faults + [f"role {arn.rpartition('/')[2]} detached" for arn in self.former(attached)]

    def former(self, attached: set[str]) -> list[str]:
        """The roles that ROLE has named before and that are still attached."""
        return sorted(attached & set(self.former_roles))

    def access_faults(self, groups: set[str], is_public: bool) -> list[str]:
        """What is to be changed about who gets in, in words."""
        faults = []
        if groups != set(self.groups) or not self.groups:
            faults.append("security groups set")
        if is_public != self.public:
            faults.append(f"public address {'on' if self.public else 'off'}")
        return faults


def wanted_of(found: Environment, config: Config) -> Wanted:
    """What dwh.cfg wants of the warehouse; what is still to be made for it is missing."""
    superseded = [str(each["Arn"]) for each in found.superseded_roles]
    ids = list(config.security_groups)
    if found.group and not ids:
        ids = [found.group.described["GroupId"]]
    mine = str(found.role.described["Arn"]) if found.role else None
    return Wanted(mine, superseded, ids, config.public)


def find_wanted(aws: Clients, config: Config) -> Wanted:
    """The same, as AWS tells it now."""
    arns = {each["RoleName"]: str(each["Arn"]) for each in role.our_roles(aws.iam, config)}
    mine = arns.pop(config.role, None)
    found = security_group.wanted_groups(aws.ec2, aws.redshift, config)
    return Wanted(mine, list(arns.values()), found, config.public)


def find_made(aws: Clients, config: Config, current: Step) -> Wanted:
    """What the warehouse is to have, once AWS lists the role and the group that were just made."""
    for _ in polling(ROLE_DELAY_SECONDS):
        wanted = find_wanted(aws, config)
        if wanted.role and wanted.groups:
            return wanted
        current.update("waiting until AWS lists its role and its security group")
    what = f"AWS does not list the role or the security group after {ROLE_DELAY_SECONDS} s"
    raise DwhError(what, "run python setup_env.py again: it makes what is missing")
