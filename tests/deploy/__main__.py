"""Deployment tests: `python -m tests.deploy`, run by `tests/deploy/run`. See `README.md`.

The last line is `matrix: N of N, mutations: M of M, doctor: K of K`. The exit status is 1 if any
check fails.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.deploy import (
    code_blocks,
    deployed_policies,
    endpoints,
    enforcement,
    fixtures,
    grants,
    guardrails,
    guides,
    invalid_input,
    lint,
    matrix,
    mutations,
    ram,
    variants,
)
from tests.deploy.endpoints import Tools
from tests.deploy.enforcement import Engine
from tests.deploy.environment import Accounts, prepare
from tests.deploy.matrix import Deployment, Simulator
from tests.deploy.report import Check, Report
from tests.servers import ROOT

PROGRAM = ROOT / "target/debug/athena-local"
BUILT_TEMPLATE = ROOT / "target/sam/tpch/template.yaml"
# The fewest planted faults that tests.sharing has to count; with fewer, some did not run.
FEWEST_FAULTS = 20


@dataclass(frozen=True)
class Run:
    """One run of the deployment tests."""

    report: Report
    accounts: Accounts
    tools: Tools
    folder: Path  # temporary

    @property
    def simulator(self) -> Simulator:
        return Simulator(self.tools.node_modules)

    def deploy(self) -> code_blocks.PageRunner:
        """Builds, deploys, shares and registers with the commands of deploy/README.md."""
        accounts = self.accounts
        by_label = {"A": accounts.a, "B": accounts.b, "QUICK": accounts.quick}
        runner = code_blocks.PageRunner(ROOT / guides.README, ROOT, by_label)
        runner.run_names()
        blocks = runner.run("A", "B", "QUICK")
        policy = accounts.a.outputs("rust-connector")["PushPolicyArn"]
        iam = accounts.a.client("iam")
        iam.attach_role_policy(RoleName="ConnectorAdmin", PolicyArn=policy)
        by_label["A as ConnectorAdmin"] = accounts.a.role("ConnectorAdmin")
        blocks += runner.run("A as ConnectorAdmin")
        print(f"   {len(blocks)} code blocks, {runner.seconds:.0f} s")
        summaries = accounts.b.client("athena").list_data_catalogs()["DataCatalogsSummary"]
        catalogs = [item["CatalogName"] for item in summaries]
        self.report.checks(
            [
                Check(f"catalog {name} is registered", name in catalogs, str(catalogs))
                for name in ("rustconn", "rustconn_pushed")
            ]
        )
        return runner

    def prepare_lake(self) -> None:
        """Runs account A's commands of the Lake Formation guide twice, on the mock.

        They must not change existing settings and statements.
        """
        # The mock knows an account by a role of it.
        session = self.accounts.mock_a.role("LakeAdmin")
        runner = code_blocks.PageRunner(ROOT / guides.LAKE_FORMATION, ROOT, {"A": session})
        blocks = runner.run("A")
        runner.run("A")
        print(f"   {len(blocks)} code blocks of the Lake Formation guide")
        glue = self.accounts.mock_a.client("glue")
        database = glue.get_database(Name="sales")["Database"]
        statements = json.loads(glue.get_resource_policy()["PolicyInJson"])["Statement"]
        sids = [statement["Sid"] for statement in statements]
        existing = fixtures.EXISTING_STATEMENT
        settings_kept = database.items() >= fixtures.EXISTING_SETTINGS.items()
        no_defaults = database.get("CreateTableDefaultPermissions") == []
        added = sids == [existing["Sid"], "LetRamShareCatalog"]
        self.report.checks(
            [
                Check("the database keeps its settings", settings_kept, str(database)),
                Check("new tables have no default permissions", no_defaults, str(database)),
                Check(
                    "the catalog policy keeps its statement",
                    existing in statements,
                    str(statements),
                ),
                Check("the catalog policy has one more statement", added, str(sids)),
            ]
        )

    def deployment(self) -> Deployment:
        """Returns the deployed policies, with the execution role and the key of the stack."""
        accounts = self.accounts
        outputs = accounts.a.outputs("rust-connector")
        return Deployment(
            policies={
                **deployed_policies.connector_policies(accounts.a, "rust-connector"),
                **deployed_policies.consumer_policies(accounts.b, "connector-consumer"),
                **deployed_policies.quick_policies(accounts.quick, accounts.b),
                **deployed_policies.lake_policies(accounts.mock_a, accounts.b, "lake-consumer"),
                **deployed_policies.external_policies(),
            },
            principals=fixtures.principals(outputs["ExecutionRoleArn"]),
            resources=fixtures.Resources(outputs["SpillKeyArn"]),
        )

    def evaluate_policies(self) -> str:
        """Evaluates the matrix, the guardrails and the mutations; returns a summary."""
        deployment, report = self.deployment(), self.report
        try:
            print(f"   {lint.policies(deployment.policies)}")
        except lint.LintError as error:
            report.errors([str(error)])
        iam = matrix.run(deployment, self.simulator)
        lake = self.evaluate_grants(deployment)
        report.errors([*iam.errors, *lake.errors])
        total, allowed = iam.total + lake.total, iam.allowed + lake.allowed
        print(f"   {iam.total} rows of IAM, {lake.total} of Lake Formation:", end=" ")
        print(f"{allowed} allow, {total - allowed} deny")
        one_sided = matrix.run(deployment, self.simulator, "guardrails.tsv")
        report.errors(one_sided.errors)
        print("   rows of guardrails.tsv, about one side of a request:")
        print(f"   checks: {one_sided.passed} of {one_sided.total}")
        # A row with an unexpected decision would detect every removal.
        if not (iam.errors or one_sided.errors):
            needed = guardrails.run(deployment, self.simulator)
            report.errors(needed.errors)
            print(f"   guardrails: rows detect the removal of {needed.detected},", end=" ")
            print(f"{needed.redundant} are redundant")
        mutated = mutations.run(deployment, self.simulator)
        report.errors(mutated.errors)
        passed = iam.passed + lake.passed
        return f"matrix: {passed} of {total}, mutations: {mutated.detected} of {mutated.total}"

    def evaluate_grants(self, deployment: Deployment) -> matrix.Outcome:
        rows = {row.id: row for row in matrix.load_rows()}
        invocations = {"Analyst": rows["T08"], "RoleB": rows["Q22"]}

        def may_invoke(principal: str) -> bool:
            row = invocations[principal]
            return self.simulator.decisions([(row.id, deployment.simulation(row))]) == ["allow"]

        lake = grants.read_lake(self.accounts.mock_a, self.accounts.mock_b)
        return grants.run(lake, grants.Evaluator(deployment.principals, may_invoke))

    def test_doctor(self) -> str:
        """Runs `tests/sharing/run`, which starts an emulator of its own; returns its summary."""
        environment = {**os.environ, "ATHENA_LOCAL": str(PROGRAM)}
        result = subprocess.run(
            [ROOT / "tests/sharing/run"],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        *lines, summary = result.stdout.strip().splitlines() or [""]
        print(*lines, sep="\n", flush=True)
        counts = re.fullmatch(r"doctor: (\d+) of (\d+)", summary)
        if result.returncode or not counts or int(counts[2]) < FEWEST_FAULTS:
            status, output = result.returncode, result.stderr[-3000:]
            error = f"tests/sharing/run exited with status {status}, {summary!r}: {output}"
            self.report.errors([error])
        return summary if counts else "doctor: 0 of 0"

    def update(self, runner: code_blocks.PageRunner) -> None:
        """Updates the stack with the commands of deploy/README.md: one role less, more memory."""
        runner.run("A later")
        a = self.accounts.a
        policy = json.dumps(deployed_policies.function_policy(a))
        function = a.client("lambda").get_function_configuration(FunctionName=fixtures.FUNCTION)
        objects = a.client("s3").list_objects_v2(Bucket=fixtures.SPILL)["KeyCount"]
        removed = fixtures.ROLE_B not in policy and fixtures.ANALYST in policy
        memory = function["MemorySize"]
        self.report.checks(
            [
                Check("Role B is removed", removed, policy),
                Check("the memory is updated", memory == 2048, str(memory)),
                Check("spilled objects remain", objects > 0, str(objects)),
            ]
        )

    def remove(self, runner: code_blocks.PageRunner) -> None:
        """Removes the stacks with the commands of deploy/README.md.

        The function's log group and the results bucket remain.
        """
        a, b, name = self.accounts.a, self.accounts.b, fixtures.FUNCTION_NAME
        before = invalid_input.remaining_resources(a, name)
        runner.run("A at last", "B at last")
        remaining = invalid_input.remaining_resources(a, name)
        kinds = {"function", "role", "bucket", "log", "alias", "key"}
        unseen = kinds - {item.split()[0] for item in before}
        only_log = remaining == [f"log group /aws/lambda/{name}"]
        buckets = [item["Name"] for item in b.client("s3").list_buckets()["Buckets"]]
        groups = [item["Name"] for item in b.client("athena").list_work_groups()["WorkGroups"]]
        self.report.checks(
            [
                Check("all kinds of resources exist before", not unseen, f"no {unseen}: {before}"),
                Check("only the log group of the connector remains", only_log, str(remaining)),
                Check("the results remain", fixtures.RESULTS in buckets, str(buckets)),
                Check("the workgroup is removed", "federated" not in groups, str(groups)),
            ]
        )

    def run(self) -> str:
        """Runs all sections on the emulator; returns the summary."""
        report, accounts = self.report, self.accounts
        engine = Engine(PROGRAM, self.folder)
        prepare(accounts)
        report.section("commands of deploy/README.md")
        runner = self.deploy()
        self.prepare_lake()
        report.section("access and queries, enforced by the emulator")
        report.checks(enforcement.access_checks(accounts))
        report.checks(enforcement.query_checks(engine, accounts))
        report.section("guides")
        report.checks(guides.administrator_checks(accounts))
        report.checks(guides.analyst_checks(engine, accounts))
        report.checks(guides.troubleshooting_checks(accounts))
        report.section("deployed policies: linter, access-control matrix, guardrails, mutations")
        policies = self.evaluate_policies()
        report.section("doctor, share and unshare")
        doctor = self.test_doctor()
        report.section("connector without guardrails")
        report.checks(variants.unguarded_checks(accounts, BUILT_TEMPLATE))
        report.section("invalid input and rollback")
        analyst = accounts.b.role("AthenaAnalyst", enforcement.VIA_ATHENA)
        report.checks(invalid_input.request_checks(analyst))
        report.checks(invalid_input.parameter_checks(accounts.a))
        report.checks(invalid_input.rollback_checks(accounts, BUILT_TEMPLATE))
        report.section("acceptance of a share")
        report.checks(ram.acceptance_checks(accounts.b))
        report.section("update and removal")
        self.update(runner)
        self.remove(runner)
        report.checks(guides.coverage_checks())
        report.section("done")
        return f"{policies}, {doctor}"


def main() -> int:
    tools = Tools(
        *(Path(os.environ[f"DEPLOY_{name}"]) for name in ("TOOLS", "EMULATOR", "NODE_MODULES"))
    )
    report = Report()
    report.section("templates")
    for linter in (lint.cfn_lint, lint.sam_validate, lambda: lint.cfn_guard(tools.node_modules)):
        print(f"   {linter()}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with endpoints.running(tools, folder) as (emulator, mock):
            summary = Run(report, Accounts.at(emulator, mock), tools, folder).run()
    print(summary)
    return 1 if report.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except lint.LintError as error:
        sys.exit(f"tests/deploy/run: {error}")
