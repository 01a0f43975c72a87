"""Linters of the templates and policies; each also has to report a planted fault.

| Linter | Reports |
|---|---|
| `sam validate --lint` | templates that SAM cannot transform |
| cfn-lint | properties, values and references that CloudFormation rejects |
| cfn-guard with `rules.guard` | valid but unwanted: public, unencrypted, without expiry |
| parliament | policies with unknown actions or condition keys, or resources an action lacks |
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import parliament

from tests.deploy.report import Check
from tests.servers import ROOT

TESTS = Path(__file__).parent
FAULTS = TESTS / "faults"
RULES = TESTS / "rules.guard"
CFN_GUARD = "@cdklabs/cdk-validator-cfnguard/bin/ubuntu"
RULE_FAILED = 19  # exit status of cfn-guard
# AWS documents this action, but parliament's list lacks it.
UNKNOWN_TO_PARLIAMENT = {"glue:ShareResource"}
# Remarks of parliament on intended statements: an action without resource types, `*` for the key in
# its own policy, an ARN compared as a string, as in the examples of S3, and a condition key that
# Lambda sets in all requests of a function's code, to every service.
INTENDED = (
    "RESOURCE_STAR",
    "MISMATCHED_TYPE_BUT_USABLE",
    "UNKNOWN_CONDITION_FOR_ACTION: Unknown condition lambda:SourceFunctionArn",
)
NOT_OURS = ("everything", "trap", "trusting", "delegating")
MODELS = "Q4"  # session policies of Quick


class LintError(Exception):
    """A linter reported a fault in a template or policy, or did not report a planted one."""


def _run(*words: str) -> tuple[int, str]:
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def templates() -> list[Path]:
    return sorted((ROOT / "deploy").glob("*.yaml"))


def transform_checks() -> list[Check]:
    """Checks that stack sets can deploy the templates: only that of SAM has a transform."""
    transformed = [path.stem for path in templates() if "\nTransform:" in path.read_text()]
    claim = "no template for stack sets has a transform"
    return [Check(claim, transformed == ["connector"], str(transformed))]


def cfn_lint() -> str:
    status, output = _run("cfn-lint", *map(str, templates()))
    if status:
        raise LintError(f"cfn-lint:\n{output}")
    status, output = _run("cfn-lint", str(FAULTS / "wrong.yaml"))
    if not status or "LAMBDAA" not in output:
        raise LintError(f"cfn-lint does not report a catalog of type LAMBDAA:\n{output}")
    return f"cfn-lint: {len(templates())} templates clean, planted fault reported"


def sam_validate() -> str:
    command = ("sam", "validate", "--lint", "--template")
    status, output = _run(*command, str(ROOT / "deploy/connector.yaml"))
    if status:
        raise LintError(f"sam validate:\n{output}")
    status, output = _run(*command, str(FAULTS / "sam.yaml"))
    if not status or "Memory" not in output:
        raise LintError(f"sam validate does not report the unknown property Memory:\n{output}")
    return "sam validate: connector.yaml valid, planted fault reported"


def guard_program(node_modules: Path) -> Path:
    """Returns the path of cfn-guard for this machine."""
    architecture = "aarch64" if os.uname().machine == "aarch64" else "x86_64"
    return node_modules / CFN_GUARD / architecture / "cfn-guard"


def broken_rules(program: Path, template: Path) -> set[str]:
    """Returns the names of the rules that a template breaks."""
    options = ["--output-format", "json", "--structured", "-S", "none"]
    status, output = _run(str(program), "validate", "-r", str(RULES), "-d", str(template), *options)
    if status not in (0, RULE_FAILED):
        raise LintError(f"cfn-guard cannot read {template.name}:\n{output}")
    [report] = json.loads(output)
    return {clause["name"] for entry in report["not_compliant"] for clause in entry.values()}


def rules() -> set[str]:
    """Returns the names of the rules in `rules.guard`."""
    lines = RULES.read_text().splitlines()
    return {line.split()[1] for line in lines if line.startswith("rule ")}


def cfn_guard(node_modules: Path) -> str:
    program = guard_program(node_modules)
    for template in templates():
        if broken := broken_rules(program, template):
            raise LintError(f"{template.name} breaks {', '.join(sorted(broken))} of rules.guard")
    broken = broken_rules(program, FAULTS / "public.yaml")
    if broken != rules():
        raise LintError(f"the planted faults do not break {', '.join(sorted(rules() - broken))}")
    return f"cfn-guard: {len(rules())} rules hold in {len(templates())} templates, faults break all"


def _findings(policy: Any) -> list[str]:
    """Returns parliament's unintended findings, which ignore principals of resource policies."""
    statements = []
    for statement in policy["Statement"]:
        actions = statement.get("Action", [])
        actions = {actions} if isinstance(actions, str) else set(actions)
        if not actions & {"sts:AssumeRole", *UNKNOWN_TO_PARLIAMENT}:
            statements.append({key: statement[key] for key in statement if key != "Principal"})
    if not statements:
        return []
    analyzed = parliament.analyze_policy_string(json.dumps({**policy, "Statement": statements}))
    findings = [f"{finding.issue}: {finding.detail}" for finding in analyzed.findings]
    return [finding for finding in findings if not finding.startswith(INTENDED)]


def policies(deployed: dict[str, Any]) -> str:
    """Lints the policies that the templates created."""
    ours = {name: policy for name, policy in deployed.items() if not name.startswith((MODELS, *NOT_OURS))}
    findings = [
        f"{name}: {finding}" for name, policy in ours.items() for finding in _findings(policy)
    ]
    if findings:
        raise LintError("parliament:\n" + "\n".join(findings))
    faults = json.loads((FAULTS / "policies.json").read_text())
    for planted in faults:
        if not _findings(planted["policy"]):
            raise LintError(f"parliament does not report {planted['fault']}")
    return f"parliament: {len(ours)} policies clean, {len(faults)} of {len(faults)} faults reported"
