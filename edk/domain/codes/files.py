"""Codes EDK5xx: files and limits."""

from __future__ import annotations

from edk.domain.diagnostics import Code

UNREADABLE = Code(
    "EDK501",
    "error",
    "a file or folder can't be read",
    "The system refused to read it, so what it says is not known; everything else is still read.",
    "make it readable for the user that runs the EDK, or exclude it in edk.yaml",
)
TOO_LARGE = Code(
    "EDK502",
    "error",
    "a file is too large to be read",
    "Files that say what to build are read whole and parsed, which takes time and memory in proportion; "
    "above the limit they are not what they seem to be.",
    "make it smaller, move data elsewhere, or exclude it in edk.yaml",
)
NOT_REGULAR = Code(
    "EDK503",
    "warning",
    "not a regular file",
    "It is named like a file that the EDK reads, but is a FIFO, a socket, a device or a folder. Opening such "
    "a thing can block for ever, so it is left out.",
    "rename it or remove it",
)
LINK_LEFT_OUT = Code(
    "EDK504",
    "warning",
    "a link is not followed",
    "It leads out of the root, nowhere, in a circle, or through another link. What lies outside of the root "
    "is not part of the extension.",
    "copy the file into the extension",
)
TOO_DEEP = Code(
    "EDK505",
    "warning",
    "folders are nested too deeply",
    "Below the limit nothing is looked at; a tree this deep is usually generated.",
    "exclude the folder in edk.yaml, or make it less deep",
)
TOO_MANY = Code(
    "EDK506",
    "error",
    "too many files",
    "The walk over the root stopped at the limit, so what lies behind it is not known.",
    "point --dir at the extension itself, or exclude large folders in edk.yaml",
)
PATIENT_DATA = Code(
    "EDK507",
    "warning",
    "medical images in a build context",
    "DICOM or NIfTI files, told by their content, would become part of the image, and everybody who can pull it "
    "could read them: the data of patients, if they are. Data belongs into the platform's storage, not into images.",
    "take them out of the context, or leave them out by .dockerignore; if they are no patient's, list them under "
    "allow_data in edk.yaml",
)
CREDENTIALS = Code(
    "EDK508",
    "warning",
    "keys or credentials in a build context",
    "A private key, or a file with passwords or tokens, told by its content, would become part of the image, "
    "where everybody who can pull it can read it, also if a later instruction removes it.",
    "take it out of the context, or leave it out by .dockerignore; if it opens nothing, list it under allow_data "
    "in edk.yaml",
)
CODES: tuple[Code, ...] = (
    UNREADABLE,
    TOO_LARGE,
    NOT_REGULAR,
    LINK_LEFT_OUT,
    TOO_DEEP,
    TOO_MANY,
    PATIENT_DATA,
    CREDENTIALS,
)
