"""Deployment tests: `python -m tests.deploy`, run by `tests/deploy/run`. See `README.md`.

The last line is `matrix: N of N, mutations: M of M, additions: L of L, doctor: K of K`. The exit
status is 1 if any check fails.
"""

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.deploy import (
    audit,
    connector_lists,
    coverage,
    endpoints,
    enforcement,
    guides,
    inventory,
    invalid_input,
    lint,
    ram,
    strictness,
    usage,
    variants,
)
from tests.deploy.endpoints import Tools
from tests.deploy.enforcement import Engine
from tests.deploy.environment import Accounts, prepare
from tests.deploy.guide_stages import GuideStages
from tests.deploy.policy_stage import PolicyStage, read_deployment
from tests.deploy.report import Report
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

    def start_doctor(self) -> "subprocess.Popen[str]":
        """Starts `tests/sharing/run`, which has an emulator of its own, beside the other sections."""
        return subprocess.Popen(
            [ROOT / "tests/sharing/run"],
            cwd=ROOT,
            env={**os.environ, "ATHENA_LOCAL": str(PROGRAM)},
            stdin=subprocess.DEVNULL,
            stdout=(self.folder / "doctor.out").open("w"),
            stderr=(self.folder / "doctor.err").open("w"),
            text=True,
        )

    def test_doctor(self, process: "subprocess.Popen[str]") -> str:
        """Waits for `tests/sharing/run`; returns its summary."""
        status = process.wait()
        output = (self.folder / "doctor.out").read_text()
        *lines, summary = output.strip().splitlines() or [""]
        print(*lines, sep="\n", flush=True)
        counts = re.fullmatch(r"doctor: (\d+) of (\d+)", summary)
        if status or not counts or int(counts[2]) < FEWEST_FAULTS:
            errors = (self.folder / "doctor.err").read_text()[-3000:]
            error = f"tests/sharing/run exited with status {status}, {summary!r}: {errors}"
            self.report.errors([error])
        return summary if counts else "doctor: 0 of 0"

    def run(self) -> str:
        """Runs all sections on the emulator; returns the summary."""
        report, accounts, pages = self.report, self.accounts, self.pages
        engine = Engine(PROGRAM, self.folder)
        stages = GuideStages(report, accounts, self.invitations, pages)
        doctor_process = self.start_doctor()
        prepare(accounts)
        before = {account.id: inventory.resources(account) for account in accounts.all()}
        report.section("guides of the administrator and of the analyst")
        stages.share_connectors()
        report.section("guide of the owner of Quick")
        stages.connect_quick()
        report.section("guide of the data lake administrators")
        stages.share_lake()
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
        simulator = Simulator(self.tools.node_modules)
        report.checks(variants.checks(accounts, BUILT_TEMPLATE))
        report.checks(connector_lists.each_list_admits_exactly_its_functions(accounts.b, simulator))
        report.section("deployed policies: linter, access-control matrix, guardrails, mutations")
        deployment = read_deployment(accounts)
        policies = PolicyStage(report, accounts, deployment, simulator).run()
        report.section("doctor, share and unshare")
        doctor = self.test_doctor(doctor_process)
        report.section("requests that AWS refuses")
        report.checks(strictness.strictness_checks(accounts))
        report.section("invalid input and rollback")
        analyst = accounts.b.role("AthenaAnalyst", enforcement.VIA_ATHENA)
        report.checks(invalid_input.parameter_checks(accounts.b))
        report.checks(invalid_input.request_checks(analyst))
        report.checks(invalid_input.script_checks(accounts))
        report.checks(invalid_input.rollback_checks(accounts, BUILT_TEMPLATE))
        report.section("change, a spoke leaves, a table is revoked")
        stages.change(engine)
        stages.take_back()
        report.section("removal")
        stages.remove()
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
