"""The AWS emulator of the deployment tests: ministack, with additions that the templates need.

Run as `python -m tests.deploy.emulator`. The additions, one in each module:

- `conditions`: condition keys of Organizations and of Athena's forward access sessions;
- `accounts`: access to the function or bucket of another account, evaluated by both policies;
- `catalogs`: the ARN of the data catalog as the resource of Athena's requests;
- `change_sets`: resources that appear or disappear with a condition;
- `function_settings`: network, concurrency and boundary, which its CloudFormation drops;
- `resources`: resource types of the templates that ministack's CloudFormation lacks;
- `moto_resources`: resource types of services that only the mock has: `lake_resources`,
  `quicksight_resources` and Glue databases, with the calls in `mock_client`;
- `iam_conflicts`: refusals of IAM, through its API and through CloudFormation;
- `name_conflicts`: names that exist and contents that remain, in other resource types;
- `quicksight_permissions`: permissions of the caller that creates a data source, by the actions in
  `quicksight_actions`;
- `usage`: a list of the actions that were allowed.

`mock` is the entry point of the mock (moto), a process of its own.

Environment variables: those of ministack (`AUTH`, `USE_SSL`, `BIND_HOST`, `GATEWAY_PORT`),
`EMULATOR_ORGANIZATION` (`ID=ACCOUNT,ACCOUNT`), `EMULATOR_MOCK` (URL of the mock), and
`EMULATOR_USAGE` (file).
"""

from ministack import app

from tests.deploy.emulator import (
    accounts,
    catalogs,
    change_sets,
    conditions,
    function_settings,
    iam_conflicts,
    name_conflicts,
    quicksight_permissions,
    resources,
    usage,
)


def main() -> None:
    conditions.install()
    accounts.install()
    catalogs.install()
    change_sets.install()
    resources.install()
    iam_conflicts.install()
    function_settings.install()
    name_conflicts.install()
    quicksight_permissions.install()
    usage.install()
    # By default it also listens on port 443.
    app._port_is_bindable = lambda *_: False
    app.main()


if __name__ == "__main__":
    main()
