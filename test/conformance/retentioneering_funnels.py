"""Funnels of sample data as two versions of retentioneering count them.

The one of the requirements knows one kind, `sequential`. Version 3 knows `closed`, `open` and `hybrid`; of its module what
draws and reports is left out.
"""

import importlib.util
import os
import random
import sys
import types

import pandas as pd
from retentioneering.eventstream.schema import EventstreamSchema
from retentioneering.tools.funnel import Funnel

FUNNELS = 12
MOST_STEPS = 5
EPOCH = pd.Timestamp(0)


def version_3(data):
    """Its class Funnel."""

    def stub(name, **members):
        module = types.ModuleType(name)
        module.__dict__.update(members)
        sys.modules[name] = module
        return module

    def as_it_is(**_):
        return lambda function: function

    graphs = stub("plotly.graph_objects", Funnel=None, Figure=None, Layout=None)
    stub("plotly", graph_objects=graphs)
    stub("retentioneering.backend")
    stub(
        "retentioneering.backend.tracker",
        collect_data_performance=lambda **_: None,
        time_performance=as_it_is,
        track=types.SimpleNamespace(track=as_it_is),
    )
    stub("retentioneering.eventstream.types", EventstreamType=None)
    path = os.path.join(data, "retentioneering", "tooling", "funnel", "funnel.py")
    spec = importlib.util.spec_from_file_location("version_3_funnel", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Funnel


def count_old(Old, frame, steps, kind):
    schema = types.SimpleNamespace(user_id="user_id", event_name="event", event_timestamp="timestamp")
    funnel = Old(types.SimpleNamespace(schema=schema, to_dataframe=lambda copy: frame.copy(), _eventstream_index=0))
    funnel.fit(stages=list(steps), funnel_type=kind)
    return [int(count) for count in funnel._Funnel__res_dict["all users"]["values"]]


def count_new(frame, steps):
    stream = types.SimpleNamespace(df=frame, schema=EventstreamSchema(custom_cols=[]))
    return [row["unique_paths"] for row in Funnel(stream).fit(list(steps))["steps"]]


def funnels(frame, data):
    """Events in the order of time, and funnels of the most frequent ones with how many users did each step."""
    frame = frame[["user_id", "event", "timestamp"]].copy()
    # In whole milliseconds, so that both sides see the same times.
    frame["timestamp"] = pd.to_datetime(frame["timestamp"], format="ISO8601").dt.floor("ms")
    frame = frame.sort_values("timestamp", kind="stable").reset_index(drop=True)
    frame["index"] = range(len(frame))
    times = (frame["timestamp"] - EPOCH) // pd.Timedelta(1, "ms")
    events = [list(row) for row in zip(frame["user_id"].tolist(), times.tolist(), frame["event"].tolist())]
    names = frame["event"].value_counts().index[:10].tolist()
    dice = random.Random(7)
    Old = version_3(data)
    counted = []
    for _ in range(FUNNELS):
        size = dice.randint(2, MOST_STEPS)
        repeated = [dice.choice(names) for _ in range(size)]
        counted.append({"kind": "sequential", "steps": repeated, "counts": count_new(frame, repeated)})
        steps = dice.sample(names, size)
        for kind in ("closed", "open", "hybrid"):
            counted.append({"kind": kind, "steps": steps, "counts": count_old(Old, frame, steps, kind)})
    return {"events": events, "counted": counted}
