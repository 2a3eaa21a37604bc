"""What staff may send: fields and their limits. Their labels are in templates/staff."""

from __future__ import annotations

from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length


class LoginForm(FlaskForm):  # type: ignore[misc]
    username = StringField(validators=[InputRequired(), Length(max=64)])
    password = PasswordField(validators=[InputRequired(), Length(max=512)])
    totp = StringField(validators=[InputRequired(), Length(max=16)])


class PasswordForm(FlaskForm):  # type: ignore[misc]
    current = PasswordField(validators=[InputRequired(), Length(max=512)])
    new = PasswordField(validators=[InputRequired(), Length(max=512)])
    again = PasswordField(validators=[InputRequired(), Length(max=512)])
