"""Runs heapapi, unmodified, against the collector in COLLECTOR_URL and prints what it saw as JSON."""

import json
import os

import requests
from requests.adapters import HTTPAdapter

HEAP = "https://heapanalytics.com"


class ToCollector(HTTPAdapter):
    """The client's host is fixed: its requests are sent to the collector instead."""

    def send(self, request, **options):
        request.url = request.url.replace(HEAP, os.environ["COLLECTOR_URL"], 1)
        return super().send(request, **options)


open_session = requests.Session.__init__


def open_redirected_session(session):
    open_session(session)
    session.trust_env = False
    session.mount(HEAP, ToCollector())


requests.Session.__init__ = open_redirected_session

from heapapi import HeapAPIClient  # noqa: E402


def outcome(call):
    try:
        response = call()
    except requests.HTTPError as error:
        return {"raised": error.response.status_code, "body": error.response.json()}
    return {"status": response.status_code, "body": response.json()}


client = HeapAPIClient(11)
events = [
    {"event": "Bulk", "identity": f"user-{number}@b.c", "properties": {"price": number / 4}, "idempotency_key": number}
    for number in range(1500)
]
users = [{"identity": f"user-{number}@b.c", "properties": {"number": number}} for number in range(3)]

print(
    json.dumps(
        {
            "track": outcome(lambda: client.track("a@b.c", "Sign Up", {"plan": "pro", "price": 9.5, "trial": True})),
            "track_bare": outcome(lambda: client.track(42, "Sign Up")),
            "track_refused": outcome(lambda: client.track("undefined", "Sign Up")),
            "properties": outcome(lambda: client.add_user_properties("a@b.c", {"tags": ["x", "y"], "none": None})),
            "bulk_track": [
                {"status": response.status_code, "body": response.json()} for response in client.bulk_track(events)
            ],
            "bulk_properties": [
                {"status": response.status_code, "body": response.json()}
                for response in client.bulk_add_user_properties(users + [{"properties": {}}])
            ],
            "unknown_app": outcome(lambda: HeapAPIClient("test-app-id").track("a@b.c", "Sign Up")),
        }
    )
)
