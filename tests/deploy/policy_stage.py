"""Evaluation of the deployed policies: linter, matrix, guardrails and mutations."""

from dataclasses import dataclass

from tests.deploy import (
    additive,
    closed,
    deployed_policies,
    fixtures,
    grants,
    guardrails,
    lint,
    matrix,
    mutations,
    rows,
    template_mutations,
    template_policies,
    variants,
)
from tests.deploy.environment import Accounts
from tests.deploy.matrix import Deployment, RowIndex
from tests.deploy.report import Report
from tests.deploy.simulator import Simulator


def read_deployment(accounts: Accounts) -> Deployment:
    """Returns the deployed policies, with the execution roles and the key of the stacks."""
    outputs = [accounts.a.outputs(name) for name in fixtures.CONNECTOR_STACKS]
    roles = [output["ExecutionRoleArn"] for output in outputs]
    topic = accounts.b.outputs("registration-audit")["TopicArn"]
    alarms = accounts.b.client("cloudwatch").describe_alarms()["MetricAlarms"]
    [alarm] = [item["AlarmArn"] for item in alarms if topic in item["AlarmActions"]]
    return Deployment(
        policies={
            **deployed_policies.connector_policies(accounts.a),
            **deployed_policies.consumer_policies(accounts.b),
            **deployed_policies.quick_policies(accounts),
            **deployed_policies.lake_policies(accounts),
            **deployed_policies.external_policies(),
            "Q5": variants.organization_policy(accounts.quick),
        },
        principals=fixtures.principals(roles),
        resources=fixtures.Resources(
            outputs[0]["SpillKeyArn"], outputs[0]["SealKeyArn"], roles[0], topic, alarm
        ),
    )


@dataclass(frozen=True)
class PolicyStage:
    """The deployed policies, and their simulator."""

    report: Report
    accounts: Accounts
    deployment: Deployment
    simulator: Simulator

    def run(self) -> str:
        """Evaluates every row, then every mutation; returns a summary."""
        report, deployment, simulator = self.report, self.deployment, self.simulator
        try:
            print(f"   {lint.policies(deployment.policies)}")
        except lint.LintError as error:
            report.errors([str(error)])
        report.checks(template_policies.coverage_checks(deployment.policies))
        iam = matrix.run(deployment, simulator)
        lake = self._evaluate_grants()
        report.errors([*iam.errors, *lake.errors])
        total, allowed = iam.total + lake.total, iam.allowed + lake.allowed
        print(f"   {iam.total} rows of IAM, {lake.total} of Lake Formation:", end=" ")
        print(f"{allowed} allow, {total - allowed} deny; {rows.counts_by_document()}")
        index = self._evaluate_one_sided(iam)
        mutated = mutations.one_row_detects_each_mutation(deployment, simulator)
        report.errors(mutated.errors)
        passed = iam.passed + lake.passed
        additions = self._evaluate_additions(index) if index else "0 of 0"
        return (
            f"matrix: {passed} of {total}, mutations: {mutated.detected} of {mutated.total}, "
            f"additions: {additions}"
        )

    def _evaluate_one_sided(self, iam: matrix.Outcome) -> RowIndex | None:
        """Evaluates `guardrails.tsv` and `closed.tsv`, and removes each guardrail.

        Returns the rows unless one has an unexpected decision, which would detect every mutation.
        """
        report, deployment, simulator = self.report, self.deployment, self.simulator
        one_sided = rows.load_rows("guardrails.tsv")
        listed = closed.rows(deployment, simulator)
        outcome = matrix.run_rows(deployment, simulator, [*one_sided, *listed])
        report.errors(outcome.errors[:50])
        total = len(one_sided) + len(closed.load())
        failed = {error.split()[0].rstrip(":") for error in outcome.errors}
        print(f"   {len(one_sided)} rows about one side of a request,", end=" ")
        print(f"{len(closed.load())} about all actions of a service ({len(listed)} requests):")
        print(f"   checks: {total - len(failed)} of {total}")
        if iam.errors or outcome.errors:
            return None
        index = RowIndex(deployment, [*rows.load_rows(), *one_sided, *listed])
        needed = guardrails.run(deployment, simulator, index)
        report.errors(needed.errors)
        print(f"   guardrails: rows detect the removal of {needed.detected},", end=" ")
        print(f"{needed.redundant} are redundant")
        return index

    def _evaluate_additions(self, index: RowIndex) -> str:
        """Widens every policy and every template; returns how many edits were noticed."""
        policies = additive.a_row_notices_each_widening(self.deployment, self.simulator, index)
        edits, unnoticed = template_mutations.a_rule_notices_each_addition(
            self.simulator.node_modules
        )
        self.report.errors([*policies.errors, *unnoticed])
        noticed = policies.noticed + policies.explained + edits - len(unnoticed)
        print(f"   additions: {policies.noticed} of {policies.total} by rows,", end=" ")
        print(f"{policies.explained} explained; {edits - len(unnoticed)} of {edits} by rules")
        return f"{noticed} of {policies.total + edits}"

    def _evaluate_grants(self) -> matrix.Outcome:
        by_id = {row.id: row for row in rows.load_rows()}
        invocations = {"Analyst": by_id["T08"], "RoleB": by_id["Q22"], "RoleB2": by_id["Q49"]}

        def may_invoke(principal: str) -> bool:
            row = invocations[principal]
            return self.simulator.decisions([self.deployment.simulation(row)]) == ["allow"]

        lake = grants.read_lake(self.accounts.a, self.accounts.b)
        return grants.run(lake, grants.Evaluator(self.deployment.principals, may_invoke))
