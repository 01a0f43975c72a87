"""The AWS mock of the deployment tests: moto, with the refusals of AWS that it lacks.

Run as `python -m tests.deploy.emulator.mock -H 127.0.0.1 -p PORT`, with the options of
`moto_server`.
The additions, one in each module:

- `mock_accounts`: the account of a request, by the application id of its client;
- `mock_glue`: conditions of the Glue catalog policy;
- `mock_lake_formation`: grants, revocations, registrations and settings of Lake Formation;
- `mock_quicksight`: data sources of Quick that exist, and their permissions.

With the option `--default-grants` new databases and tables have the permissions of
`IAMAllowedPrincipals` that the settings of their account define, as in AWS.
"""

import sys

from moto import server

from tests.deploy.emulator import (
    mock_accounts,
    mock_default_grants,
    mock_glue,
    mock_lake_formation,
    mock_quicksight,
)

DEFAULT_GRANTS = "--default-grants"


def main() -> None:
    arguments = sys.argv[1:]
    mock_accounts.install()
    mock_glue.install()
    mock_lake_formation.install()
    mock_quicksight.install()
    if DEFAULT_GRANTS in arguments:
        arguments.remove(DEFAULT_GRANTS)
        mock_default_grants.install()
    server.main(arguments)


if __name__ == "__main__":
    main()
