"""The proof of `deploy/`: run by `tests/deploy/run`, which installed what it needs. See `deploy/README.md`, "How it is proved".

Ends with one line: `matrix: N of N, mutations: M of M, doctor: K of K`, and status 1 if anything is not as it must be.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from proof import bad_input, cast, fences, grants, guides, lint, live, matrix, mutations, ram, readback, servers, variants
from proof.guide import Reader
from proof.live import Check
from proof.setting import Accounts, prepare

TESTS = Path(__file__).parents[1]
ROOT = TESTS.parents[1]
DEPLOY = ROOT / "deploy"
BUILT = ROOT / "target/sam/tpch/template.yaml"
DOCTOR_NAMES = 20  # planted faults, at least: fewer, and something did not run


class Report:
    """Prints what was found, section by section, and remembers whether all of it was right."""

    def __init__(self) -> None:
        self.wrong = 0
        self.began = time.monotonic()

    def section(self, title: str) -> None:
        print(f"== deploy: {title} ({time.monotonic() - self.began:.0f} s)", flush=True)

    def checks(self, checks: list[Check]) -> None:
        for check in checks:
            if not check.right:
                self.wrong += 1
                print(f"WRONG {check.what}: {check.seen}")
        right = sum(check.right for check in checks)
        print(f"   {right} of {len(checks)} as they must be", flush=True)

    def faults(self, faults: list[str]) -> None:
        self.wrong += len(faults)
        for fault in faults:
            print(f"WRONG {fault}")


def free_the_lake(report: Report, accounts: Accounts) -> None:
    """What docs/deploy/lake-formation.md has the producer do before anything is shared, on the recorder: twice, and nothing is lost."""
    session = accounts.recorded_a.role("LakeAdmin")  # the recorder knows the account by it
    reader = Reader(ROOT / guides.LAKE, ROOT, {"A": session})
    count = reader.follow("A")
    reader.follow("A")
    print(f"   {count} blocks of the Lake Formation guide")
    glue = accounts.recorded_a.client("glue")
    database = glue.get_database(Name="sales")["Database"]
    statements = json.loads(glue.get_resource_policy()["PolicyInJson"])["Statement"]
    sids = [statement["Sid"] for statement in statements]
    report.checks(
        [
            Check(
                "the database keeps its settings", database.items() >= cast.SETTINGS_OF_SALES.items(), str(database)
            ),
            Check("new tables are free", database.get("CreateTableDefaultPermissions") == [], str(database)),
            Check("the catalog's policy keeps what it had", cast.THEIRS in statements, str(statements)),
            Check("and has one statement more", sids == [cast.THEIRS["Sid"], "LetRamShareCatalog"], str(sids)),
        ]
    )


def world_of(accounts: Accounts) -> matrix.World:
    """Every policy read back, and the roles and key that the stacks made."""
    outputs = accounts.a.outputs("rust-connector")
    policies = {
        **readback.of_connector(accounts.a, "rust-connector"),
        **readback.of_consumer(accounts.b, "connector-consumer"),
        **readback.of_quick(accounts.quick, accounts.b),
        **readback.of_lake(accounts.recorded_a, accounts.b, "lake-consumer"),
        **readback.uninvited(),
    }
    return matrix.World(policies, cast.principals(outputs["ExecutionRoleArn"]), cast.Resources(outputs["SpillKeyArn"]))


def follow_the_page(report: Report, accounts: Accounts) -> Reader:
    """Builds, deploys, shares and registers by the commands of the page."""
    by_name = {"A": accounts.a, "B": accounts.b, "QUICK": accounts.quick}
    reader = Reader(DEPLOY / "README.md", ROOT, by_name)
    reader.names()
    count = reader.follow("A", "B", "QUICK")
    policy = accounts.a.outputs("rust-connector")["PushPolicyArn"]
    accounts.a.client("iam").attach_role_policy(RoleName="ConnectorAdmin", PolicyArn=policy)
    by_name["A as ConnectorAdmin"] = accounts.a.role("ConnectorAdmin")
    count += reader.follow("A as ConnectorAdmin")
    print(f"   {count} blocks of commands, {reader.seconds:.0f} s")
    catalogs = [item["CatalogName"] for item in accounts.b.client("athena").list_data_catalogs()["DataCatalogsSummary"]]
    report.checks(
        [
            Check(f"catalog {name} is registered", name in catalogs, str(catalogs))
            for name in ("rustconn", "rustconn_pushed")
        ]
    )
    return reader


def judge(report: Report, accounts: Accounts, programs: servers.Programs) -> tuple[str, str]:
    """The matrix and the mutations, on the policies that were read back."""
    world = world_of(accounts)
    try:
        print(f"   {lint.policies(world.policies)}")
    except lint.Failed as failed:
        report.faults([str(failed)])
    iam = matrix.run(world, programs.node_modules)
    invokes = {"Analyst": "T08", "RoleB": "Q22"}
    rows = {row.id: row for row in matrix.rows()}

    def reaches(principal: str) -> bool:
        row = rows[invokes[principal]]
        return matrix.decide([(row.id, world.simulation(row))], programs.node_modules) == ["allow"]

    lake = grants.run(
        grants.read_back(accounts.recorded_a, accounts.recorded_b), grants.Judge(world.principals, reaches)
    )
    report.faults([*iam.wrong, *lake.wrong])
    total, allowed = iam.total + lake.total, iam.allowed + lake.allowed
    print(f"   {iam.total} rows of IAM and {lake.total} of Lake Formation: {allowed} allow, {total - allowed} deny")
    beside = matrix.run(world, programs.node_modules, "fences.tsv")
    report.faults(beside.wrong)
    print("   rows about one side at a time, fences.tsv:")
    print(f"   {beside.right} of {beside.total} as they must be")
    if not (iam.wrong or beside.wrong):  # a row that is wrong anyway would notice everything
        needed = fences.run(world, programs.node_modules)
        report.faults(needed.wrong)
        print(f"   every statement and condition is needed: {needed.noticed} by a row, {needed.second} as a second fence")
    changed = mutations.run(world, programs.node_modules)
    report.faults(changed.missed)
    return f"matrix: {iam.right + lake.right} of {total}", f"mutations: {changed.noticed} of {changed.total}"


def change(report: Report, reader: Reader, accounts: Accounts) -> None:
    """The page's change: less for one role, more memory, the same data."""
    reader.follow("A later")
    policy = json.dumps(readback.of_connector_policy(accounts.a))
    memory = accounts.a.client("lambda").get_function_configuration(FunctionName=cast.FUNCTION)["MemorySize"]
    kept = accounts.a.client("s3").list_objects_v2(Bucket=cast.SPILL)["KeyCount"]
    report.checks(
        [
            Check("Role B is out", cast.ROLE_B not in policy and cast.ANALYST in policy, policy),
            Check("the memory is the new one", memory == 2048, str(memory)),
            Check("what was spilled is still there", kept > 0, str(kept)),
        ]
    )


