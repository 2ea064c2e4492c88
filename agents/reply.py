"""Reply: the form in which a model must answer, made from the fields that an agent writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Optional

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import DecimalSchema

__all__ = ["EXPLANATION", "Reading", "reply_model"]

EXPLANATION = """\
Answer for each of {fields} with: `quote`, the exact words in the data that show it, copied character by character, \
or an empty text; `reason`, in one short line; `value`, or null where the data does not tell; `confidence`, the \
probability from 0 to 1 that the value is right."""


class _Schema(GenerateJsonSchema):
    """pydantic's JSON Schema, but a decimal is plain text: its pattern looks ahead, which model servers refuse."""

    def decimal_schema(self, schema: DecimalSchema) -> JsonSchemaValue:
        return {"type": "string", "description": "a decimal number as digits with a point, such as 12.50"}


def _probability(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError("the confidence must be from 0 to 1")
    return value


class Reading(BaseModel):
    """What a model says about one field; its subclasses add `value`, of the field's type or None."""

    model_config = ConfigDict(extra="forbid")

    quote: str
    """The words that show it, as the model copied them."""
    reason: str
    """Why, in the model's words."""
    value: Any
    """The value, or None for no opinion."""
    confidence: Annotated[float, AfterValidator(_probability)]
    """The model's confidence, in [0, 1]."""


class _Reply(BaseModel):
    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The JSON Schema that the model is given."""
        return super().model_json_schema(*args, **{"schema_generator": _Schema, **kwargs})


def reply_model(name: str, types: Mapping[str, Any]) -> type[BaseModel]:
    """A model with one `Reading` for each field.

    Args:
        name: Name of the schema, as the model is told it.
        types: The Python type of each field.
    """
    readings: dict[str, Any] = {}
    for field, kind in types.items():
        value: dict[str, Any] = {"value": (Optional[kind], Field())}  # noqa: UP045 (the type is known at run time only)
        readings[field] = (create_model(f"{name}_{field}", __base__=Reading, **value), Field())
    return create_model(name, __base__=_Reply, **readings)
