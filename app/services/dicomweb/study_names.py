"""The keys by which machines find studies by the name that their headers say: blind indexes of its component groups,
and of family and given names.

Which studies a name matches is decided in `late_matching`.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.database import Database
from app.identity.sealed import open_identity
from app.models import Study
from app.repos.dicomweb import study_names as repo
from app.security.blind_index import BlindIndex
from app.security.fields import FieldSealer
from app.services.audit.refused_fields import FieldReader, RefusedFields
from app.services.dicomweb.matching_keys import name_keys, part_keys

BATCH = 100
"""Studies of one commit: few, so that no writer waits long."""


@dataclass(frozen=True, kw_only=True)
class StudyNames:
    """Decides which keys a study has. It raises nothing of its own: a header's name that does not open gives none."""

    db: Database
    fields: FieldSealer
    blind: BlindIndex
    refused: RefusedFields

    def index_due(self) -> int:
        """The keys of some studies that are due: new, corrected, or of before this release. Returns how many. One
        commit; what was done before a crash is done. Until then they are found as `repos/dicomweb/query.py` says."""
        with self.db.read() as session:
            if not repo.any_due(session):
                return 0
        reader = FieldReader(self.fields)
        with self.db.session() as session:
            found = repo.due(session, BATCH)
            for study in found:
                repo.replace(session, study, self._keys(reader, study))
                study.names_due = False
        self.refused.record_all(reader.refused)
        return len(found)

    def _keys(self, reader: FieldReader, study: Study) -> set[bytes]:
        identity = reader.reading(lambda: open_identity(self.fields, study))
        names = () if identity is None else identity.names
        return {*name_keys(names, self.blind), *part_keys(names, self.blind)}
