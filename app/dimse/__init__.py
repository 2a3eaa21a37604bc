"""The DIMSE door: connections, associations, messages. Decisions about objects are made in app/services."""
