"""An instance comes in: it is planned, stored and recorded, or kept in quarantine. Doors are in app/web and
app/dimse."""
