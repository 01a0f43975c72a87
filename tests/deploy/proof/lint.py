"""Templates and policies under four linters, each of which is also seen to fail on a planted fault.

| Linter | Finds |
|---|---|
| sam validate --lint | what SAM cannot transform |
| cfn-lint | properties, values and references that CloudFormation would refuse |
| cfn-guard with `rules.guard` | what is allowed and not wanted: public, unencrypted, without end, open to everybody |
| parliament | policies: unknown actions and keys, and resources that an action does not have |
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import parliament

TESTS = Path(__file__).parents[1]
DEPLOY = TESTS.parents[1] / "deploy"
FAULTS = TESTS / "faults"
GUARD = "@cdklabs/cdk-validator-cfnguard/bin/ubuntu"
# AWS documents the action and parliament's list lacks it, as it lacks the newest of Lake Formation's.
UNKNOWN_TO_PARLIAMENT = {"glue:ShareResource"}


class Failed(Exception):
    """A linter found something in ours, or nothing in a fault."""


def _run(*words: str) -> tuple[int, str]:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def templates() -> list[Path]:
    return sorted(DEPLOY.glob("*.yaml"))


def cfn_lint() -> str:
    status, said = _run("cfn-lint", *map(str, templates()))
    if status:
        raise Failed(f"cfn-lint:\n{said}")
    status, said = _run("cfn-lint", str(FAULTS / "wrong.yaml"))
    if not status or "LAMBDAA" not in said:
        raise Failed(f"cfn-lint finds nothing wrong with a catalog of type LAMBDAA:\n{said}")
    return f"cfn-lint: {len(templates())} templates clean, the fault is found"


def sam_validate() -> str:
    status, said = _run("sam", "validate", "--lint", "--template", str(DEPLOY / "connector.yaml"))
    if status:
        raise Failed(f"sam validate:\n{said}")
    status, said = _run("sam", "validate", "--lint", "--template", str(FAULTS / "sam.yaml"))
    if not status or "Memory" not in said:
        raise Failed(f"sam validate finds nothing wrong with a property that SAM does not have:\n{said}")
    return "sam validate: connector.yaml valid, the fault is found"


def _guard(program: Path, template: Path) -> set[str]:
    """Names of the rules that do not hold for a template."""
    rules, options = str(TESTS / "rules.guard"), ["--output-format", "json", "--structured", "-S", "none"]
    status, said = _run(str(program), "validate", "-r", rules, "-d", str(template), *options)
    if status not in (0, 19):  # 19: a rule does not hold
        raise Failed(f"cfn-guard cannot read {template.name}:\n{said}")
    (report,) = json.loads(said)
    return {clause["name"] for entry in report["not_compliant"] for clause in entry.values()}


def cfn_guard(node_modules: Path) -> str:
    program = node_modules / GUARD / ("aarch64" if os.uname().machine == "aarch64" else "x86_64") / "cfn-guard"
    for template in templates():
        broken = _guard(program, template)
        if broken:
            raise Failed(f"{template.name} breaks {', '.join(sorted(broken))} of rules.guard")
    rules = {line.split()[1] for line in (TESTS / "rules.guard").read_text().splitlines() if line.startswith("rule ")}
    broken = _guard(program, FAULTS / "public.yaml")
    if broken != rules:
        raise Failed(f"the planted faults do not break {', '.join(sorted(rules - broken))}")
    return f"cfn-guard: {len(rules)} rules hold in {len(templates())} templates, and each is broken by a fault"


def _findings(policy: Any) -> list[str]:
    """What parliament says; a resource policy is looked at without its principals, which only AWS judges."""
    statements = []
    for statement in policy["Statement"]:
        bare = {key: value for key, value in statement.items() if key != "Principal"}
        actions = bare.get("Action", [])
        if (
            "sts:AssumeRole" in actions
            or set([actions] if isinstance(actions, str) else actions) & UNKNOWN_TO_PARLIAMENT
        ):
            continue
        statements.append(bare)
    if not statements:
        return []
    analyzed = parliament.analyze_policy_string(json.dumps({**policy, "Statement": statements}))
    return [f"{finding.issue}: {finding.detail}" for finding in analyzed.findings]


# What parliament remarks and we mean: an action that has no resource, or `*` for the key in the key's own policy; and an ARN compared
# as a string, as S3's own examples do for the key of an upload.
MEANT = ("RESOURCE_STAR", "MISMATCHED_TYPE_BUT_USABLE")


def policies(read_back: dict[str, Any]) -> str:
    """Lints every policy of ours as it was read back."""
    ours = {name: policy for name, policy in read_back.items() if name not in ("everything", "trap", "Q4")}
    wrong = [
        f"{name}: {finding}"
        for name, policy in ours.items()
        for finding in _findings(policy)
        if not finding.startswith(MEANT)
    ]
    if wrong:
        raise Failed("parliament:\n" + "\n".join(wrong))
    faults = json.loads((FAULTS / "policies.json").read_text())
    for planted in faults:
        if not [finding for finding in _findings(planted["policy"]) if not finding.startswith(MEANT)]:
            raise Failed(f"parliament does not find {planted['fault']}")
    return f"parliament: {len(ours)} policies clean, {len(faults)} of {len(faults)} faults found"
