"""DICOM objects as they are written: files, elements, text, JSON. Pure: no pixels, no network, no database."""
