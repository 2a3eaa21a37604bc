"""The shared archive: sealed objects in an object store. Their index is in the database (app/repos)."""
