"""A list of checks of PS3.18, one line each, that any DICOMweb server can be asked: us, and Debian's Orthanc beside."""
