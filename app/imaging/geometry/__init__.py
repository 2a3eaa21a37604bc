"""Where frames are in the patient, and so their order. No pixels here."""
