"""A removal that cannot end is let go when its time is up, and what is left is named."""

import json
import time

from support.operating import NAMESPACE, Operating

SPEAKER = ("daemonset", "speaker", "-n", NAMESPACE)


def test_what_never_goes_holds_the_object_up_for_its_time_only(operator: Operating) -> None:
    operator.create(bgpBackend="native", uninstall={"timeoutSeconds": 5})
    operator.wait_condition("Progressing", "False")
    cluster = operator.cluster
    uid = (cluster.get("metallb", "metallb", NAMESPACE) or {})["metadata"]["uid"]
    held = {"metadata": {"finalizers": ["example.test/never"]}}
    cluster.kubectl("patch", *SPEAKER, "-p", json.dumps(held))
    started = time.monotonic()
    try:
        operator.delete(seconds=20)
        assert time.monotonic() - started >= 4
        # Whatever can go has gone by now, in whichever order.
        assert {name for _, name in operator.operands()} <= {"speaker"}
        told = [
            event["message"]
            for event in (cluster.get("events", namespace=NAMESPACE) or {})["items"]
            if event["reason"] == "RemovalTimedOut"
            and event["involvedObject"]["uid"] == uid
            and "DaemonSet metallb-system/speaker" in event["message"]
        ]
        assert len(told) == 1
    finally:
        gone = {"metadata": {"finalizers": None}}
        cluster.kubectl("patch", *SPEAKER, "-p", json.dumps(gone))
