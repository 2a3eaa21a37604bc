"""Where frames lie in the patient."""
