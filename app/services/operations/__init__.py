"""For operators: the check of the archive, figures, and the removal of old rows. Readiness is in app/web/ops."""
