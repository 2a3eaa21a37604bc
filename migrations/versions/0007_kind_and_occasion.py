"""What a message is about gets columns of its own: its kind, and which time it was told, or which one-time code it holds.
What happened to it is said in codes; words for people are in the console's templates.
"""

from alembic import op
import sqlalchemy as sa


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

NEWS = ('images_ready', 'report_ready', 'resend')
ONE_TIME = 'one_time_code'

# sentence -> code
OUR_WORDS = {
    'queued again': 'queued_again',
    'revoked at the desk': 'revoked_at_desk',
    "the exam is another patient's": 'another_patient',
    'another phone number': 'another_phone',
    'the exam is not released any more': 'exam_withdrawn',
    'its code was revoked': 'code_revoked',
    'its code expired': 'code_expired',
    'the code expired': 'one_time_code_expired',
    'cannot be made': 'cannot_be_made',
    'nobody recorded the answer': 'answer_lost',
    'a fault while sending': 'fault_while_sending',
    'not sent within three days': 'never_sent',
    'nobody knows whether it arrived': 'never_reported',
    'settled at the desk': 'settled_at_desk',
}
# sentence -> the carrier's codes that it stood for; they read the same on the console
CARRIERS_WORDS = {
    '1015: the owner refuses such messages': ('FailedOperation.PhoneNumberInBlacklist',),
    '1016: no such number': ('InvalidParameterValue.IncorrectPhoneNumber',),
    '1016: the number cannot be read': ('FailedOperation.PhoneNumberParseFail',),
    '1017: too long': ('InvalidParameterValue.ContentLengthLimit',),
    '1026: same content too often': ('LimitExceeded.PhoneNumberSameContentDailyLimit',),
    '1002: a word is not allowed': ('FailedOperation.ContainSensitiveWord',),
    '1012: signature not approved': ('FailedOperation.SignatureIncorrectOrUnapproved',),
    '1014: template not approved': ('FailedOperation.TemplateIncorrectOrUnapproved',),
    '1014: template does not exist': ('FailedOperation.TemplateUnapprovedOrNotExist',),
    '1014: wrong variables': ('FailedOperation.TemplateParamSetNotMatchApprovedTemplate',),
    'a code must be up to 6 digits': ('InvalidParameterValue.TemplateParameterFormatError',),
    'a variable is too long': ('InvalidParameterValue.TemplateParameterLengthLimit',),
    '1048: link in a variable': ('InvalidParameterValue.ProhibitedUseUrlInTemplateParameter',),
    '1031: the package is used up': ('FailedOperation.InsufficientBalanceInSmsPackage',),
    'suspended, the bill is not paid': ('UnauthorizedOperation.ServiceSuspendDueToArrears',),
    "this machine's clock is wrong": ('InternalError.RequestTimeException',),
    '1001: the signature does not hold': ('InternalError.SigVerificationFail',),
    '1003: the request is not signed': ('InternalError.SigFieldMissing',),
    '1011: no such interface': ('InternalError.RestApiInterfaceNotExist',),
    '1023: same content within 30 s': ('LimitExceeded.PhoneNumberThirtySecondLimit',),
    '1024: hourly limit of this phone': ('LimitExceeded.PhoneNumberOneHourLimit',),
    '1025: daily limit of this phone': ('LimitExceeded.PhoneNumberDailyLimit',),
    '1013: frequency limit': ('LimitExceeded.DeliveryFrequencyLimit',),
    'daily limit of the account': ('LimitExceeded.AppDailyLimit', 'LimitExceeded.AppMainlandChinaDailyLimit'),
    '60008: not handed on in time': ('InternalError.Timeout',),
    '1008: the network behind did not answer': ('InternalError.SendAndRecvFail',),
    'the SDK refused the request': ('ClientError', 'ClientParamsError'),
    'no answer': ('ClientNetworkError',),
    'an answer that is none': ('ServerNetworkError',),
    'too many calls a second': ('RequestLimitExceeded',),
    'a limit of the account': ('LimitExceeded',),
    'an error inside the carrier': ('InternalError',),
    'the operation failed': ('FailedOperation',),
    'a parameter is wrong': ('InvalidParameter',),
    'a value is wrong': ('InvalidParameterValue',),
    'a parameter is missing': ('MissingParameter',),
    'the account may not do this': ('UnauthorizedOperation',),
    'not for this number': ('UnsupportedOperation',),
    'the credentials do not hold': ('AuthFailure',),
    'no such openid': ('40003',),
    'no such template': ('40037',),
    'not a follower any more': ('43004',),
    'the owner refuses notices': ('43101',),
    "a field breaks its type's rule": ('47003',),
    'the access token does not hold': ('40001',),
    'the access token expired': ('42001',),
    "the day's quota is used up": ('45009',),
    'WeChat is busy': ('-1',),
    'the carrier cannot be reached': ('no connection',),
    'accepted without a serial number': ('Ok',),
}

