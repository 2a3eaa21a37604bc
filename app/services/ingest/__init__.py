"""One instance comes in: planned, stored, recorded, or kept in quarantine."""
