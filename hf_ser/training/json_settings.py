"""Settings that are JSON on the command line."""

import json
from typing import Any


def json_object(name: str, value: dict | str | None) -> dict[str, Any]:
    """A setting that is a JSON object on the command line; {} for None.

    Raises:
        ValueError: if it is no JSON object.
    """
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(
                f"{name} is {value!r}, expected a JSON object such as '{{\"name\": 192}}' ({error})"
            ) from error
    if value is not None and not isinstance(value, dict):
        raise ValueError(f"{name} is {value!r}, expected a JSON object")
    return value or {}
