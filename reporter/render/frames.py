"""The tables as CSV and Parquet, through pandas, which is imported only where one is asked for.

Kinds and dtypes: text is `string`, int `Int64`, float `Float64`, bool `boolean`, time
`datetime64[us, UTC]`; all of them know a missing value, and so does Parquet. A number that no
64 bits hold, or a time outside the years 1970 to 9999, is a missing value: a host may send any.

CSV is RFC 4180 in UTF-8: a header, CRLF, quotes where need be; a missing value is empty, yes and no
are `true` and `false`, times ISO 8601 in UTC. Spreadsheets take a cell that begins with `=`, `+`,
`-` or `@` (also in full width), a tab or a carriage return for a formula: text that does gets a
`'` before it. Numbers are not changed.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from reporter.errors import InputError
from reporter.render.tables import TABLES, Cell, Kind, Table
from reporter.render.terminal import safe
from reporter.report import Report

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DTYPES", "csv", "frame", "parquet", "require"]

DTYPES: dict[Kind, str] = {
    "text": "string",
    "int": "Int64",
    "float": "Float64",
    "bool": "boolean",
    "time": "datetime64[us, UTC]",
}
"""Kind of a column -> its dtype, also after Parquet was read back."""

_FORMULA = tuple("=+-@\t\r＝＋－＠")
_INT64 = range(-(2**63), 2**63)
_LAST_S = 253402300800.0
_NO_TIME = -(2**63)
"""What numpy takes for a missing time."""
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


def csv(report: Report) -> dict[str, bytes]:
    """Return a CSV file for each table."""
    return {f"csv/{table.name}.csv": _csv(table, report) for table in TABLES}


def parquet(report: Report) -> dict[str, bytes]:
    """Return a Parquet file for each table."""
    require(parquet=True)
    return {f"parquet/{table.name}.parquet": _parquet(table, report) for table in TABLES}


def frame(table: Table, report: Report) -> pd.DataFrame:
    """Return a table as a data frame with the dtypes of its columns."""
    pandas = require()
    rows = list(table.rows(report))
    columns = zip(*rows, strict=True) if rows else [()] * len(table.columns)
    return pandas.DataFrame(
        {
            column.name: _series(pandas, column.kind, values)
            for column, values in zip(table.columns, columns, strict=True)
        }
    )


def require(parquet: bool = False) -> Any:
    """Return pandas; raises `InputError` where it, or what it writes Parquet with, is missing."""
    try:
        import pandas  # noqa: PLC0415 - serves only those who ask for a table

        if parquet:
            import pyarrow  # noqa: F401, PLC0415 - pandas uses it; only Parquet needs it
    except ImportError as error:
        raise InputError(
            f"csv and parquet need {error.name}, which is not installed: "
            "pip install 'truthmap[tables]'"
        ) from error
    return pandas


def _series(pandas: Any, kind: Kind, values: Iterable[Cell]) -> Any:
    if kind != "time":
        return pandas.Series([_known(kind, value) for value in values], dtype=DTYPES[kind])
    # By way of the numbers: pandas 2 makes nanoseconds of anything else, which end in 2262.
    micros = pandas.Series([_micros(value) for value in values], dtype="int64")
    return pandas.Series(micros.to_numpy().view("datetime64[us]")).dt.tz_localize("UTC")


def _known(kind: Kind, value: Cell) -> Cell:
    if value is None:
        return None
    if kind == "text":
        return safe(str(value))
    if kind == "int":
        return value if value in _INT64 else None
    return value


def _micros(value: Cell) -> int:
    if not isinstance(value, int | float) or not 0 <= value < _LAST_S:
        return _NO_TIME
    return round(value * 1_000_000)


def _csv(table: Table, report: Report) -> bytes:
    data = frame(table, report)
    for column in table.columns:
        if column.kind == "text":
            data[column.name] = data[column.name].map(_harmless, na_action="ignore")
        elif column.kind == "bool":
            data[column.name] = data[column.name].map({True: "true", False: "false"})
    shown = data.to_csv(index=False, lineterminator="\r\n", date_format=_TIME)
    return str(shown).encode("utf-8")


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _parquet(table: Table, report: Report) -> bytes:
    buffer = io.BytesIO()
    frame(table, report).to_parquet(buffer, engine="pyarrow", index=False)
    return buffer.getvalue()
