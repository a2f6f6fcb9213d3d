"""Sessions of sample data as retentioneering splits them, and funnels as it counts them, as JSON on stdout.

Usage: driver.py CODE DATA, two directories with retentioneering installed: the one whose code is run, and the one
whose data set `simple_shop` is read. Of each event of each data set: user, time in epoch ms, session of the user.

The package itself imports everything it has, a server and telemetry included. The modules that split sessions are
run as they are; what lies around them is left out.
"""

import json
import os
import sys
import types

code, data = sys.argv[1:3]
sys.path.insert(0, code)
for name in (
    "retentioneering",
    "retentioneering.data_processors",
    "retentioneering.eventstream",
    "retentioneering.tools",
    "retentioneering.utils",
):
    package = types.ModuleType(name)
    package.__path__ = [os.path.join(code, *name.split("."))]
    sys.modules[name] = package

import pandas as pd  # noqa: E402
from retentioneering.data_processors.split_sessions import SplitSessions  # noqa: E402
from retentioneering.eventstream.schema import EventstreamSchema  # noqa: E402
from retentioneering_funnels import funnels  # noqa: E402

DATASETS = ("retentioneering", "datasets")
EPOCH = pd.Timestamp(0)


def simple_shop():
    return pd.read_csv(os.path.join(data, *DATASETS, "data", "simple-onlineshop.csv"))


def ecom():
    frame = pd.read_csv(os.path.join(code, *DATASETS, "ecom.csv.gz"))
    frame["user_id"] = pd.factorize(frame["user_id"])[0] + 1
    return frame


def edges():
    """Two events of each user, a gap apart that is the timeout, a millisecond less, and a millisecond more."""
    start = EPOCH + pd.Timedelta(days=20_000)
    gaps = [30 * 60_000, 30 * 60_000 - 1, 30 * 60_000 + 1]
    rows = [(user + 1, "e", start + pd.Timedelta(ms, "ms")) for user, gap in enumerate(gaps) for ms in (0, gap)]
    return pd.DataFrame(rows, columns=["user_id", "event", "timestamp"])


def split(frame):
    frame = frame[["user_id", "event", "timestamp"]].copy()
    # Sessions are compared in whole milliseconds, so that both sides see the same times.
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], format="ISO8601").dt.floor("ms")
    frame["event_type"] = "raw"
    frame["index"] = range(len(frame))
    frame["subindex"] = range(len(frame))
    result, _ = SplitSessions(timeout="30m").apply(frame, EventstreamSchema(custom_cols=[]))
    times = (pd.to_datetime(result["timestamp"]) - EPOCH) // pd.Timedelta(1, "ms")
    return [list(row) for row in zip(result["user_id"].tolist(), times.tolist(), result["session_index"].tolist())]


sessions = {build.__name__: split(build()) for build in (simple_shop, ecom, edges)}
print(json.dumps({**sessions, "funnels": {build.__name__: funnels(build(), data) for build in (simple_shop, ecom)}}))
