"""`ConnectorFunctionArns` of `workgroup.yaml`: connectors of one role in every order and number.

A stack is created with one connector, and updated to every other list of one, two or three, which
includes every order of adding them and every removal. Exactly the listed functions can be invoked
through Athena, also by an administrator.
"""

from itertools import permutations
from typing import Any

from tests.deploy import fixtures
from tests.deploy.account import Account
from tests.deploy.report import Check
from tests.deploy.simulator import Policy, Simulation, Simulator
from tests.servers import ROOT

STACK = "workgroup-connectors"
BUCKET = f"connector-lists-{fixtures.B}"
# Of account B, so that the policies of the role alone decide.
FUNCTIONS = tuple(
    f"arn:aws:lambda:{fixtures.REGION}:{fixtures.B}:function:{name}"
    for name in ("one", "two", "three")
)
LISTS = [order for count in (1, 2, 3) for order in permutations(FUNCTIONS, count)]


def _parameters(functions: tuple[str, ...]) -> list[dict[str, str]]:
    values = {
        "WorkGroupName": "lists",
        "ResultsBucketName": BUCKET,
        "ConnectorFunctionArns": ",".join(functions),
    }
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def _deployed(b: Account) -> list[Policy]:
    """Returns the policy of the members with each of the lists."""
    formation, iam = b.client("cloudformation"), b.client("iam")
    options: dict[str, Any] = {
        "StackName": STACK,
        "TemplateBody": (ROOT / "deploy/workgroup.yaml").read_text(),
        "Capabilities": ["CAPABILITY_IAM"],
    }
    policies = []
    for functions in LISTS:
        change = formation.update_stack if policies else formation.create_stack
        waiter = "stack_update_complete" if policies else "stack_create_complete"
        change(**options, Parameters=_parameters(functions))
        formation.get_waiter(waiter).wait(StackName=STACK, WaiterConfig={"Delay": 0.2})
        arn = b.outputs(STACK)["AnalystPolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        response = iam.get_policy_version(PolicyArn=arn, VersionId=version)
        policies.append(response["PolicyVersion"]["Document"])
    b.delete_stack(STACK)
    b.client("s3").delete_bucket(Bucket=BUCKET)
    return policies


def _invocation(function: str, policy: Policy) -> Simulation:
    """Returns the invocation by Athena for a role with the policy, which is an administrator."""
    return Simulation(
        id=function,
        request={
            "principal": fixtures.ANALYST,
            "action": "lambda:InvokeFunction",
            "resource": {"resource": function, "accountId": fixtures.B},
            "contextVariables": {"aws:CalledVia": ["athena.amazonaws.com"]},
        },
        identity=(policy, fixtures.ADMINISTRATOR_ACCESS),
    )


def each_list_admits_exactly_its_functions(b: Account, simulator: Simulator) -> list[Check]:
    invocations = [
        _invocation(function, policy) for policy in _deployed(b) for function in FUNCTIONS
    ]
    decisions = simulator.decisions(invocations)
    expected = [
        "allow" if function in functions else "deny"
        for functions in LISTS
        for function in FUNCTIONS
    ]
    claim = "each list of one, two and three connectors admits exactly its functions"
    return [Check(claim, decisions == expected, str(decisions))]
