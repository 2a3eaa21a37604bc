"""Files of one exam on their way to pictures, and the pictures as arrays."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from app.bootstrap import Services
from app.imaging.sandbox.pool import RenderSpec
from app.services.ingest.incoming import IncomingObject, Stored
from tests.factories.telling import exam_of, register, sweep


def prepare(house: Services, *files: bytes) -> None:
    """Files of the exam A1 arrive, are prepared and released."""
    outcomes = house.ingest.ingest.receive([IncomingObject(io.BytesIO(file)) for file in files], "stow", "test")
    assert all(isinstance(outcome, Stored) for outcome in outcomes)
    register(house)
    for uid in {outcome.study_instance_uid for outcome in outcomes}:
        assert uid is not None
        house.pictures.completion.complete_now(uid)
    while house.worker.run_job():
        pass
    sweep(house)


def manifest_of(house: Services) -> list[dict[str, Any]]:
    """The series of the exam A1."""
    exam = exam_of(house)
    series: list[dict[str, Any]] = house.pictures.serving.manifest(exam.id, exam.revision)["series"]
    return series


def png_of(house: Services, n: int = 1, k: int = 1) -> npt.NDArray[np.uint8]:
    """Frame k of series n in full size, exactly."""
    exam = exam_of(house)
    return array(house.pictures.serving.render(exam.id, exam.revision, n, k, RenderSpec(fmt="png")))


def jpeg_of(house: Services, n: int = 1, k: int = 1, *, preview: bool = False) -> bytes:
    """The prepared picture."""
    exam = exam_of(house)
    return house.pictures.serving.frame(exam.id, exam.revision, n, k, preview=preview)


def array(picture: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(picture)))
