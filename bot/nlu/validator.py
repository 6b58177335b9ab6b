"""Compiles Rasa's validator of action results once.

Rasa 3.6.21 calls `jsonschema.validate` for every custom action, which checks the (fixed) schema itself against the
metaschema each time: about 60 % of a turn. The patch keeps the check and the exception, and compiles it once.
`tests/nlu/test_nlu.py` fails if Rasa changes under it.
"""

from __future__ import annotations

from typing import Any

from jsonschema.exceptions import best_match
from jsonschema.validators import validator_for
from rasa.core.actions.action import RemoteAction


def compile_once() -> None:
    """Replace `RemoteAction._validate_action_result` by one with a compiled schema; harmless if called twice."""
    schema = RemoteAction.action_response_format_spec()
    cls = validator_for(schema)
    cls.check_schema(schema)
    validator = cls(schema)

    def _validate_action_result(self: RemoteAction, result: dict[str, Any]) -> bool:
        error = best_match(validator.iter_errors(result))
        if error is not None:
            raise error
        return True

    RemoteAction._validate_action_result = _validate_action_result
