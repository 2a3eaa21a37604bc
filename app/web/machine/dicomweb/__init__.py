"""DICOMweb over HTTP (PS3.18). Its answers are made in services/dicomweb and services/ingest."""
