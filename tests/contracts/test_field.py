"""When two values of a field are equal, and what a field takes for a value."""

from __future__ import annotations

import datetime
import unicodedata
import uuid
from collections.abc import Callable
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any, Literal, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AfterValidator, BaseModel, ConfigDict, create_model
from pydantic import Field as PydanticField

from quorate.contracts import Canonical, Field, fields_of


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Shade(StrEnum):
    DARK = "Dark"
    LIGHT = "Light"


class Money(BaseModel):
    amount: Decimal
    currency: str
    note: str | None = None


class Plate(BaseModel):
    number: Annotated[str, Canonical(lambda text: text.replace("-", ""))]


def key(annotation: Any, value: Any) -> str:
    field = Field("value", annotation)
    return field.key(field.plain(value))


@pytest.mark.parametrize(
    "annotation, one, other",
    [
        (Decimal, "12", "12.00"),
        (Decimal, "12", "1.2E1"),
        (Decimal, "1200", "12E2"),
        (Decimal, "-0", "0.00"),
        (Decimal, "0E-20", "0"),
        (Decimal, 12, "12.000"),
        (Decimal, "0.5", ".50"),
        (Decimal, "-12.50", "-1.25E1"),
        (Decimal, "100", "1E2"),
        (Decimal, "1E+1000000", "10E+999999"),
        (str, "Acme  Sdn\nBhd", "acme sdn bhd"),
        (str, "\uff21\uff23\uff2d\uff25", "acme"),  # full width
        (str, "Straße", "STRASSE"),
        (str, "e\u0301t\u00e9", "\u00e9te\u0301"),
        (str, "  padded ", "padded"),
        (str, "\ufb01sh", "fish"),  # a ligature
        (float, 0.0, -0.0),
        (float, 1, 1.0),
        (datetime.date, "2020-01-02", datetime.date(2020, 1, 2)),
        (datetime.datetime, "2020-01-02T03:00:00+08:00", "2020-01-01T19:00:00Z"),
        (datetime.datetime, "2020-01-02T03:00:00+00:00", "2020-01-02T03:00:00.000000Z"),
        (datetime.time, "10:00:00+08:00", "02:00:00Z"),
        (Colour, "red", Colour.RED),
        (Shade, "Dark", Shade.DARK),
        (Optional[Decimal], "12", "12.00"),  # noqa: UP045 (the older form is in use, too)
        (Decimal | None, "12", "12.0"),
        (Annotated[Decimal, "in ringgit"], "12", "12.0"),
        (Annotated[Decimal | None, "in ringgit"], "12", "12.0"),
        (list[Decimal], ["1", "2.0"], ["1.00", "2"]),
        (tuple[Decimal, str], ["1", "A"], ["1.0", "a"]),
        (dict[str, Decimal], {"a": "1", "b": "2"}, {"b": "2.0", "a": "1.0"}),
        (set[str], ["b", "A"], ["a", "B"]),
        (frozenset[Decimal], ["1", "2"], ["2.0", "1.0"]),
        (Money, {"amount": "12", "currency": "MYR"}, {"currency": "myr", "amount": "12.00", "note": None}),
        (list[Money], [{"amount": "1", "currency": "X"}], [{"amount": "1.0", "currency": "x"}]),
        (Plate, {"number": "WA-12"}, {"number": "WA12"}),
        (uuid.UUID, "12345678-1234-5678-1234-567812345678", "12345678123456781234567812345678"),
        (datetime.timedelta, "PT60S", "PT1M"),
    ],
)
def test_equal_values_share_a_key(annotation: Any, one: Any, other: Any) -> None:
    """Two ways to write one value are the same vote."""
    assert key(annotation, one) == key(annotation, other)


