"""Runs migrations on the connection or the URL it is handed. Which database that is, is the caller's decision."""

from alembic import context
from sqlalchemy import Connection

from app.config import Settings
from app.database import Database
from app.models import Base


def migrate(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


handed = context.config.attributes.get("connection")
if handed is not None:
    migrate(handed)
else:
    database = Database(Settings.from_env().database_address)
    with database.engine.connect() as own:
        migrate(own)
        own.commit()
