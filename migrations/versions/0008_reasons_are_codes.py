"""Reasons are codes; what staff typed, and texts that are no code, stand in columns of their own.

Nothing is lost: a sentence nobody knows any more is kept as it is beside the code `other`, in `exam` beside `by_staff`,
since there only the desk wrote sentences of its own. Audit events are never rewritten: theirs are read as they are.
"""

from collections.abc import Iterable

from alembic import op
import sqlalchemy as sa


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

HOLDS = {
    'a study of its accession number names another patient': 'contradicted',
    'its report was written for another patient ID': 'report_of_another',
}
MATCHES = {
    'no exam of this accession number': 'no_exam',
    'no accession number': 'no_accession_number',
    'instances of one study name different patients': 'several_patients',
    'parted by a human': 'parted',
}
DIFFERS = 'differs in '
REFUSALS = {
    'not a DICOM Part-10 file': 'not_part10',
    'no transfer syntax': 'no_transfer_syntax',
    'the header cannot be read': 'header_unreadable',
    'the header is larger than the limit': 'header_too_large',
    'truncated: the header ends early': 'header_truncated',
    'truncated: pixel data end early': 'pixels_truncated',
    'truncated: the deflated data end early': 'deflated_truncated',
    'inflates beyond the limit': 'inflates_too_large',
    'nested too deeply': 'nested_too_deeply',
    'an element is longer than the limit': 'element_too_long',
    'bytes follow the end of the data set': 'bytes_behind_end',
    'more pixels than the limit': 'too_many_pixels',
    'more pixel data fragments than the limit': 'too_many_fragments',
    'pixel data fragments are broken': 'fragments_broken',
    'larger than the limit': 'too_large',
    'larger than the limit; only its start is kept': 'too_large_start_kept',
    'a rejection note that does not say what it rejects': 'empty_rejection_note',
    'SOPClassUID is missing': 'sop_class_uid_missing',
    'SOPInstanceUID is missing': 'sop_instance_uid_missing',
    'StudyInstanceUID is missing': 'study_uid_missing',
    'SeriesInstanceUID is missing': 'series_uid_missing',
    'TransferSyntaxUID is missing': 'transfer_syntax_uid_missing',
    'SOPClassUID is not a valid UID': 'sop_class_uid_invalid',
    'SOPInstanceUID is not a valid UID': 'sop_instance_uid_invalid',
    'StudyInstanceUID is not a valid UID': 'study_uid_invalid',
    'SeriesInstanceUID is not a valid UID': 'series_uid_invalid',
    'TransferSyntaxUID is not a valid UID': 'transfer_syntax_uid_invalid',
    'accession number or patient ID too long': 'number_too_long',
    'same SOP Instance UID with other content': 'other_content',
    'its series belongs to another study': 'other_study',
    'its patient is not the one of its study': 'other_patient',
    'its UIDs are not those it was announced with': 'not_as_announced',
    'its part is not application/dicom': 'not_dicom_part',
    'the file cannot be read': 'file_unreadable',
    'the zip cannot be read': 'zip_unreadable',
    'the zip is larger than the limit': 'zip_too_large',
    'the zip member cannot be read': 'member_unreadable',
    "the zip member's name leads out of the archive": 'member_name_unsafe',
    'the zip member unpacks beyond the limit': 'member_too_large',
}
NOT_SHOWN = {
    'the pixels are not where they should be': 'pixels_misplaced',
    'the compressed pixels do not start with an offset table': 'no_offset_table',
    'the compressed pixels come in more fragments than any we take': 'too_many_fragments',
    'a palette table is missing': 'palette_missing',
    'a palette table is not described as the standard says': 'palette_odd',
    'a segmented palette table is not written as the standard says': 'palette_segments_odd',
    'the description of the image cannot be read': 'description_unreadable',
    'the photometric interpretation is none that is shown': 'photometric_unknown',
    'the image is larger than any we take, or has no size': 'size_odd',
    'the image claims more frames than any we take': 'too_many_frames',
    'the bits of the image are not described as the standard says': 'bits_odd',
}
NO_NUMBER = ' is missing or no number'
LOST = {'worker lost': 'worker_lost'}


def _columns(table: str, *names: str) -> sa.TableClause:
    return sa.table(table, *(sa.column(name, sa.Text()) for name in names))


