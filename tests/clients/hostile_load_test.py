"""Everything hostile at once, for some seconds: well-formed requests are answered correctly all the time, and the
memory comes back to where it was."""

import gzip
import json
import os
import socket
import threading
import time

import numpy as np
import tritonclient.grpc as grpcclient

from onda_server import ServerTest, main
from raw_http import Closed, Connection, floats, request

SECONDS = float(os.environ.get("ONDA_HOSTILE_SECONDS", "6"))
MATRIX = "/v2/models/identity_fp32/infer"


def body(*values):
    return json.dumps({"inputs": [floats("x", [1, len(values)], list(values))]}).encode()


def filling(count):
    return json.dumps({"inputs": [{"name": "n", "shape": [1], "datatype": "INT64", "data": [count]}]}).encode()


class Hostility:
    """What each attacker does, again and again; an answer, a refusal and a closed connection are all fine."""

    def __init__(self, server):
        self.server = server

    def nested_brackets(self, connection):
        connection.send_what_is_taken(request("POST", MATRIX, b"[" * 250_000))
        connection.response()

    def lying_length(self, connection):
        connection.send(request("POST", MATRIX, None, {"Content-Length": 10_000_000}) + b"{" * 1000)

    def half_a_request(self, connection):
        connection.send(request("POST", MATRIX, body(1))[:-5])
        connection.half_close()

    def reset(self, connection):
        connection.send(request("POST", MATRIX, body(*range(1000))))
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def giant_output(self, connection):
        connection.send(request("POST", "/v2/models/fill/infer", filling(10**12)))
        assert connection.response().status == 503

    def abandoned_slow_run(self, connection):
        slow = {
            "inputs": [floats("x", [1], [1]), {"name": "rounds", "shape": [1], "datatype": "INT64", "data": [10**8]}]
        }
        connection.send(request("POST", "/v2/models/slow/infer", json.dumps(slow).encode()))
        time.sleep(0.05)

    def garbage(self, connection):
        connection.send_what_is_taken(os.urandom(10_000))

    def wrong_shapes(self, connection):
        connection.send(request("POST", MATRIX, json.dumps({"inputs": [floats("x", [2**40, 2**40], [1])]}).encode()))
        assert connection.response().status == 400

    def zip_bomb(self, connection):
        connection.send_what_is_taken(request("POST", MATRIX, BOMB, {"Content-Encoding": "gzip"}))
        connection.response()

    def unread_answers(self, connection):
        connection.socket.settimeout(0.3)
        try:
            for _ in range(50):
                connection.send(request("POST", MATRIX, body(*range(5000))))
        except TimeoutError:
            pass

    def huge_headers(self, connection):
        connection.send_what_is_taken(request("GET", "/v2", None, {"X": "y" * 500_000}))


BOMB = gzip.compress(b" " * (100 << 20))
ATTACKS = [name for name in vars(Hostility) if not name.startswith("_")]


class UnderAttack(ServerTest):
    models = ["identity_fp32", "fill", "slow", "batched", "simple_identity"]
    flags = ("--http-max-input-size", str(8 << 20))

    def attack(self, over, counts, failures):
        hostility = Hostility(self.server)
        step = 0
        while not over.is_set():
            name = ATTACKS[(step + threading.get_ident()) % len(ATTACKS)]
            step += 1
            try:
                with Connection(self.server, timeout=60) as connection:
                    getattr(hostility, name)(connection)
                counts[name] = counts.get(name, 0) + 1
            except (Closed, ConnectionError):
                counts[name] = counts.get(name, 0) + 1
            except Exception as error:
                failures.append((name, error))
                return

    def cancel_over_grpc(self, over, counts, failures):
        with grpcclient.InferenceServerClient(self.server.grpc) as client:
            given = [grpcclient.InferInput("x", [1], "FP32"), grpcclient.InferInput("rounds", [1], "INT64")]
            given[0].set_data_from_numpy(np.float32([1]))
            given[1].set_data_from_numpy(np.int64([10**8]))
            while not over.is_set():
                call = client.async_infer("slow", given, lambda result, error: None)
                time.sleep(0.02)
                call.cancel()
                counts["cancelled"] = counts.get("cancelled", 0) + 1

    def behave(self, over, counts, failures):
        value = 0
        try:
            while not over.is_set():
                with Connection(self.server, timeout=60) as connection:
                    for _ in range(20):
                        value += 1
                        for model in ("identity_fp32", "batched"):
                            document = json.dumps({"inputs": [floats("x", [1, 4], [value] * 4)]}).encode()
                            answer = connection.request("POST", f"/v2/models/{model}/infer", document)
                            if answer.status != 200 or answer.json()["outputs"][0]["data"] != [value] * 4:
                                failures.append((model, value, answer))
                                return
                        counts["answered"] = counts.get("answered", 0) + 2
                        if over.is_set():
                            return
        except Exception as error:
            failures.append(("a well-formed request", error))

    def round(self, seconds):
        over, counts, failures = threading.Event(), {}, []
        work = [self.attack] * 4 + [self.behave] * 2 + [self.cancel_over_grpc]
        threads = [threading.Thread(target=target, args=(over, counts, failures)) for target in work]
        for thread in threads:
            thread.start()
        time.sleep(seconds)
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        return counts

    def test_the_well_formed_are_answered_and_memory_returns(self):
        self.round(SECONDS / 2)
        before = self.server.resident_bytes()
        counts = self.round(SECONDS)
        self.assertGreater(counts["answered"], 0)
        self.assertGreater(counts["cancelled"], 0)
        for name in ATTACKS:
            self.assertGreater(counts.get(name, 0), 0, f"{name} was not tried: {counts}")
        self.eventually(
            lambda: self.server.resident_bytes() < before + (32 << 20),
            seconds=60,
            what=f"the memory of before, {before >> 20} MB,",
        )
        threads = os.listdir(f"/proc/{self.server.process.pid}/task")
        self.assertLess(len(threads), 64)


if __name__ == "__main__":
    main()
