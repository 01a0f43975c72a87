"""Resource types whose services are only recorded: Lake Formation, RAM's shares excepted, and Quick.

The recorder (moto) checks the shape of a call and remembers it; it enforces nothing.
"""

HANDLERS: dict[str, dict] = {}
