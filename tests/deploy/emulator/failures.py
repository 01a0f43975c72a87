"""The failure of a resource in a stack: with the error code of the service, as AWS reports it."""

from typing import Any, NoReturn


def fail(code: str, message: str) -> NoReturn:
    """Fails the resource that is being created, updated or deleted."""
    # ministack reports a ValueError as a failed resource.
    raise ValueError(f'Resource handler returned message: "{message}" ({code})')


def require_success(response: tuple[int, Any, Any]) -> None:
    """Fails the resource if an operation of ministack has returned an error."""
    status, _, body = response
    if status >= 400:
        raise ValueError(body.decode() if isinstance(body, bytes) else body)
