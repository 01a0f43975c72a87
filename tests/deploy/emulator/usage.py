"""The actions that the emulator has allowed, appended to the file `EMULATOR_USAGE`.

A line is the ARN of the principal and the action, separated by a tab. Requests of the root of an
account are not evaluated, and not listed.
"""

import os
from typing import Any

from ministack.core import iam_evaluator


def install() -> None:
    original = iam_evaluator.evaluate
    file = os.environ.get("EMULATOR_USAGE")
    if not file:
        return

    def evaluate(context: Any, *arguments: Any, **options: Any) -> Any:
        result = original(context, *arguments, **options)
        if result.decision == "Allow":
            with open(file, "a") as output:
                output.write(f"{context.principal_arn}\t{context.action}\n")
        return result

    iam_evaluator.evaluate = evaluate
