"""Module versions: the grammar of a version, by go's rules.

Decides whether one names the same for ever, and which element of an import path is one. It must
never ask the network what a version stands for.
"""

from __future__ import annotations


def is_full_version(version: str) -> bool:
    """Tell vX.Y.Z[-pre][+incompatible] from what go must look up (v1, latest, a branch)."""
    if not version.startswith("v"):
        return False
    core, dash, pre = version[1:].removesuffix("+incompatible").partition("-")
    numbers = core.split(".")
    return (
        len(numbers) == 3  # noqa: PLR2004  # major, minor, patch
        and all(_is_digits(number) and not _has_leading_zero(number) for number in numbers)
        and (not dash or all(map(_is_prerelease_part, pre.split("."))))
    )


def is_major_version(element: str) -> bool:
    """Tell v2, v3, v10 (not v0, v1, v05): go names an executable by the element before it."""
    digits = element[1:]
    return (
        element.startswith("v")
        and _is_digits(digits)
        and digits != "1"
        and not digits.startswith("0")
    )


def _is_prerelease_part(part: str) -> bool:
    letters = part.replace("-", "x")
    return letters.isascii() and letters.isalnum() and not _has_leading_zero(part)


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _has_leading_zero(text: str) -> bool:
    return _is_digits(text) and text != "0" and text.startswith("0")
