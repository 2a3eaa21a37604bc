"""Jobs as rows of the database, and the walk over rows that sweeps share. The work of a job is in app/jobs."""
