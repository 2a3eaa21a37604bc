"""Search transaction (PS3.18 10.6, 8.3.4)."""

from __future__ import annotations

from typing import Any

from bench.dicomweb_checks.peer import XML, Answer, Peer, checks
from deploy.testbed.checked_studies import CT, FILM, SERIES, STUDY, A, B

UID, SERIES_UID, SOP = "0020000D", "0020000E", "00080018"


def found(peer: Peer, **query: str) -> set[str]:
    answer = peer.get("/studies", **query)
    assert answer.status in (200, 204)
    return set(answer.values(UID)) & {A, B}


def has(answer: Answer, *tags: str) -> bool:
    return bool(answer.json) and all(tag in item for item in answer.json for tag in tags)


def one(peer: Peer, **query: str) -> dict[str, object]:
    [item] = peer.get("/studies", StudyInstanceUID=A, **query).json
    return dict(item)


def one_series(peer: Peer) -> dict[str, Any]:
    [item] = peer.get(STUDY + "/series").json
    return dict(item)


LIST = checks(
    (
        "10.6.3",
        "studies are found as DICOM JSON",
        lambda p: p.get("/studies").type.startswith("application/dicom+json"),
    ),
    ("10.6.1", "all studies are found without a key", lambda p: found(p) == {A, B}),
    ("10.6.1", "series are found among all", lambda p: {CT, FILM} <= set(p.get("/series").values(SERIES_UID))),
    ("10.6.1", "instances are found among all", lambda p: f"{CT}.1" in p.get("/instances").values(SOP)),
    ("10.6.1", "series of a study", lambda p: set(p.get(STUDY + "/series").values(SERIES_UID)) == {CT}),
    ("10.6.1", "instances of a study", lambda p: len(p.get(STUDY + "/instances").json) == 3),
    ("10.6.1", "instances of a series", lambda p: len(p.get(SERIES + "/instances").json) == 3),
    ("10.6.3", "nothing found is 204 or an empty list", lambda p: not p.get("/studies", PatientID="NOBODY").json),
    ("10.6.1.2", "Study Instance UID by keyword", lambda p: found(p, StudyInstanceUID=A) == {A}),
    ("8.3.4.1", "a key by its tag", lambda p: found(p, **{"0020000D": B}) == {B}),
    ("8.3.4.1", "a list of UIDs, with a comma", lambda p: found(p, StudyInstanceUID=f"{A},{B}") == {A, B}),
    ("8.3.4.1", "a list of UIDs, with a backslash", lambda p: found(p, StudyInstanceUID=f"{A}\\{B}") == {A, B}),
    ("10.6.1.2.3", "Accession Number", lambda p: found(p, AccessionNumber="CHECKA1") == {A}),
    ("8.3.4.2", "Accession Number with an asterisk", lambda p: found(p, AccessionNumber="CHECKA*") == {A}),
    ("8.3.4.2", "Accession Number with a question mark", lambda p: found(p, AccessionNumber="CHECK?2") == {B}),
    ("10.6.1.2.3", "Patient ID", lambda p: found(p, PatientID="CHECK2") == {B}),
    ("10.6.1.2.3", "Study Date", lambda p: found(p, StudyDate="20260105") == {A}),
    ("8.3.4.1", "Study Date in a range", lambda p: found(p, StudyDate="20260101-20260131") == {A}),
    ("8.3.4.1", "Study Date from a day on", lambda p: found(p, StudyDate="20260201-") == {B}),
    ("8.3.4.1", "Study Date up to a day", lambda p: found(p, StudyDate="-20260131") == {A}),
    ("8.3.4.1", "Study Time in a range", lambda p: found(p, StudyTime="090000-100000") == {A}),
    ("8.3.4.1", "date and time together", lambda p: found(p, StudyDate="20260101-", StudyTime="1400-1430") == {B}),
    ("10.6.1.2.3", "Modalities in Study", lambda p: found(p, ModalitiesInStudy="SR") == {B}),
    ("10.6.1.2.3", "Modalities in Study, another of two", lambda p: found(p, ModalitiesInStudy="MR") == {B}),
    ("10.6.1.2.3", "Study ID", lambda p: found(p, StudyID="S1") == {A}),
    ("8.3.4.2", "Study Description with a wildcard", lambda p: found(p, StudyDescription="Chest*") == {A}),
    ("10.6.1.2.3", "Patient Name exactly", lambda p: found(p, PatientName="Test^Bert") == {B}),
    ("8.3.4.2", "Patient Name with a wildcard", lambda p: found(p, PatientName="Test*") == {B}),
    ("8.3.4.2", "Patient Name with a wildcard in front", lambda p: found(p, PatientName="*Bert") == {B}),
    ("10.6.1.2.3", "Patient Name in small letters", lambda p: found(p, PatientName="test^bert") == {B}),
    ("PS3.4 C.2.2.2.1", "one group of a Patient Name", lambda p: found(p, PatientName="Check^Anna") == {A}),
    ("PS3.5 6.2.1.2", "the ideographic group alone", lambda p: found(p, PatientName="检查^安娜") == {A}),
    ("PS3.4 C.2.2.2.4", "the ideographic group by wildcard", lambda p: found(p, PatientName="*检查*") == {A}),
    ("10.6.1.2.3", "Referring Physician's Name", lambda p: found(p, ReferringPhysicianName="House^Gregory") == {A}),
    ("10.6.1.2.3", "the same with a wildcard", lambda p: found(p, ReferringPhysicianName="House*") == {A}),
    ("PS3.4 C.2.2.2.3", "an asterisk matches everything", lambda p: found(p, AccessionNumber="*") == {A, B}),
    ("PS3.4 C.2.2.2.3", "an empty key matches everything", lambda p: found(p, AccessionNumber="") == {A, B}),
    ("PS3.4 C.2.2.2.3", "an asterisk as a name", lambda p: found(p, PatientName="*") == {A, B}),
    ("8.3.4", "two keys must both match", lambda p: found(p, PatientID="CHECK1", StudyDate="20260220") == set()),
    ("8.3.4.5", "an unknown key is ignored", lambda p: found(p, NoSuchAttribute="1", PatientID="CHECK1") == {A}),
    ("8.3.4.5", "and the answer warns", lambda p: "299" in p.get("/studies", NoSuchAttribute="1").headers["warning"]),
    ("8.3.4.4", "limit", lambda p: len(p.get("/instances", limit="2").json) == 2),
    ("8.3.4.4", "limit and offset page through", lambda p: len(_paged(p)) == 5),
    (
        "10.6.3.1",
        "what a limit cuts off is warned of",
        lambda p: "299" in p.get("/instances", limit="1").headers["warning"],
    ),
    ("8.3.4.4", "an offset beyond the end finds nothing", lambda p: not p.get("/studies", offset="1000").json),
    ("8.3.4.4", "a limit of zero finds nothing", lambda p: not p.get("/studies", limit="0").json),
    ("9.1", "a limit that is no number is 400", lambda p: p.get("/studies", limit="many").status == 400),
    ("8.3.4.3", "includefield by keyword", lambda p: "00081030" in one(p, includefield="StudyDescription")),
    ("8.3.4.3", "includefield by tag", lambda p: "00081030" in one(p, includefield="00081030")),
    ("8.3.4.3", "includefield of the object", lambda p: "00080090" in one(p, includefield="ReferringPhysicianName")),
    (
        "8.3.4.3",
        "includefield with a list",
        lambda p: {"00081030", "00080090"} <= set(one(p, includefield="00081030,00080090")),
    ),
    ("8.3.4.3", "includefield=all", lambda p: "00081030" in one(p, includefield="all")),
    (
        "8.3.4.1",
        "fuzzymatching is matched or warned of",
        lambda p: p.get("/studies", PatientName="Test^Bert", fuzzymatching="true").status == 200,
    ),
    (
        "10.6.3.3",
        "a study tells date, time, accession",
        lambda p: has(p.get("/studies"), "00080020", "00080030", "00080050"),
    ),
    (
        "10.6.3.3",
        "a study tells its patient",
        lambda p: has(p.get("/studies"), "00100010", "00100020", "00100030", "00100040"),
    ),
    ("10.6.3.3", "a study tells its modalities", lambda p: set(one(p)["00080061"]["Value"]) == {"CT"}),  # type: ignore[index]
    (
        "10.6.3.3",
        "a study tells its counts",
        lambda p: [one(p)[tag]["Value"] for tag in ("00201206", "00201208")] == [[1], [3]],
    ),  # type: ignore[index]
    ("10.6.3.3", "a study tells its address", lambda p: A in one(p)["00081190"]["Value"][0]),  # type: ignore[index]
    ("10.6.3.3", "a study tells that it is there", lambda p: has(p.get("/studies"), "00080056")),
    ("10.6.3.3", "a study tells who sent the patient", lambda p: has(p.get("/studies"), "00080090")),
    (
        "10.6.3.3",
        "a series tells the requests it was made for",
        lambda p: one_series(p)["00400275"]["Value"][0]["00401001"]["Value"] == ["RP1"],
    ),
    (
        "10.6.3.3",
        "a series tells when it was made",
        lambda p: one_series(p)["00400244"]["Value"] == ["20260105"],
    ),
    (
        "10.6.3.3",
        "a series tells modality, number, UID",
        lambda p: has(p.get("/series"), "00080060", "00200011", SERIES_UID),
    ),
    ("10.6.3.3", "a series tells its count", lambda p: p.get(STUDY + "/series").values("00201209") == [3]),
    ("10.6.3.3", "a series tells its address", lambda p: CT in p.get(STUDY + "/series").values("00081190")[0]),
    ("10.6.3.3", "a series of all tells its study", lambda p: has(p.get("/series"), UID)),
    (
        "10.6.3.3",
        "an instance tells class, UID, number",
        lambda p: has(p.get("/instances"), "00080016", SOP, "00200013"),
    ),
    (
        "10.6.3.3",
        "an image tells its size",
        lambda p: has(p.get(SERIES + "/instances"), "00280010", "00280011", "00280100"),
    ),
    ("10.6.3.3", "a film tells its frames", lambda p: p.get("/instances", Modality="MR").values("00280008") == [4]),
    ("10.6.1.2", "series by Modality", lambda p: set(p.get("/series", Modality="CT").values(SERIES_UID)) == {CT}),
    (
        "10.6.1.2",
        "series by Series Instance UID",
        lambda p: p.get("/series", SeriesInstanceUID=CT).values(SERIES_UID) == [CT],
    ),
    ("10.6.1.2", "series by Series Number", lambda p: len(p.get(STUDY + "/series", SeriesNumber="1").json) == 1),
    (
        "10.6.1.2",
        "series by Series Description",
        lambda p: p.get("/series", SeriesDescription="Th*").values(SERIES_UID) == [CT],
    ),
    (
        "10.6.1.2",
        "series by a key of their study",
        lambda p: p.get("/series", PatientID="CHECK1").values(SERIES_UID) == [CT],
    ),
    (
        "10.6.1.2",
        "series by date of the performed step",
        lambda p: p.get("/series", PerformedProcedureStepStartDate="20260105").values(SERIES_UID) == [CT],
    ),
    (
        "8.3.4.1",
        "series by a key inside a sequence",
        lambda p: (
            p.get("/series", **{"RequestAttributesSequence.ScheduledProcedureStepID": "SPS1"}).values(SERIES_UID)
            == [CT]
        ),
    ),
    (
        "8.3.4.1",
        "the same by tags",
        lambda p: p.get("/series", **{"00400275.00400009": "SPS1"}).values(SERIES_UID) == [CT],
    ),
    (
        "8.3.4.1",
        "and another value finds nothing",
        lambda p: not p.get("/series", **{"00400275.00400009": "SPS9"}).json,
    ),
    (
        "10.6.1.2",
        "instances by SOP Class",
        lambda p: len(p.get("/instances", SOPClassUID="1.2.840.10008.5.1.4.1.1.88.11").json) == 1,
    ),
    (
        "10.6.1.2",
        "instances by SOP Instance UID",
        lambda p: p.get("/instances", SOPInstanceUID=f"{CT}.2").values(SOP) == [f"{CT}.2"],
    ),
    (
        "10.6.1.2",
        "instances by Instance Number",
        lambda p: p.get(SERIES + "/instances", InstanceNumber="3").values(SOP) == [f"{CT}.3"],
    ),
    (
        "10.6.3",
        "results in XML",
        lambda p: len(p.get("/studies", XML).parts) == 2 and "xml" in p.get("/studies", XML).type,
    ),
    ("8.7.5", "Accept application/json", lambda p: p.get("/studies", "application/json").status == 200),
    ("8.7.8", "an Accept that is not served is 406", lambda p: p.get("/studies", "text/csv").status == 406),
    (
        "8.3.3.1",
        "accept as a parameter",
        lambda p: "xml" in p.get("/studies", "*/*", accept=XML).type,
    ),
    (
        "8.4.1",
        "results in gzip or plain",
        lambda p: len(p.get("/studies", None, {"Accept-Encoding": "gzip"}).json) == 2,
    ),
    ("PS3.18 F.2.2", "a name in its groups", lambda p: one(p)["00100010"]["Value"][0]["Ideographic"] == "检查^安娜"),  # type: ignore[index]
)


def _paged(peer: Peer) -> set[str]:
    return {uid for at in range(0, 6, 2) for uid in peer.get("/instances", limit="2", offset=str(at)).values(SOP)}
