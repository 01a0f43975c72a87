"""Resource types that the mock (moto) records: of Lake Formation and Quick, and Glue databases.

Each handler calls the operation that CloudFormation calls. botocore validates the parameters by the
model of the service, and the mock records the result; it enforces no permissions.
"""

from tests.deploy.emulator import lake_resources, quicksight_resources
from tests.deploy.emulator.mock_client import call, call_existing


def _database_create(logical_id: str, properties: dict, stack: str) -> tuple[str, dict]:
    """Creates a database in the mock, because ministack drops the target of a link."""
    call("glue", "create_database", DatabaseInput=properties["DatabaseInput"])
    return properties["DatabaseInput"]["Name"], {}


def _database_update(physical_id: str, old: dict, new: dict, stack: str) -> tuple[str, dict]:
    if new["DatabaseInput"]["Name"] != physical_id:
        return _database_create(physical_id, new, stack)
    call("glue", "update_database", Name=physical_id, DatabaseInput=new["DatabaseInput"])
    return physical_id, {}


def _database_delete(physical_id: str, properties: dict) -> None:
    call_existing("glue", "delete_database", Name=physical_id)


HANDLERS: dict[str, dict] = {
    "AWS::Glue::Database": {
        "create": _database_create,
        "update": _database_update,
        "delete": _database_delete,
    },
    **lake_resources.HANDLERS,
    **quicksight_resources.HANDLERS,
}
