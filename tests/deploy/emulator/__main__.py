"""The AWS emulator of the deployment tests: ministack, with additions that the templates need.

Run as `python -m tests.deploy.emulator`. The additions, one in each module:

- `conditions`: condition keys of Organizations and of Athena's forward access sessions;
- `accounts`: access to the function or bucket of another account, evaluated by both policies;
- `catalogs`: the ARN of the data catalog as the resource of Athena's requests;
- `resources`: resource types of the templates that ministack's CloudFormation lacks;
- `moto_resources`: resource types of services that only the mock (moto) has.

Environment variables: those of ministack (`AUTH`, `USE_SSL`, `BIND_HOST`, `GATEWAY_PORT`),
`EMULATOR_ORGANIZATION` (`ID=ACCOUNT,ACCOUNT`), and `EMULATOR_MOCK` (URL of the mock).
"""

from ministack import app

from tests.deploy.emulator import accounts, catalogs, conditions, resources


def main() -> None:
    conditions.install()
    accounts.install()
    catalogs.install()
    resources.install()
    # By default it also listens on port 443.
    app._port_is_bindable = lambda *_: False
    app.main()


if __name__ == "__main__":
    main()
