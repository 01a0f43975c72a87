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
    audit,
    coverage,
    deployed_policies,
    endpoints,
    enforcement,
    fixtures,
    grants,
    guardrails,
    guides,
    inventory,
    invalid_input,
    lint,
    matrix,
    mutations,
    ram,
    rows,
    strictness,
    usage,
    variants,
)
from tests.deploy.account import Account
from tests.deploy.endpoints import Tools
from tests.deploy.enforcement import Engine
from tests.deploy.environment import Accounts, machine_architecture, prepare
from tests.deploy.matrix import Deployment
from tests.deploy.report import Check, Report
from tests.deploy.simulator import Simulator
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
    invitations: ram.Invitations
    tools: Tools
    folder: Path  # temporary
    pages: guides.Pages

    @property
    def simulator(self) -> Simulator:
        return Simulator(self.tools.node_modules)

    def share_connectors(self) -> None:
        """Deploys, shares in both ways, and registers, with the commands of two guides."""
        administrator, analyst = self.pages.administrator, self.pages.analyst
        administrator.run("Names")
        administrator.variables["ARCHITECTURE"] = machine_architecture()
        administrator.run("Deploy", "Share")
        for name in ("CONNECTOR", "EXAMPLE"):
            analyst.variables[name] = administrator.variables[name]
        analyst.run("Names", "Workgroup", "Registration by account A")
        administrator.run("Register as account A")
        analyst.run("Register")
        athena = self.accounts.b.client("athena")
        summaries = athena.list_data_catalogs()["DataCatalogsSummary"]
        catalogs = [item["CatalogName"] for item in summaries]
        attached = self._attached_policies(self.accounts.a, "ConnectorAdmin")
        self.report.checks(
            [
                *(
                    Check(f"catalog {name} is registered", name in catalogs, str(catalogs))
                    for name in ("rustconn", "rustconn_pushed", "example")
                ),
                Check("the push policy is attached", len(attached) == 1, str(attached)),
            ]
        )

    @staticmethod
    def _attached_policies(account: Account, role: str) -> list[str]:
        response = account.client("iam").list_attached_role_policies(RoleName=role)
        return [policy["PolicyName"] for policy in response["AttachedPolicies"]]

    def connect_quick(self) -> None:
        """Deploys three spokes, the hub and the data sources; then a fourth spoke joins."""
        quick = self.pages.quick
        outputs = quick.run("Names", "Spokes", "Hub", "Data sources")
        sources = self.accounts.quick.client("quicksight")
        permissions = sources.describe_data_source_permissions(
            AwsAccountId=fixtures.QUICK, DataSourceId="athena-retail"
        )["Permissions"]
        by_user = {item["Principal"].split("/")[-1]: len(item["Actions"]) for item in permissions}
        first = ("", "2", "D", "E")
        before = deployed_policies.quick_policies(self.accounts, first)
        outputs += quick.run("Add a spoke")
        after = deployed_policies.quick_policies(self.accounts, first)
        ids = {s["DataSourceId"] for s in self._data_sources()}
        expected = {spoke.data_source_id for spoke in fixtures.SPOKES.values()}
        created = any("CREATION_SUCCESSFUL" in output for output in outputs)
        changed = [name for name in before if before[name] != after[name]]
        self.report.checks(
            [
                Check("each spoke has a data source", ids == expected, str(ids)),
                Check("the guide shows CREATION_SUCCESSFUL", created, str(outputs)[-500:]),
                Check(
                    "owner, group and author have their permissions",
                    by_user == {"owner": 6, "authors": 3, "author": 3},
                    str(by_user),
                ),
                Check("a spoke that joins changes only Role A", changed == ["Q2"], str(changed)),
            ]
        )

    def _data_sources(self) -> list[dict]:
        client = self.accounts.quick.client("quicksight")
        return client.list_data_sources(AwsAccountId=fixtures.QUICK)["DataSources"]

    def share_lake(self) -> None:
        """Shares databases and tables, and grants them to three readers.

        Settings and statements that exist must survive, also if a script is repeated.
        """
        lake, a = self.pages.lake_formation, self.accounts.a
        lake.run("Names", "Administrators", "Prepare")
        repeated = a.role("OwnerAdmin").shell(
            "deploy/default-permissions revoke sales && deploy/catalog-policy add sales", ROOT
        )
        lake.run("Share", "Accept")
        lake.run("Link and readers")
        glue = a.client("glue")
        database = glue.get_database(Name="sales")["Database"]
        statements = json.loads(glue.get_resource_policy()["PolicyInJson"])["Statement"]
        sids = [statement["Sid"] for statement in statements]
        existing = fixtures.EXISTING_STATEMENT
        settings_kept = database.items() >= fixtures.EXISTING_SETTINGS.items()
        no_defaults = database.get("CreateTableDefaultPermissions") == []
        added = sids == [existing["Sid"], "LetRamShareCatalog"]
        kept = existing in statements
        self.report.checks(
            [
                Check("the database keeps its settings", settings_kept, str(database)),
                Check("new tables have no default permissions", no_defaults, str(database)),
                Check("the scripts are idempotent", repeated.returncode == 0, str(repeated)),
                Check("the catalog policy keeps its statement", kept, str(statements)),
                Check("the catalog policy has one more statement", added, str(sids)),
                *ram.acceptance_checks(self.invitations, self.accounts.b),
            ]
        )

    def deployment(self) -> Deployment:
        """Returns the deployed policies, with the execution roles and the key of the stacks."""
        accounts = self.accounts
        first, second = (accounts.a.outputs(name) for name in ("rust-connector", "rust-example"))
        return Deployment(
            policies={
                **deployed_policies.connector_policies(accounts.a),
                **deployed_policies.consumer_policies(accounts.b),
                **deployed_policies.quick_policies(accounts),
                **deployed_policies.lake_policies(accounts),
                **deployed_policies.external_policies(),
                "Q5": variants.organization_policy(accounts.quick),
            },
            principals=fixtures.principals(
                (first["ExecutionRoleArn"], second["ExecutionRoleArn"])
            ),
            resources=fixtures.Resources(first["SpillKeyArn"]),
        )

    def evaluate_policies(self, deployment: Deployment) -> str:
        """Evaluates the matrix, the guardrails and the mutations; returns a summary."""
        report = self.report
        try:
            print(f"   {lint.policies(deployment.policies)}")
        except lint.LintError as error:
            report.errors([str(error)])
        iam = matrix.run(deployment, self.simulator)
        lake = self.evaluate_grants(deployment)
        report.errors([*iam.errors, *lake.errors])
        total, allowed = iam.total + lake.total, iam.allowed + lake.allowed
        print(f"   {iam.total} rows of IAM, {lake.total} of Lake Formation:", end=" ")
        print(f"{allowed} allow, {total - allowed} deny; {rows.counts_by_document()}")
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
        by_id = {row.id: row for row in rows.load_rows()}
        invocations = {"Analyst": by_id["T08"], "RoleB": by_id["Q22"], "RoleB2": by_id["Q49"]}

        def may_invoke(principal: str) -> bool:
            row = invocations[principal]
            return self.simulator.decisions([deployment.simulation(row)]) == ["allow"]

        lake = grants.read_lake(self.accounts.a, self.accounts.b)
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

    def change(self, engine: Engine) -> None:
        """Changes the connector in account A, and queries it from B, where nothing changes."""
        before = self.accounts.b.client("athena").get_data_catalog(Name="rustconn")["DataCatalog"]
        self.pages.administrator.run("Change")
        a, b = self.accounts.a, self.accounts.b
        after = b.client("athena").get_data_catalog(Name="rustconn")["DataCatalog"]
        function = a.client("lambda").get_function_configuration(FunctionName=fixtures.FUNCTION)
        policy = json.dumps(deployed_policies.function_policy(a))
        kept = fixtures.ROLE_B in policy and fixtures.ANALYST in policy
        memory = function["MemorySize"]
        analyst = b.role("AthenaAnalyst", enforcement.VIA_ATHENA)
        result = engine.query(analyst, sql="SELECT * FROM rustconn.sf0_01.nation")
        self.report.checks(
            [
                Check("the memory is updated", memory == 2048, str(memory)),
                Check("parameters that are not given keep their values", kept, policy),
                Check("the data catalog of B is unchanged", before == after, str(after)),
                Check(
                    "the analyst of B queries the changed connector",
                    len(result.lines) == guides.NATIONS + 1,
                    str(result),
                ),
            ]
        )

    def take_back(self) -> None:
        """A spoke leaves, and a table is revoked; all other access remains."""
        self.pages.quick.run("Remove a spoke", "End sessions")
        self.pages.lake_formation.run("Revoke")
        policy = self._role_a_policy()
        spokes = {name: fixtures.SPOKES[name].role in policy for name in fixtures.SPOKES}
        lake = grants.read_lake(self.accounts.a, self.accounts.b)
        tables = {grant.resource.table for grant in lake.grants if grant.principal == fixtures.B}
        settings = self.accounts.b.client("lakeformation").get_data_lake_settings()
        owners = settings["DataLakeSettings"].get("TrustedResourceOwners", [])
        only_risk_left = spokes == {name: name != "E" for name in fixtures.SPOKES}
        self.report.checks(
            [
                Check("only the spoke that leaves is removed", only_risk_left, str(spokes)),
                Check("revoking a table leaves the others", tables == {None, "orders"}, str(tables)),
                Check("account A sees principals no more", not owners, str(owners)),
            ]
        )

    def _role_a_policy(self) -> str:
        name = fixtures.ROLE_A.rsplit("/", 1)[-1]
        iam = self.accounts.quick.client("iam")
        return json.dumps(iam.get_role_policy(RoleName=name, PolicyName="chain")["PolicyDocument"])

    def remove(self) -> None:
        """Removes everything with the commands of the guides."""
        a, pages = self.accounts.a, self.pages
        variants.remove(self.accounts)
        pages.lake_formation.run("Remove")
        pages.quick.run("Remove")
        policy = json.dumps(deployed_policies.function_policy(a))
        removed = fixtures.ROLE_B not in policy and fixtures.ANALYST in policy
        self.report.checks([Check("Role B is no consumer any more", removed, policy)])
        # As the guide says, a policy that is attached by hand must be detached first.
        arn = pages.administrator.variables["PUSH"]
        a.client("iam").attach_role_policy(RoleName="OwnerAdmin", PolicyArn=arn)
        pages.analyst.run("Remove")
        pages.administrator.run("Remove")

    def run(self) -> str:
        """Runs all sections on the emulator; returns the summary."""
        report, accounts, pages = self.report, self.accounts, self.pages
        engine = Engine(PROGRAM, self.folder)
        prepare(accounts)
        before = {account.id: inventory.resources(account) for account in accounts.all()}
        report.section("guides of the administrator and of the analyst")
        self.share_connectors()
        report.section("guide of the owner of Quick")
        self.connect_quick()
        report.section("guide of the data lake administrators")
        self.share_lake()
        seconds = sum(page.seconds for page in pages.all())
        print(f"   {seconds:.0f} s of commands")
        report.section("access and queries, enforced by the emulator")
        report.checks(enforcement.access_checks(accounts))
        report.checks(enforcement.query_checks(engine, accounts))
        report.section("verification and troubleshooting of the guides")
        report.checks(guides.administrator_checks(pages))
        report.checks(guides.analyst_checks(pages, engine, accounts))
        report.checks(guides.troubleshooting_checks(pages, accounts))
        report.checks(guides.cost_checks(pages))
        report.checks(guides.text_checks())
        report.section("audit")
        for page in pages.all():
            page.run("Audit")
        report.checks(audit.audit_checks(accounts))
        report.section("variants of the templates")
        report.checks(variants.checks(accounts, BUILT_TEMPLATE))
        report.section("deployed policies: linter, access-control matrix, guardrails, mutations")
        deployment = self.deployment()
        policies = self.evaluate_policies(deployment)
        report.section("doctor, share and unshare")
        doctor = self.test_doctor()
        report.section("requests that AWS refuses")
        report.checks(strictness.strictness_checks(accounts))
        report.section("invalid input and rollback")
        analyst = accounts.b.role("AthenaAnalyst", enforcement.VIA_ATHENA)
        report.checks(invalid_input.parameter_checks(accounts.b))
        report.checks(invalid_input.request_checks(analyst))
        report.checks(invalid_input.script_checks(accounts))
        report.checks(invalid_input.rollback_checks(accounts, BUILT_TEMPLATE))
        report.section("change, a spoke leaves, a table is revoked")
        self.change(engine)
        self.take_back()
        report.section("removal")
        self.remove()
        after = {account.id: inventory.resources(account) for account in accounts.all()}
        report.checks(inventory.removal_checks(before, after))
        report.checks(guides.block_checks())
        report.checks(coverage.coverage_checks(report))
        report.checks(usage.usage_checks(deployment, endpoints.usage_file(self.folder)))
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
    report.passed += [f"cfn-guard: {rule}" for rule in lint.rules()]
    report.checks(lint.transform_checks())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with endpoints.running(tools, folder) as (endpoint, invitations):
            accounts = Accounts.at(endpoint)
            pages = guides.Pages.of(accounts)
            summary = Run(report, accounts, invitations, tools, folder, pages).run()
    print(summary)
    return 1 if report.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except lint.LintError as error:
        sys.exit(f"tests/deploy/run: {error}")