@pytest.mark.parametrize(
    "annotation, one, other",
    [
        (Decimal, "12", "120"),
        (Decimal, "12", "1.2"),
        (Decimal, "12", "-12"),
        (Decimal, "1E+1000000", "1E+1000001"),
        (Decimal, "1.000000000000000000000000000000001", "1"),  # beyond the default precision of 28 digits
        (str, "acme", "acme ltd"),
        (str, "ab", "a b"),
        (int, 1, 2),
        (bool, True, False),
        (datetime.date, "2020-01-02", "2020-02-01"),
        (datetime.datetime, "2020-01-02T03:00:00", "2020-01-02T03:00:00Z"),  # naive is not UTC
        (datetime.datetime, "2020-01-02T03:00:00+08:00", "2020-01-02T03:00:00Z"),
        (Literal["a", "b"], "a", "b"),
        (list[Decimal], ["1", "2"], ["2", "1"]),
        (list[str], ["a", "b"], ["a b"]),
        (list[str], ['a", "b'], ["a", "b"]),
        (Money, {"amount": "1", "currency": "MYR"}, {"amount": "1", "currency": "MYR", "note": "x"}),
        (Colour, "red", "blue"),
    ],
)
def test_different_values_have_different_keys(annotation: Any, one: Any, other: Any) -> None:
    """Values that differ are different votes, however alike they look."""
    assert key(annotation, one) != key(annotation, other)


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_decimal_key_agrees_with_equality(value: Decimal) -> None:
    """Scaling a decimal by writing it with more zeros never changes its key, and the key reads as the same number."""
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    padded = Decimal((sign, (*digits, 0, 0), exponent - 2))
    assert key(Decimal, str(value)) == key(Decimal, str(padded))
    assert Decimal(key(Decimal, str(value))) == value


def test_huge_exponent_makes_a_short_key() -> None:
    """An exponent of a billion, as a model may well claim, is not written out in zeros."""
    assert len(key(Decimal, "1E+999999999")) < 20
    assert len(key(Decimal, "1E-999999999")) < 20


@given(st.text())
def test_text_key_is_stable(text: str) -> None:
    """The key of a text is its own key, and Unicode forms and outer space do not change it."""
    field = Field("value", str)
    once = field.key(text)
    assert field.key(once) == once
    assert field.key(unicodedata.normalize("NFD", text)) == once
    assert field.key(unicodedata.normalize("NFKC", text)) == once
    assert field.key(f" {text}\t") == once


@given(st.datetimes(timezones=st.timezones()), st.integers(-14, 14))
def test_one_instant_has_one_key(moment: datetime.datetime, hours: int) -> None:
    """The zone in which an instant is written does not matter, also at the ends of the calendar."""
    try:
        elsewhere = moment.astimezone(datetime.timezone(datetime.timedelta(hours=hours)))
    except OverflowError:
        return
    field = Field("value", datetime.datetime)
    assert field.key(moment) == field.key(elsewhere)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"])
def test_instant_outside_the_calendar_in_utc_has_a_key(text: str) -> None:
    """An instant that UTC cannot write still has a key, and does not stop the vote."""
    assert key(datetime.datetime, text)
    assert key(datetime.datetime, text) != key(datetime.datetime, text.replace(":59-", ":58-").replace("00+", "01+"))


def test_own_canonical_decides() -> None:
    """A field that brings `Canonical` is compared by it, also where it may be None."""
    digits = Canonical(lambda text: "".join(filter(str.isdigit, text)))
    for annotation in (Annotated[str, digits], Annotated[str, digits] | None, Annotated[str | None, digits]):
        assert key(annotation, "tel. 03-55") == key(annotation, "0355")
        assert key(annotation, "0355") != key(annotation, "0356")


def test_canonical_is_found_in_a_model() -> None:
    """`fields_of` keeps the metadata by which a field's values are compared and checked."""

    class Out(BaseModel):
        phone: Annotated[str, Canonical(lambda text: text[-2:])]
        code: Annotated[str, AfterValidator(str.upper)] | None = None

    fields = fields_of(Out)
    assert fields["phone"].key("xx12") == "12"
    assert fields["code"].plain("ab") == "AB"


def test_canonical_that_fails_is_a_bad_value() -> None:
    """A value that the field's own `Canonical` cannot take is refused where it comes in, not where it is counted."""
    field = Field("value", Annotated[str, Canonical(lambda text: str(int(text)))])
    assert field.plain("07") == "07"
    with pytest.raises(ValueError, match="cannot be compared"):
        field.plain("seven")
    wrong = Field("value", Annotated[int, Canonical(lambda number: number)])  # type: ignore[arg-type, return-value]
    with pytest.raises(ValueError, match="cannot be compared"):
        wrong.plain(3)


