"""Reads DICOM objects: files, elements, text; writes DICOM JSON. Pure: no decoded pixels, no network, no database."""