def remove(report: Report, reader: Reader, accounts: Accounts) -> None:
    """The page's removal, and what is left of it: the log of the connector, and the results."""
    stood = bad_input.left_of(accounts.a, cast.FUNCTION_NAME)
    reader.follow("A at last", "B at last")
    left = bad_input.left_of(accounts.a, cast.FUNCTION_NAME)
    log = f"log group /aws/lambda/{cast.FUNCTION_NAME}"
    unseen = {"function", "role", "bucket", "log", "alias", "key"} - {item.split()[0] for item in stood}
    results = [item["Name"] for item in accounts.b.client("s3").list_buckets()["Buckets"]]
    groups = [item["Name"] for item in accounts.b.client("athena").list_work_groups()["WorkGroups"]]
    report.checks(
        [
            Check("all of it was seen before", not unseen, f"no {unseen} in {stood}"),
            Check("the log is left of the connector, and nothing else", left == [log], str(left)),
            Check("the results are left", cast.RESULTS in results, str(results)),
            Check("the workgroup is not", "federated" not in groups, str(groups)),
        ]
    )


def doctor(engine: Path, state: dict[str, object], folder: Path) -> tuple[str, bool]:
    """Runs `tests/deploy/doctor*` on the standing set-up. See `tests/deploy/README`."""
    faults = []
    asked = subprocess.run([str(engine), "doctor", "--help"], capture_output=True, text=True, check=False)
    if asked.returncode:
        faults.append(f"{engine.name} has no doctor: {asked.stderr.strip()[-300:]}")
    programs = sorted(path for path in TESTS.glob("doctor*") if path.is_file())
    faults += [f"{path.name} cannot be run" for path in programs if not os.access(path, os.X_OK)]
    file = folder / "state.json"
    file.write_text(json.dumps(state, indent=2))
    right = total = 0
    for program in programs if not faults else []:
        environment = {**os.environ, "DEPLOY_STATE": str(file), "ATHENA_LOCAL": str(engine)}
        done = subprocess.run([str(program)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        print(done.stdout, end="")
        if done.returncode:
            faults.append(f"{program.name} ended with {done.returncode}: {done.stderr[-3000:]}")
        last = (done.stdout.strip().splitlines() or [""])[-1]
        if counted := re.fullmatch(r"(\d+) of (\d+)", last):
            right, total = right + int(counted[1]), total + int(counted[2])
        else:
            faults.append(f"{program.name} ends with no count: {last!r}")
    if total < DOCTOR_NAMES or right != total:
        faults.append(f"the doctor named {right} of {total} faults, and there are {DOCTOR_NAMES} at least")
    for fault in faults:
        print(f"WRONG {fault}")
    return f"doctor: {right} of {total}", not faults


def state_of(accounts: Accounts) -> dict[str, object]:
    """What a program beside this one may rely on."""
    stacks = {
        "rust-connector": accounts.a,
        "connector-consumer": accounts.b,
        "quick-consumer": accounts.b,
        "quick": accounts.quick,
    }
    return {
        "endpoint": accounts.a.endpoint.url,
        "certificate": str(accounts.a.endpoint.certificate),
        "region": cast.REGION,
        "organization": cast.ORGANIZATION,
        "accounts": {"A": cast.A, "B": cast.B, "C": cast.C, "QUICK": cast.QUICK, "STRANGER": cast.STRANGER},
        "stacks": {name: {"account": account.id, "outputs": account.outputs(name)} for name, account in stacks.items()},
        "via_athena": live.VIA_ATHENA,
    }


def main() -> int:
    programs = servers.Programs(
        *(Path(os.environ[name]) for name in ("DEPLOY_TOOLS", "DEPLOY_STANDIN", "DEPLOY_NODE_MODULES"))
    )
    engine = ROOT / "target/debug/athena-local"
    report = Report()
    report.section("templates")
    for linter in (lint.cfn_lint, lint.sam_validate, lambda: lint.cfn_guard(programs.node_modules)):
        print(f"   {linter()}", flush=True)
    with tempfile.TemporaryDirectory() as name, servers.running(programs, Path(name)) as endpoints:
        folder = Path(name)
        accounts = Accounts.at(*endpoints)
        prepare(accounts)
        report.section("the commands of README.md")
        reader = follow_the_page(report, accounts)
        free_the_lake(report, accounts)
        report.section("rows and refusals, on the stand-in")
        report.checks([*live.refusals(accounts), *live.rows(engine, accounts, folder)])
        report.section("the guides")
        report.checks([*guides.administrator(accounts, ROOT), *guides.analyst(engine, accounts, ROOT, folder)])
        report.checks(guides.tables(accounts, ROOT))
        report.section("policies read back: linter, matrix, mutations")
        of_matrix, of_mutations = judge(report, accounts, programs)
        report.section("doctor")
        of_doctor, healthy = doctor(engine, state_of(accounts), folder)
        report.wrong += not healthy
        report.section("without fences")
        report.checks(variants.without_fences(accounts, ROOT, BUILT))
        report.section("bad input, and a stack half made")
        analyst = accounts.b.role("AthenaAnalyst", live.VIA_ATHENA)
        report.checks([*bad_input.requests(analyst), *bad_input.refused(accounts.a, DEPLOY)])
        report.checks(bad_input.rolled_back(accounts, ROOT, BUILT))
        report.section("a share accepted")
        report.checks(ram.acceptance(accounts.b, ROOT))
        report.section("change, and removal")
        change(report, reader, accounts)
        remove(report, reader, accounts)
        report.checks(guides.whole(ROOT))
        report.section("done")
    print(f"{of_matrix}, {of_mutations}, {of_doctor}")
    return 1 if report.wrong else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except lint.Failed as failed:
        sys.exit(f"tests/deploy/run: {failed}")