@pytest.mark.parametrize(
    "annotation, value",
    [
        (float, float("nan")),
        (float, float("inf")),
        (str, "half a pair \ud800"),
        (list[str], ["\udfff"]),
        (dict[str, float], {"a": float("-inf")}),
        (int, 2**64),
        (int, -(2**63) - 1),
        (list[int], [10**30]),
        (Any, {"a": [10**5000]}),
        (bytes, b"\xff"),
    ],
)
def test_value_that_no_checkpoint_holds_is_refused(annotation: Any, value: Any) -> None:
    """NaN, half a surrogate pair and an integer beyond 64 bits are refused at the field, as a ValueError."""
    with pytest.raises(ValueError, match=r"."):
        Field("value", annotation).plain(value)


@pytest.mark.parametrize("value", [2**64 - 1, -(2**63), 0])
def test_integers_of_64_bits_are_values(value: int) -> None:
    """The largest integers that a checkpoint holds are taken."""
    assert Field("value", int).plain(value) == value


@pytest.mark.parametrize(
    "annotation, default, required",
    [
        (str, ..., True),
        (str, "x", False),
        (str | None, ..., False),
        (str | None, None, False),
        (Optional[str], ..., False),  # noqa: UP045
        (Annotated[str | None, "doc"], ..., False),
        (Annotated[str, "doc"] | None, ..., False),
        (list[None], ..., True),
        (dict[str, None], ..., True),
    ],
)
def test_what_may_stay_empty(annotation: Any, default: Any, required: bool) -> None:
    """A field with a default, or one that may be None, need not be settled; a list of Nones must."""
    model = create_model("M", a=(annotation, default))
    assert fields_of(model)["a"].required is required


def test_default_of_an_empty_field() -> None:
    """A default comes from its value or its factory."""

    class Out(BaseModel):
        a: int = 3
        b: list[int] = []

    assert fields_of(Out)["a"].default == 3
    assert fields_of(Out)["b"].default == []


@pytest.mark.parametrize(
    "annotation, value",
    [
        (Decimal, Decimal("1.20")),
        (datetime.date, datetime.date(2020, 1, 2)),
        (datetime.datetime, datetime.datetime(2020, 1, 2, 3, tzinfo=datetime.UTC)),
        (datetime.time, datetime.time(3, 4)),
        (datetime.timedelta, datetime.timedelta(seconds=3)),
        (Colour, Colour.RED),
        (Money, Money(amount=Decimal("1.2"), currency="X")),
        (list[Money], [Money(amount=Decimal("1.2"), currency="X")]),
        (set[int], {1, 2}),
        (tuple[int, str], (1, "a")),
        (uuid.UUID, uuid.UUID(int=7)),
        (bytes, b"abc"),
        (int | None, None),
    ],
)
def test_plain_and_back(annotation: Any, value: Any) -> None:
    """A typed value becomes plain data and the same typed value again."""
    field = Field("value", annotation)
    assert field.parse(field.plain(value)) == value


def test_strict_models_load_their_own_plain_data() -> None:
    """A model that takes no strings for dates takes them from recorded data."""

    class Strict(BaseModel):
        model_config = ConfigDict(strict=True)
        day: datetime.date

    field = Field("value", Strict)
    value = Strict(day=datetime.date(2020, 1, 2))
    assert field.parse(field.plain(value)) == value


def test_key_of_every_type_is_text() -> None:
    """The key is text for any value, so that it can be stored and sorted."""
    values: list[tuple[Any, Any]] = [(int, 3), (Any, None), (Any, [1, {"a": 2}]), (Money | int, 3), (bool, True)]
    for annotation, value in values:
        assert isinstance(key(annotation, value), str)


def test_decimals_that_are_no_numbers() -> None:
    """A field that allows them tells infinities apart; pydantic refuses them elsewhere."""
    allowed = Annotated[Decimal, PydanticField(allow_inf_nan=True)]
    assert key(allowed, "Infinity") != key(allowed, "-Infinity")
    with pytest.raises(ValueError, match="finite number"):
        key(Decimal, "Infinity")


def test_nested_canonical_in_a_list_is_kept() -> None:
    """Elements of a list are compared by their model's own fields."""
    make: Callable[[str], list[dict[str, str]]] = lambda number: [{"number": number}]  # noqa: E731
    assert key(list[Plate], make("A-1")) == key(list[Plate], make("A1"))
