"""Finds columns that tell who a patient is: by their header, or by cells like e-mail or national numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from schemas.fields import FIRST_DATE
from schemas.mapping.texts import normalise_header, position_name

if TYPE_CHECKING:
    from schemas.mapping.raw import RawFile

_NAMES = frozenset(
    {
        "name", "names", "firstname", "lastname", "surname", "familyname", "forename", "givenname",
        "middlename", "fullname", "patientfirstname", "patientlastname", "ptname",
        "initials", "vorname", "nachname", "mail", "email", "emailaddress", "phone",
        "phonenumber", "phoneno", "telephone", "telephonenumber", "tel", "mobile", "mobilephone",
        "cellphone", "fax", "telefon", "address", "homeaddress", "streetaddress", "street", "postcode",
        "postalcode", "zip", "zipcode", "adresse", "ssn", "socialsecuritynumber", "socialsecurityno",
        "nationalid", "nationalnumber", "nhsnumber", "nhsno", "mykad", "passport", "passportnumber",
        "insurancenumber", "dob", "dateofbirth", "birthdate", "birthday", "geburtsdatum",
        "姓名", "患者姓名",
        "病人姓名", "身份证", "身份证号", "身份证号码", "电话", "联系电话", "手机", "手机号",
        "电话号码", "住址",
        "地址", "家庭住址", "出生日期", "出生年月", "出生年月日", "氏名", "生年月日", "電話番号", "住所",
        "家庭地址", "通讯地址", "现住址", "患者电话", "病人电话", "家属电话", "联系方式", "手机号码",
        "证件号", "证件号码", "mobileno", "mobilenumber", "ptinitials", "patientinitials",
        "patientdob", "ptdob",
        "birthdt", "patientbirthdate", "nhsnum", "patientenname", "familienname", "namevorname",
        "nachnamevorname", "vornamename", "patientname", "telefonnummer", "telefonnr", "telnr", "handy",
        "handynummer", "mobilnummer", "emailadresse", "mailadresse", "strasse", "anschrift", "plz",
        "postleitzahl", "gebdatum", "gebdat", "versichertennummer", "krankenversichertennummer",
        "versicherungsnummer", "sozialversicherungsnummer", "prenom", "datedenaissance", "courriel",
        "apellidos", "fechadenacimiento", "telefono", "telephoneno", "mykadno", "icno", "icnumber",
    }
)  # fmt: skip
_SIGNS = re.compile(r"[^\w]")
_FORMS = (
    r"^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$",  # e-mail
    r"^[0-9]{3}-[0-9]{2}-[0-9]{4}$",  # United States social security number
    r"^[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])-[0-9]{2}-[0-9]{4}$",  # Malaysian MyKad
    r"^(\+[0-9][0-9 ()/-]{6,17}[0-9]|0[0-9]{2,5}[ /-][0-9][0-9 -]{4,}|1[3-9][0-9]{9})$",  # telephone
)
_BRITISH_NUMBER = r"^[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}$"
_FEWEST = 5  # cells without which a right check digit may be chance, and an early date a slip
_DATE_FORMS = (
    r"^([0-9]{4})[-/.年][0-9]{1,2}[-/.月][0-9]{1,2}",
    r"^[0-9]{1,2}[-/.][0-9]{1,2}[-/.]([0-9]{4})",
    r"^(19[0-8][0-9])(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])$",
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
    return _SIGNS.sub("", normalise_header(header, loose=True)) in _NAMES


def _has_numbers(cells: pl.Series) -> bool:
    """Return whether most filled cells are addresses, telephone or national numbers, or dates of birth."""
    filled = cells.head(_ROWS_LOOKED_AT).str.strip_chars()
    filled = filled.filter(filled != "")
    if filled.is_empty():
        return False
    shares = [filled.str.contains(form).mean() for form in _FORMS]
    candidates = filled.filter(filled.str.contains(_CHINESE_NUMBER)).to_list()
    shares.append(sum(map(_is_chinese_number, candidates)) / len(filled))
    if len(filled) >= _FEWEST:
        shares.append(_share_of_births(filled))
        candidates = filled.filter(filled.str.contains(_BRITISH_NUMBER)).to_list()
        shares.append(sum(map(_is_british_number, candidates)) / len(filled))
    return any(isinstance(share, float) and share >= _SHARE for share in shares)


def _is_chinese_number(text: str) -> bool:
    """Return whether the check character of a Chinese national number is right (ISO 7064 MOD 11-2)."""
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11] == text[17].upper()


def _is_british_number(text: str) -> bool:
    """Return whether the check digit of a number of ten digits is that of an NHS number (modulus 11)."""
    digits = [int(sign) for sign in text if sign.isdigit()]
    total = sum(digit * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False))
    return (11 - total % 11) % 11 == digits[9]


def _share_of_births(filled: pl.Series) -> float:
    """Return the share of dates too early for anything but a birth; the first of January 1900 is a code."""
    years = pl.coalesce(pl.col("cell").str.extract(form, 1) for form in _DATE_FORMS).cast(pl.Int64)
    is_birth = years.is_between(1901, FIRST_DATE.year - 1).fill_null(value=False)
    return float(pl.DataFrame({"cell": filled}).select(is_birth.mean()).item())