EXAM = _columns('exam', 'held_reason', 'held_note')
STUDY = _columns('study', 'match_reason', 'match_detail')
ITEM = _columns('quarantine_item', 'reason', 'note')
INSTANCE = _columns('instance', 'not_shown_reason', 'not_shown_note')
JOB = _columns('job', 'last_error')


def _rename(column: sa.ColumnElement[str], names: dict[str, str]) -> None:
    for old, new in names.items():
        op.execute(column.table.update().where(column == old).values({column.name: new}))


def _aside(column: sa.ColumnElement[str], beside: sa.ColumnElement[str], known: Iterable[str], code: str) -> None:
    """Texts that are none of the known ones go into the column beside."""
    unknown = (column.is_not(None), column.not_in(list(known)))
    op.execute(column.table.update().where(*unknown).values({beside.name: column, column.name: code}))


def upgrade() -> None:
    op.add_column('exam', sa.Column('held_note', sa.String(length=64), nullable=True))
    op.add_column('study', sa.Column('match_detail', sa.String(length=64), nullable=True))
    op.add_column('instance', sa.Column('not_shown_note', sa.String(length=255), nullable=True))
    op.add_column('quarantine_item', sa.Column('note', sa.Text(), nullable=True))
    _index_of_content(sa.text("reason <> 'other'"))  # several reasons of the same bytes may become `other`
    reason = STUDY.c.match_reason
    fields = sa.func.substr(reason, len(DIFFERS) + 1)
    op.execute(STUDY.update().where(reason.startswith(DIFFERS)).values(match_detail=fields, match_reason='differs'))
    _aside(reason, STUDY.c.match_detail, [*MATCHES, 'differs'], 'other')
    shown = INSTANCE.c.not_shown_reason
    keyword = sa.func.substr(shown, 1, sa.func.length(shown) - len(NO_NUMBER))
    of_a_number = INSTANCE.update().where(shown.endswith(NO_NUMBER))
    op.execute(of_a_number.values(not_shown_note=keyword, not_shown_reason='number_missing'))
    _aside(shown, INSTANCE.c.not_shown_note, [*NOT_SHOWN, 'number_missing'], 'other')
    _aside(EXAM.c.held_reason, EXAM.c.held_note, HOLDS, 'by_staff')
    _aside(ITEM.c.reason, ITEM.c.note, REFUSALS, 'other')
    _rename(reason, MATCHES)
    _rename(shown, NOT_SHOWN)
    _rename(EXAM.c.held_reason, HOLDS)
    _rename(ITEM.c.reason, REFUSALS)
    _rename(JOB.c.last_error, LOST)


def downgrade() -> None:
    reason, shown = STUDY.c.match_reason, INSTANCE.c.not_shown_reason
    renamed = (
        (reason, MATCHES), (shown, NOT_SHOWN), (EXAM.c.held_reason, HOLDS), (ITEM.c.reason, REFUSALS),
        (JOB.c.last_error, LOST),
    )
    for column, names in renamed:  # before texts come back, which may look like a code
        _rename(column, {new: old for old, new in names.items()})
    differs = sa.literal(DIFFERS, sa.Text()) + STUDY.c.match_detail
    op.execute(STUDY.update().where(reason == 'differs').values(match_reason=differs))
    op.execute(STUDY.update().where(reason == 'other').values(match_reason=STUDY.c.match_detail))
    no_number = INSTANCE.c.not_shown_note + sa.literal(NO_NUMBER, sa.Text())
    op.execute(INSTANCE.update().where(shown == 'number_missing').values(not_shown_reason=no_number))
    op.execute(INSTANCE.update().where(shown == 'other').values(not_shown_reason=INSTANCE.c.not_shown_note))
    op.execute(EXAM.update().where(EXAM.c.held_reason == 'by_staff').values(held_reason=EXAM.c.held_note))
    op.execute(ITEM.update().where(ITEM.c.reason == 'other').values(reason=ITEM.c.note))
    _index_of_content(None)
    added = (
        ('quarantine_item', 'note'), ('instance', 'not_shown_note'), ('study', 'match_detail'), ('exam', 'held_note'),
    )
    for table, column in added:
        op.drop_column(table, column)


def _index_of_content(where: sa.TextClause | None) -> None:
    op.drop_index('ix_quarantine_item_sha256_reason', table_name='quarantine_item')
    op.create_index(
        'ix_quarantine_item_sha256_reason', 'quarantine_item', ['sha256', 'reason'], unique=True,
        postgresql_where=where, sqlite_where=where,
    )
