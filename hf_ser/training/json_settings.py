"""Settings that are JSON on the command line."""

import json
from typing import Any


def json_object(name: str, value: dict | str | None) -> dict[str, Any]:
    """Read a setting that is a JSON object on the command line; {} for None.

    Raises:
        ValueError: if it is no JSON object.
    """
    value = json_value(name, value)
    if not isinstance(value, dict):
        raise ValueError(f"{name} is {value!r}, expected a JSON object such as '{{\"name\": 192}}'")
    return value


def json_value(name: str, value: Any) -> Any:
    """Read a setting that is JSON on the command line, an object or a list; {} for None.

    Raises:
        ValueError: if it is no JSON.
    """
    if not isinstance(value, str):
        return {} if value is None else value
    try:
        return json.loads(value)
    except ValueError as error:
        raise ValueError(
            f"{name} is {value!r}, expected a JSON object such as '{{\"name\": 192}}' ({error})"
        ) from error
