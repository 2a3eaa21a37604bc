"""What QIDO-RS and WADO-RS answer. HTTP is app/web/machine/dicomweb."""
