"""The demo's own services, built over those of the product, which know nothing of them."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask

from app import create_app
from app.bootstrap import Services
from app.demo import phone
from app.demo.data import Demo
from app.demo.labels import DemoLabels
from app.demo.staff import DemoStaff
from app.demo.summary import DemoSummary


@dataclass(frozen=True, kw_only=True)
class DemoHouse:
    data: Demo
    staff: DemoStaff
    summary: DemoSummary


def demo_of(services: Services) -> DemoHouse:
    labels = DemoLabels(
        fields=services.fields, blind=services.blind, audit=services.audit.log, matching=services.exams.matching
    )
    return DemoHouse(
        data=Demo(
            db=services.db,
            clock=services.clock,
            fields=services.fields,
            ingest=services.ingest.ingest,
            labels=labels,
            registration=services.exams.registration,
            reports=services.exams.reports,
            views=services.exams.views,
            access_codes=services.patient_access.codes,
            wechat_accounts=services.wechat.accounts,
            wechat=services.simulation.wechat,
            secret=services.keys.derive("demo"),
        ),
        staff=DemoStaff(
            accounts=services.staff.accounts,
            clock=services.staff.login.authenticators,
            secret=services.keys.derive("demo-staff"),
        ),
        summary=DemoSummary(db=services.db),
    )


def create_demo_app(services: Services) -> Flask:
    """The product's application, and the simulated phone beside it."""
    app = create_app(services.settings, services)
    phone.install(app, demo_of(services))
    return app
