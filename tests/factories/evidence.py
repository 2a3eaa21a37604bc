"""Builds objects that are no pictures, out of a slice of the tests' patient: reports, PDFs, ECGs, layers."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.uid import generate_uid
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, TextStringObject

from deploy.testbed.ct import ct_slice, part10

_STORAGE = "1.2.840.10008.5.1.4.1.1."
BASIC_TEXT_SR, DOSE_SR, ENCAPSULATED_PDF = f"{_STORAGE}88.11", f"{_STORAGE}88.67", f"{_STORAGE}104.1"
KEY_OBJECTS, GRAYSCALE_STATE = f"{_STORAGE}88.59", f"{_STORAGE}11.1"
SEGMENTATION, RT_STRUCTURE_SET = f"{_STORAGE}66.4", f"{_STORAGE}481.3"
RT_PLAN, RAW_DATA, TWELVE_LEAD_ECG = f"{_STORAGE}481.5", f"{_STORAGE}66", f"{_STORAGE}9.1.1"
_OF_PIXELS = (
    *("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient", "Rows", "Columns", "SamplesPerPixel"),
    *("PhotometricInterpretation", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "RescaleSlope"),
    *("RescaleIntercept", "WindowCenter", "WindowWidth", "PixelData"),
)


def without_pixels(sop_class_uid: str, modality: str, study_uid: str, **attributes: Any) -> Dataset:
    """An object of the patient of the tests, in a series of its own."""
    plain: dict[str, Any] = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": generate_uid(None), "SeriesNumber": 90}
    return ct_slice(**dict.fromkeys(_OF_PIXELS), SOPClassUID=sop_class_uid, Modality=modality, **(plain | attributes))


def item(**attributes: Any) -> Dataset:
    made = Dataset()
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def code(value: str, meaning: str, scheme: str = "DCM") -> Dataset:
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def text_row(name: str, value: str, *children: Dataset) -> Dataset:
    row = item(ValueType="TEXT", ConceptNameCodeSequence=[code("1", name)], TextValue=value)
    if children:
        row.ContentSequence = list(children)
    return row


def number_row(concept: str, value: str, unit: str) -> Dataset:
    measured = item(NumericValue=value, MeasurementUnitsCodeSequence=[code(unit, unit, "UCUM")])
    return item(ValueType="NUM", ConceptNameCodeSequence=[code(concept, concept)], MeasuredValueSequence=[measured])


def structured_report(study_uid: str, *rows: Dataset, **attributes: Any) -> Dataset:
    ds = without_pixels(BASIC_TEXT_SR, "SR", study_uid, **attributes)
    ds.ConceptNameCodeSequence = [code("18748-4", "影像诊断报告", "LN")]
    ds.ContentSequence = list(rows)
    return ds


def dose_report(study_uid: str, *rows: Dataset) -> Dataset:
    ds = structured_report(study_uid, *rows)
    ds.SOPClassUID = DOSE_SR
    return ds


def nested(depth: int) -> Dataset:
    """A row within a row, so many deep."""
    row = text_row("最里", "结束")
    for _ in range(depth - 1):
        row = text_row("外层", "", row)
    return row


def deep_report(study_uid: str, depth: int) -> bytes:
    """A report in a file whose content lies so many items deep: pydicom itself does not write such a one."""
    inner = struct.pack("<HH2sH", 0x0040, 0xA040, b"CS", 4) + b"TEXT"
    for _ in range(depth):
        in_item = struct.pack("<HHI", 0xFFFE, 0xE000, len(inner)) + inner
        inner = struct.pack("<HH2sHI", 0x0040, 0xA730, b"SQ", 0, len(in_item)) + in_item
    return part10(without_pixels(BASIC_TEXT_SR, "SR", study_uid)) + inner


def pdf_object(study_uid: str, pdf: bytes, **attributes: Any) -> Dataset:
    ds = without_pixels(ENCAPSULATED_PDF, "DOC", study_uid, **attributes)
    ds.MIMETypeOfEncapsulatedDocument = "application/pdf"
    ds.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return ds


def pdf(script: str = "", attached: str = "") -> bytes:
    """A page of paper; with a script that runs when it is opened, or a file attached."""
    writer = PdfWriter()
    writer.add_blank_page(200, 200)
    if script:
        names = {"/S": NameObject("/JavaScript"), "/JS": TextStringObject(script)}
        action = DictionaryObject({NameObject(key): value for key, value in names.items()})
        writer.root_object[NameObject("/OpenAction")] = action
    if attached:
        writer.add_attachment(attached, b"MZ")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def ecg(study_uid: str, seconds: float = 12, hz: int = 500, *, beats: float = 60, **attributes: Any) -> Dataset:
    """Two leads: a spike of one millivolt at each beat, and a level of half a millivolt."""
    ds = without_pixels(TWELVE_LEAD_ECG, "ECG", study_uid, **attributes)
    count = round(seconds * hz)
    spikes = np.where(np.arange(count) % round(hz * 60 / beats) < hz // 50, 1000, 0)
    group = item(
        WaveformOriginality="ORIGINAL",
        NumberOfWaveformChannels=2,
        NumberOfWaveformSamples=count,
        SamplingFrequency=str(hz),
        ChannelDefinitionSequence=[_lead("Lead I (Einthoven)"), _lead("Lead aVR")],
        WaveformBitsAllocated=16,
        WaveformSampleInterpretation="SS",
        WaveformData=np.stack([spikes, np.full(count, 500)], axis=1).astype("<i2").tobytes(),
    )
    ds.WaveformSequence = [group]
    return ds


def _lead(name: str) -> Dataset:
    return item(
        ChannelSourceSequence=[code("1", name)],
        ChannelSensitivity="1",
        ChannelSensitivityUnitsSequence=[code("uV", "microvolt", "UCUM")],
        ChannelSensitivityCorrectionFactor="1",
        ChannelBaseline="0",
        WaveformBitsStored=16,
    )


def segmentation(
    study_uid: str,
    masks: Sequence[npt.NDArray[np.bool_]],
    positions: Sequence[Sequence[float]],
    numbers: Sequence[int] | None = None,
    spacing: Sequence[float] = (1, 1),
    orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
    **attributes: Any,
) -> Dataset:
    """One frame for each mask (rows, columns), at its Image Position; `numbers`: the segment of each."""
    rows, columns = masks[0].shape
    ds = without_pixels(SEGMENTATION, "SEG", study_uid)
    numbers = numbers or [1] * len(masks)
    ds.update(
        item(
            **{
                "Rows": rows,
                "Columns": columns,
                "NumberOfFrames": len(masks),
                "SamplesPerPixel": 1,
                "BitsAllocated": 1,
            },
            **{"BitsStored": 1, "HighBit": 0, "PixelRepresentation": 0, "PhotometricInterpretation": "MONOCHROME2"},
            SegmentationType="BINARY",
            SegmentSequence=[item(SegmentNumber=one, SegmentLabel=f"结节 {one}") for one in sorted(set(numbers))],
            SharedFunctionalGroupsSequence=[
                item(
                    PlaneOrientationSequence=[item(ImageOrientationPatient=list(orientation))],
                    PixelMeasuresSequence=[item(PixelSpacing=list(spacing), SliceThickness=1)],
                )
            ],
            PerFrameFunctionalGroupsSequence=[
                item(
                    PlanePositionSequence=[item(ImagePositionPatient=list(position))],
                    SegmentIdentificationSequence=[item(ReferencedSegmentNumber=one)],
                )
                for position, one in zip(positions, numbers, strict=True)
            ],
        )
    )
    bits = np.packbits(np.concatenate([mask.ravel() for mask in masks]), bitorder="little").tobytes()
    ds.PixelData = bits + b"\0" * (len(bits) % 2)
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def structure_set(
    study_uid: str, *contours: Sequence[float], kind: str = "CLOSED_PLANAR", **attributes: Any
) -> Dataset:
    """One region with these contours, each as x, y, z of its corners in turn."""
    ds = without_pixels(RT_STRUCTURE_SET, "RTSTRUCT", study_uid, **attributes)
    ds.StructureSetROISequence = [item(ROINumber=1, ROIName="靶区")]
    drawn = [
        item(ContourGeometricType=kind, NumberOfContourPoints=len(points) // 3, ContourData=list(points))
        for points in contours
    ]
    ds.ROIContourSequence = [item(ReferencedROINumber=1, ROIDisplayColor=[255, 0, 0], ContourSequence=drawn)]
    return ds


def _named(images: Sequence[Dataset], frames: Sequence[int] = ()) -> list[Dataset]:
    more = {"ReferencedFrameNumber": list(frames)} if frames else {}
    return [
        item(ReferencedSOPClassUID=each.SOPClassUID, ReferencedSOPInstanceUID=each.SOPInstanceUID, **more)
        for each in images
    ]


def key_object_list(study_uid: str, *images: Dataset, title: str = "113000") -> Dataset:
    """The images in this order. `title`: 113000 is "of interest", 113001 a rejection for quality."""
    ds = without_pixels(KEY_OBJECTS, "KO", study_uid)
    ds.ConceptNameCodeSequence = [code(title, "Of Interest")]
    ds.ContentSequence = [item(ValueType="IMAGE", ReferencedSOPSequence=[each]) for each in _named(images)]
    series = item(SeriesInstanceUID="1.2", ReferencedSOPSequence=_named(images))
    ds.CurrentRequestedProcedureEvidenceSequence = [item(StudyInstanceUID=study_uid, ReferencedSeriesSequence=[series])]
    return ds


def presentation_state(study_uid: str, *images: Dataset, **attributes: Any) -> Dataset:
    """A grayscale state of these images with no more than `attributes`."""
    ds = without_pixels(GRAYSCALE_STATE, "PR", study_uid)
    ds.ReferencedSeriesSequence = [item(SeriesInstanceUID="1.2", ReferencedImageSequence=_named(images))]
    ds.PresentationLUTShape = "IDENTITY"
    ds.ContentLabel = "MARKS"
    ds.PresentationCreationDate, ds.PresentationCreationTime = "20260101", "090000"
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def polyline(*numbers: float, kind: str = "POLYLINE", units: str = "PIXEL", filled: str = "N") -> Dataset:
    """Column and row of each point, from 1."""
    graphic = item(
        GraphicAnnotationUnits=units,
        GraphicDimensions=2,
        NumberOfGraphicPoints=len(numbers) // 2,
        GraphicData=list(numbers),
        GraphicType=kind,
        GraphicFilled=filled,
    )
    return item(GraphicLayer="L", GraphicObjectSequence=[graphic])
