"""The policies in the templates, as text: each of them has a name in the matrix.

`cases/policies.tsv` lists the policies of every template with their names in `deployed_policies`. A
policy that is not listed would be evaluated by no row; a statement that no listed policy has was
left out of the deployment, for example by a condition.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.lint import templates
from tests.deploy.report import Check
from tests.deploy.rows import CASES
from tests.deploy.simulator import Policy

FILE = "policies.tsv"


class _Loader(yaml.SafeLoader):
    """Reads the short forms of CloudFormation's functions as their long ones."""


def _function(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)


@dataclass(frozen=True)
class TemplatePolicy:
    """A policy of a template: its resource, the property that has it, and its statements."""

    template: str
    resource: str
    property: str
    sids: frozenset[str]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.template, self.resource, self.property


def _sids(document: Any) -> Iterator[str]:
    """Yields the statement ids anywhere in a value, whatever the conditions around them."""
    if isinstance(document, dict):
        if "Effect" in document:
            yield document.get("Sid", "a statement without Sid")
        for value in document.values():
            yield from _sids(value)
    elif isinstance(document, list):
        for value in document:
            yield from _sids(value)


def policies_of(path: Path) -> list[TemplatePolicy]:
    """Returns the policies of a template."""
    resources = yaml.load(path.read_text(), _Loader)["Resources"]
    return [
        TemplatePolicy(path.stem, name, key, frozenset(sids))
        for name, resource in resources.items()
        for key, value in resource.get("Properties", {}).items()
        if (sids := list(_sids(value)))
    ]


def listed() -> dict[tuple[str, str, str], list[str]]:
    """Returns the names in the matrix of each policy."""
    with (CASES / FILE).open(newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        return {
            (row["template"], row["resource"], row["property"]): row["matrix"].split()
            for row in rows
        }


def unlisted(path: Path) -> list[str]:
    """Returns the policies of a template that no row evaluates."""
    known = listed()
    return [" ".join(policy.key) for policy in policies_of(path) if policy.key not in known]


def coverage_checks(deployed: dict[str, Policy]) -> list[Check]:
    """Checks that the matrix evaluates every statement of every template."""
    found = [policy for path in templates() for policy in policies_of(path)]
    known = listed()
    missing = [f"{FILE} lacks {' '.join(p.key)}" for p in found if p.key not in known]
    keys = {policy.key for policy in found}
    missing += [f"{FILE} lists {' '.join(key)}" for key in known if key not in keys]
    for policy in found:
        names = known.get(policy.key, [])
        sids = {item.get("Sid") for name in names for item in deployed[name]["Statement"]}
        missing += [f"{policy.template} {sid}" for sid in sorted(policy.sids - sids)]
    claim = "the matrix evaluates every statement of every template"
    return [Check(claim, not missing, str(missing))]
