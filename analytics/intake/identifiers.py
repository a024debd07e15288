"""Finds columns that tell who a patient is: by their header, or by cells like e-mail or national numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from schemas.mapping.texts import normalise_header, position_name

if TYPE_CHECKING:
    from schemas.mapping.raw import RawFile

_NAMES = frozenset(
    {
        "name", "names", "firstname", "lastname", "surname", "familyname", "forename", "givenname",
        "middlename", "fullname", "patientname", "patientfirstname", "patientlastname", "ptname",
        "initials", "vorname", "nachname", "mail", "email", "e-mail", "emailaddress", "phone",
        "phonenumber", "phoneno", "telephone", "telephonenumber", "tel", "mobile", "mobilephone",
        "cellphone", "fax", "telefon", "address", "homeaddress", "streetaddress", "street", "postcode",
        "postalcode", "zip", "zipcode", "adresse", "ssn", "socialsecuritynumber", "socialsecurityno",
        "nationalid", "nationalnumber", "nhsnumber", "nhsno", "mykad", "passport", "passportnumber",
        "insurancenumber", "dob", "dateofbirth", "birthdate", "birthday", "geburtsdatum",
        "姓名", "患者姓名",
        "病人姓名", "身份证", "身份证号", "身份证号码", "电话", "联系电话", "手机", "手机号",
        "电话号码", "住址",
        "地址", "家庭住址", "出生日期", "出生年月", "出生年月日", "氏名", "生年月日", "電話番号", "住所",
    }
)  # fmt: skip
_FORMS = (
    r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",  # e-mail
    r"^[0-9]{3}-[0-9]{2}-[0-9]{4}$",  # United States social security number
)
_CHINESE_NUMBER = r"^[0-9]{17}[0-9Xx]$"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10X98765432"
_ROWS_LOOKED_AT = 1000
_SHARE = (
    0.5  # of the filled cells that have the form: one stray value in a free text is not a column of numbers
)


def identifier_columns(raw: RawFile) -> list[str]:
    """Return the columns that are read and look like direct identifiers, in the order of the file.

    Parameters
    ----------
    raw
        The file as read; dropped columns have no cells in it and are passed over.
    """
    columns = [position_name(place) for place in range(len(raw.headers))]
    return [
        column
        for column, header in zip(columns, raw.headers, strict=True)
        if column in raw.frame.columns and (is_identifier_header(header) or _has_numbers(raw.frame[column]))
    ]


def is_identifier_header(header: str) -> bool:
    """Return whether a header names a direct identifier."""
    return normalise_header(header, loose=True) in _NAMES


def _has_numbers(cells: pl.Series) -> bool:
    """Return whether most filled cells have the form of an e-mail address or a national number."""
    filled = cells.head(_ROWS_LOOKED_AT).str.strip_chars()
    filled = filled.filter(filled != "")
    if filled.is_empty():
        return False
    shares = [filled.str.contains(form).mean() for form in _FORMS]
    candidates = filled.filter(filled.str.contains(_CHINESE_NUMBER)).to_list()
    shares.append(sum(map(_is_chinese_number, candidates)) / len(filled))
    return any(isinstance(share, float) and share >= _SHARE for share in shares)


def _is_chinese_number(text: str) -> bool:
    """Return whether the check character of a Chinese national number is right (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11] == text[17].upper()
