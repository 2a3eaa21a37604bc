"""DICOMweb over HTTP (PS3.18)."""
