"""Auditing: the notifications of `deploy/audit.yaml`, and the sections `Audit` of the guides.

`audit_rules` tests the notifications, `audit_lookups` the look-ups in the event history, `audit_sql`
the SQL; all of them on the events of `audit_events`.
"""

import re

from botocore.exceptions import ClientError

from tests.deploy.account import Account
from tests.deploy.audit_lookups import NAMES, PAGES, lookup_checks
from tests.deploy.audit_rules import ALARMS, RULES, alarm_checks, parameter_checks, rule_checks
from tests.deploy.audit_sql import audit_blocks, selector_checks, sql_checks
from tests.deploy.environment import Accounts
from tests.deploy.report import Check
from tests.servers import ROOT


def _deploy_missing(by_name: dict[str, Account]) -> list[tuple[Account, str]]:
    """Deploys the stacks of the guides' sections that do not exist, and returns them."""
    created = []
    for page in PAGES:
        for block in audit_blocks(page):
            if block.in_aws or "deploy/audit.yaml" not in block.text:
                continue
            account = by_name[block.label.partition(" as ")[0]]
            [stack] = re.findall(r"--stack-name (\S+)", block.text)
            try:
                account.client("cloudformation").describe_stacks(StackName=stack)
            except ClientError:
                result = account.shell(block.text, ROOT, **NAMES)
                if result.returncode:
                    raise SystemExit(f"{page}: {block.text}{result.stderr}") from None
                created.append((account, stack))
    return created


def audit_checks(accounts: Accounts) -> list[Check]:
    """Checks the notifications of the deployed stacks, and the commands and SQL of the guides.

    Stacks that the guides have not deployed yet are deployed, and deleted afterwards.
    """
    by_name = accounts.by_label()
    created = _deploy_missing(by_name)
    checks = []
    for stack, (name, rule, _) in RULES.items():
        checks += rule_checks(by_name[name], stack, rule)
    for stack, (name, workgroup, threshold) in ALARMS.items():
        checks += alarm_checks(by_name[name], stack, workgroup, threshold)
    checks += parameter_checks(accounts.a)
    checks += lookup_checks(by_name)
    checks += sql_checks()
    checks += selector_checks(accounts.a)
    for account, stack in created:
        account.client("cloudformation").delete_stack(StackName=stack)
    return checks
