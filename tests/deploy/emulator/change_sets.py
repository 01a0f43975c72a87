"""Changes of a change set that come from conditions.

ministack compares all resources of two templates. A resource whose condition becomes true is new,
and one whose condition becomes false is gone, as in CloudFormation; without this module, an update
that changes only such a parameter is refused, because it has no changes.
"""

from typing import Any

from ministack.services.cloudformation import changesets


def install() -> None:
    original = changesets._resolve_props_for_diff

    def resolve(template: dict, parameters: dict, *names: Any) -> dict:
        resolved = original(template, parameters, *names)
        if not resolved:
            return resolved
        conditions = changesets._evaluate_conditions(template, parameters)
        resources = {
            name: resource
            for name, resource in resolved.get("Resources", {}).items()
            if conditions.get(template["Resources"][name].get("Condition"), True)
        }
        return {**resolved, "Resources": resources}

    changesets._resolve_props_for_diff = resolve
