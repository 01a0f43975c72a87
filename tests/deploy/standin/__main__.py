"""The AWS of the deployment tests: ministack, and what these templates need that it lacks.

Run as `python -m standin`. What is added, one file each:

- `conditions`: the condition keys that Organizations and Athena's forward access sessions give a call;
- `accounts`: calls from one account to the function or the bucket of another, under both policies;
- `catalogs`: the ARN that calls about data catalogs are decided by;
- `resources`: the resource types of our templates that CloudFormation here does not know;
- `recorder`: those among them that belong to services which only the recorder (moto) has.

Environment: ministack's own (`AUTH`, `USE_SSL`, `BIND_HOST`, `GATEWAY_PORT`), `STANDIN_ORGANIZATION` (`ID=ACCOUNT,ACCOUNT`) and
`STANDIN_RECORDER` (the recorder's address).
"""

from ministack import app

from standin import accounts, catalogs, conditions, resources


def main() -> None:
    conditions.install()
    accounts.install()
    catalogs.install()
    resources.install()
    # It would answer at port 443 as well.
    app._port_is_bindable = lambda *_: False
    app.main()


if __name__ == "__main__":
    main()
