"""Doors for systems: DICOMweb and the RIS API; bearer tokens with scopes. Nothing here is for people."""
