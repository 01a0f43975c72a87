"""Additive mutations of the templates: resources and settings that no policy contains.

Each edit of a template has to break a rule of `rules.guard`, or to add a policy that is not in
`policies.tsv`.
"""

import os
import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.deploy.lint import broken_rules, guard_program, templates
from tests.deploy.template_policies import unlisted

EVERYBODY = 'Statement: [{Effect: Allow, Principal: "*", Action: "*", Resource: "*"}]'
ANYTHING = 'Statement: [{Sid: New, Effect: Allow, Action: "*", Resource: "*"}]'
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
# Type and properties.
NEW_RESOURCES = {
    "a function URL": ("Lambda::Url", "AuthType: NONE, TargetFunctionArn: f"),
    "a permission": ("Lambda::Permission", 'FunctionName: f, Principal: "*"'),
    "a policy": ("IAM::ManagedPolicy", f"PolicyDocument: {{{ANYTHING}}}"),
    "a user": ("IAM::User", f"ManagedPolicyArns: [{ADMINISTRATOR}]"),
    "a role": (
        "IAM::Role",
        f"AssumeRolePolicyDocument: {{{EVERYBODY}}}, ManagedPolicyArns: [{ADMINISTRATOR}]",
    ),
    "a bucket policy": ("S3::BucketPolicy", f"Bucket: b, PolicyDocument: {{{EVERYBODY}}}"),
}
NEW_VARIABLES = {
    "athena_connector_allow_foreign_spill": "true",
    "disable_spill_encryption": "true",
    "AWS_LAMBDA_LOG_LEVEL": "TRACE",
    "spill_put_request_headers": "{}",
}
VARIABLE = re.compile(r"^          ([a-z_]+): .+$", re.MULTILINE)
# A setting, and the value that replaces it wherever a template has it.
SETTINGS = {
    "BlockPublicAcls: true": "BlockPublicAcls: false",
    "BlockPublicPolicy: true": "BlockPublicPolicy: false",
    "IgnorePublicAcls: true": "IgnorePublicAcls: false",
    "RestrictPublicBuckets: true": "RestrictPublicBuckets: false",
    "ObjectOwnership: BucketOwnerEnforced": "ObjectOwnership: ObjectWriter",
    "EnforceWorkGroupConfiguration: true": "EnforceWorkGroupConfiguration: false",
    "ExpectedBucketOwner: !Ref AWS::AccountId": "AclConfiguration: {S3AclOption: X}",
    "EnableKeyRotation: true": "EnableKeyRotation: false",
    "KeySpec: HMAC_256": "KeySpec: RSA_2048",
    "KeyUsage: GENERATE_VERIFY_MAC": "KeyUsage: GENERATE_VERIFY_MAC\n      MultiRegion: true",
    "MutationType: APPEND": "MutationType: REPLACE",
    "      Permissions: [DESCRIBE]": "      Permissions: [DESCRIBE, DROP]",
    "      Permissions: [SELECT, DESCRIBE]": "      Permissions: [ALL]",
}


@dataclass(frozen=True)
class Edit:
    """A template with one edit."""

    name: str
    template: str
    text: str


def edits(path: Path) -> Iterator[Edit]:
    """Yields the edits of a template."""
    text = path.read_text()

    def edit(name: str, old: str, new: str) -> Edit:
        if text.count(old) < 1:
            raise SystemExit(f"{path.name} has no {old!r}")
        return Edit(f"{path.stem}: {name}", path.name, text.replace(old, new, 1))

    for name, (kind, properties) in NEW_RESOURCES.items():
        resource = f"  New:\n    Type: AWS::{kind}\n    Properties: {{{properties}}}\n"
        yield edit(name, "\nResources:\n", f"\nResources:\n{resource}")
    for old, new in SETTINGS.items():
        if old in text:
            yield edit(new, old, new)
    _, start, block = text.partition("        Variables:\n")
    if not start:
        return
    for name, value in NEW_VARIABLES.items():
        yield edit(f"variable {name}", start, f'{start}          {name}: "{value}"\n')
    for match in VARIABLE.finditer(block.partition("\n\n")[0]):
        yield edit(f"variable {match[1]} changed", match[0], f"          {match[1]}: other")


def _is_noticed(program: Path, edit: Edit) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        edited = Path(folder) / edit.template
        edited.write_text(edit.text)
        return bool(unlisted(edited) or broken_rules(program, edited))


def a_rule_notices_each_addition(node_modules: Path) -> tuple[int, list[str]]:
    """Returns the number of edits, and those that nothing notices."""
    program = guard_program(node_modules)
    every = [edit for path in templates() for edit in edits(path)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        noticed = pool.map(lambda edit: _is_noticed(program, edit), every)
        unnoticed = [
            f"nothing notices {edit.name}"
            for edit, found in zip(every, noticed, strict=True)
            if not found
        ]
    return len(every), unnoticed