notification = sa.table(
    'notification',
    sa.column('event', sa.String),
    sa.column('kind', sa.String),
    sa.column('occasion', sa.Integer),
    sa.column('one_time_code_id', sa.Uuid),
)
notification_event = sa.table('notification_event', sa.column('detail', sa.String))


def upgrade() -> None:
    with op.batch_alter_table('notification', schema=None) as batch_op:
        batch_op.add_column(sa.Column('kind', sa.String(length=16), nullable=True))
        batch_op.add_column(sa.Column('occasion', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('one_time_code_id', sa.Uuid(), nullable=True))
    row = notification.c
    for kind in NEWS:
        number = sa.cast(sa.func.substr(row.event, len(kind) + 2), sa.Integer)
        _set(row.event == kind, kind=kind, occasion=1)
        _set(row.event.startswith(f'{kind}:', autoescape=True), kind=kind, occasion=number)
    code_id = sa.cast(sa.func.substr(row.event, len(ONE_TIME) + 2), sa.Uuid)
    _set(row.event.startswith(f'{ONE_TIME}:', autoescape=True), kind=ONE_TIME, one_time_code_id=code_id)
    with op.batch_alter_table('notification', schema=None) as batch_op:
        batch_op.alter_column('kind', existing_type=sa.String(length=16), nullable=False)
        batch_op.drop_constraint(batch_op.f('uq_notification_exam_id_event_channel'), type_='unique')
        batch_op.drop_column('event')
        batch_op.create_unique_constraint(
            batch_op.f('uq_notification_exam_id_kind_occasion_channel'), ['exam_id', 'kind', 'occasion', 'channel']
        )
        batch_op.create_unique_constraint(
            batch_op.f('uq_notification_one_time_code_id_channel'), ['one_time_code_id', 'channel']
        )
    _say(OUR_WORDS | {sentence: codes[0] for sentence, codes in CARRIERS_WORDS.items()})


def downgrade() -> None:
    _say(
        {code: sentence for sentence, code in OUR_WORDS.items()}
        | {code: sentence for sentence, codes in CARRIERS_WORDS.items() for code in codes}
    )
    with op.batch_alter_table('notification', schema=None) as batch_op:
        batch_op.add_column(sa.Column('event', sa.String(length=64), nullable=True))
    row = notification.c
    _set(row.kind != ONE_TIME, event=row.kind + ':' + sa.cast(row.occasion, sa.String))
    _set(sa.and_(row.occasion == 1, row.kind != 'resend'), event=row.kind)
    code_id = sa.func.replace(sa.cast(row.one_time_code_id, sa.String), '-', '')
    _set(row.kind == ONE_TIME, event=sa.literal(f'{ONE_TIME}:') + code_id)
    with op.batch_alter_table('notification', schema=None) as batch_op:
        batch_op.alter_column('event', existing_type=sa.String(length=64), nullable=False)
        batch_op.drop_constraint(batch_op.f('uq_notification_one_time_code_id_channel'), type_='unique')
        batch_op.drop_constraint(batch_op.f('uq_notification_exam_id_kind_occasion_channel'), type_='unique')
        batch_op.drop_column('one_time_code_id')
        batch_op.drop_column('occasion')
        batch_op.drop_column('kind')
        batch_op.create_unique_constraint(
            batch_op.f('uq_notification_exam_id_event_channel'), ['exam_id', 'event', 'channel']
        )


def _set(which: sa.ColumnElement[bool], **values: object) -> None:
    op.execute(sa.update(notification).where(which).values(**values))


def _say(other_words: dict[str, str]) -> None:
    """One walk over the table, which is the longest of messages."""
    detail = notification_event.c.detail
    said = sa.update(notification_event).where(detail.in_(other_words))
    op.execute(said.values(detail=sa.case(other_words, value=detail)))
