"""The phone door: a phone number, digits sent to it and the last four of the ID number open a person's exams. The page
is in app/web/patient/phone_door.py; counts by address are in app/services/patient_access/attempts.py."""
