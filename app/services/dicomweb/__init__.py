"""The answers of QIDO-RS and WADO-RS. HTTP is in app/web/machine/dicomweb."""
