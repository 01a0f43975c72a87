"""Stages that follow the guides: deployment and sharing, change, revocation, removal."""

import json
from dataclasses import dataclass

from tests.deploy import deployed_policies, enforcement, fixtures, grants, guides, ram, variants
from tests.deploy.account import Account
from tests.deploy.enforcement import Engine
from tests.deploy.environment import Accounts, machine_architecture
from tests.deploy.report import Check, Report
from tests.servers import ROOT


@dataclass(frozen=True)
class GuideStages:
    """The guides, and the accounts in which they are followed."""

    report: Report
    accounts: Accounts
    invitations: ram.Invitations
    pages: guides.Pages

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
        attached = _attached_policies(self.accounts.a, "ConnectorAdmin")
        self.report.checks(
            [
                *(
                    Check(f"catalog {name} is registered", name in catalogs, str(catalogs))
                    for name in ("rustconn", "rustconn_pushed", "example")
                ),
                Check("the push policy is attached", len(attached) == 1, str(attached)),
            ]
        )

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
                Check(
                    "revoking a table leaves the others", tables == {None, "orders"}, str(tables)
                ),
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
        self.report.checks(variants.remove(self.accounts))
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


def _attached_policies(account: Account, role: str) -> list[str]:
    response = account.client("iam").list_attached_role_policies(RoleName=role)
    return [policy["PolicyName"] for policy in response["AttachedPolicies"]]
