"""HTTP as bytes: every way of framing a request, and what hostile clients do with it."""

import json
import socket
import threading
import time
import zlib

from onda_server import ServerTest, main
from raw_http import Closed, Connection, ask, chunked, floats, request

INFER = "/v2/models/identity_fp32/infer"


def infer_body(*values):
    return json.dumps({"inputs": [floats("x", [1, len(values)], list(values))]}).encode()


class FramingTest(ServerTest):
    models = ["identity_fp32", "simple", "slow"]
    flags = ("--http-max-input-size", str(1 << 20))

    def values(self, response):
        self.assertEqual(response.status, 200, response)
        return response.json()["outputs"][0]["data"]

    def alive(self):
        self.assertEqual(self.values(ask(self.server, "POST", INFER, infer_body(7))), [7])

    def tearDown(self):
        super().tearDown()
        self.alive()


class Framing(FramingTest):
    def test_a_post_without_any_framing_has_no_body(self):
        with Connection(self.server) as connection:
            response = connection.request("POST", "/v2/repository/index")
            self.assertEqual(response.status, 200)
            self.assertIsInstance(response.json(), list)
            self.assertEqual(connection.request("GET", "/v2/health/live").status, 200)

    def test_chunked_bodies(self):
        body = infer_body(1, 2, 3)
        for size in (1, 7, len(body)):
            with Connection(self.server) as connection:
                head = request("POST", INFER, None, {"Transfer-Encoding": "chunked"})
                connection.send(head + chunked(body, size))
                self.assertEqual(self.values(connection.response()), [1, 2, 3])
                self.assertEqual(connection.request("GET", "/v2/health/live").status, 200)

    def test_chunk_extensions_trailers_and_capitals(self):
        body = infer_body(5)
        head = request("POST", INFER, None, {"TRANSFER-ENCODING": "Chunked"})
        with Connection(self.server) as connection:
            connection.send(head + b"%X;name=value\r\n%s\r\n0;last\r\nTrailer: x\r\n\r\n" % (len(body), body))
            self.assertEqual(self.values(connection.response()), [5])
            self.assertEqual(connection.request("GET", "/v2/health/live").status, 200)

    def test_malformed_chunks(self):
        for wrong in (
            b"xyz\r\nabc\r\n0\r\n\r\n",
            b"-1\r\n",
            b"5\r\nabcdefgh\r\n0\r\n\r\n",
            b"FFFFFFFFFFFFFFFFF\r\n",
            b"\r\n",
            b"3\nabc\n0\n\n",
        ):
            with self.subTest(wrong), Connection(self.server) as connection:
                connection.send(request("POST", INFER, None, {"Transfer-Encoding": "chunked"}) + wrong)
                connection.half_close()
                try:
                    self.assertIn(connection.response().status, (400, 413))
                except Closed:
                    pass
                self.assertTrue(connection.is_closed())

    def test_very_many_tiny_chunks(self):
        body = infer_body(*range(40_000))
        with Connection(self.server) as connection:
            connection.send_what_is_taken(
                request("POST", INFER, None, {"Transfer-Encoding": "chunked"}) + chunked(body, 1)
            )
            response = connection.response()
            self.assertIn(response.status, (200, 400), response)

    def test_content_length_and_chunked_together(self):
        """400 and close, or by the chunks alone and close; what follows is never a second request."""
        body = infer_body(1)
        smuggled = request("GET", "/v2/health/live")
        for length in (len(body), 3, 0, 10_000):
            head = request("POST", INFER, None, {"Content-Length": length, "Transfer-Encoding": "chunked"})
            with self.subTest(length), Connection(self.server) as connection:
                connection.send_what_is_taken(head + chunked(body, 1000) + smuggled)
                response = connection.response()
                self.assertIn(response.status, (200, 400), response)
                self.assertTrue(connection.is_closed())

    def test_lengths_that_are_none(self):
        for value in ("-1", "abc", "1 2", "0x10", "1,2", "99999999999999999999999", "+5", ""):
            with self.subTest(value), Connection(self.server) as connection:
                connection.send(f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: {value}\r\n\r\n".encode())
                response = connection.response()
                self.assertIn(response.status, (400, 413), response)
                self.assertTrue(connection.is_closed())
        with Connection(self.server) as connection:
            connection.send(
                f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdefg".encode()
            )
            self.assertEqual(connection.response().status, 400)
            self.assertTrue(connection.is_closed())

    def test_other_transfer_codings(self):
        for coding in ("gzip", "gzip, chunked", "chunked, chunked", "identity", "x"):
            with self.subTest(coding), Connection(self.server) as connection:
                connection.send(request("POST", INFER, None, {"Transfer-Encoding": coding}) + b"0\r\n\r\n")
                response = connection.response()
                self.assertIn(response.status, (400, 501), response)
                self.assertTrue(connection.is_closed())

    def test_what_is_no_http(self):
        for wrong in (
            b"\r\n\r\n",
            b"GET\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
            b"\0" * 100,
            b"GET /v2 HTTP/1.1\r\nbad header\r\n\r\n",
            b"GET /v2 HTTP/1.1\r\nA\0B: x\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"GET /v2 HTTP/1.1\r\nHost : x\r\n\r\n",
        ):
            with self.subTest(wrong), Connection(self.server) as connection:
                connection.send(wrong)
                connection.half_close()
                try:
                    response = connection.response()
                    self.assertIn(response.status, (400, 404, 505), response)
                except Closed:
                    pass
                self.assertTrue(connection.is_closed())

    def test_expect_100_continue(self):
        body = infer_body(1, 2)
        with Connection(self.server) as connection:
            connection.send(request("POST", INFER, None, {"Content-Length": len(body), "Expect": "100-continue"}))
            first = connection.response()
            self.assertEqual(first.status, 100)
            connection.send(body)
            self.assertEqual(self.values(connection.response()), [1, 2])
        with Connection(self.server) as connection:
            connection.send(
                request("POST", INFER, None, {"Content-Length": len(body), "Expect": "100-continue"}) + body
            )
            response = connection.response()
            if response.status == 100:
                response = connection.response()
            self.assertEqual(self.values(response), [1, 2])
        with Connection(self.server) as connection:
            connection.send(request("POST", INFER, None, {"Content-Length": 1 << 40, "Expect": "100-continue"}))
            self.assertIn(connection.response().status, (400, 413))
            self.assertTrue(connection.is_closed())

    def test_pipelined_requests_are_answered_in_order(self):
        with Connection(self.server) as connection:
            requests = [request("POST", INFER, infer_body(number)) for number in range(50)]
            requests[10:10] = [
                request("GET", "/v2/health/live"),
                request("GET", "/v2/nothing"),
                request("HEAD", "/v2/nothing"),
            ]
            slow = {
                "inputs": [floats("x", [1], [1]), {"name": "rounds", "shape": [1], "datatype": "INT64", "data": [3000]}]
            }
            requests[0:0] = [request("POST", "/v2/models/slow/infer", json.dumps(slow).encode())]
            connection.send(b"".join(requests))
            self.assertEqual(self.values(connection.response()), [1])
            expected = list(range(50))
            for number in expected[:10]:
                self.assertEqual(self.values(connection.response()), [number])
            self.assertEqual(connection.response().status, 200)
            self.assertEqual(connection.response().status, 404)
            self.assertIn(connection.response(has_body=False).status, (404, 405))
            for number in expected[10:]:
                self.assertEqual(self.values(connection.response()), [number])

    def test_a_thousand_pipelined_requests(self):
        """The answers are read only at the end: what is unanswered is bounded, not lost."""
        with Connection(self.server) as connection:
            data = b"".join(request("POST", INFER, infer_body(number)) for number in range(1000))
            sender = threading.Thread(target=connection.send, args=(data,))
            sender.start()
            time.sleep(0.2)
            for number in range(1000):
                self.assertEqual(self.values(connection.response()), [number])
            sender.join()

    def test_http_1_0_and_connection_close(self):
        with Connection(self.server) as connection:
            connection.send(b"GET /v2/health/live HTTP/1.0\r\n\r\n")
            self.assertEqual(connection.response().status, 200)
            self.assertTrue(connection.is_closed())
        with Connection(self.server) as connection:
            connection.send(b"GET /v2/health/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" * 2)
            self.assertEqual(connection.response().status, 200)
            self.assertEqual(connection.response().status, 200)
        with Connection(self.server) as connection:
            response = connection.request("GET", "/v2/health/live", headers={"Connection": "close"})
            self.assertEqual((response.status, response.headers.get("connection", "").lower()), (200, "close"))
            self.assertTrue(connection.is_closed())

    def test_header_names_in_any_case(self):
        tensor = b"\0\0\x80\x3f"
        document = json.dumps(
            {"inputs": [{"name": "x", "shape": [1, 1], "datatype": "FP32", "parameters": {"binary_data_size": 4}}]}
        ).encode()
        for name in (
            "inference-header-content-length",
            "INFERENCE-HEADER-CONTENT-LENGTH",
            "Inference-Header-Content-Length",
        ):
            response = ask(self.server, "POST", INFER, document + tensor, {name: len(document)})
            self.assertEqual(self.values(response), [1])

    def test_every_content_type_is_the_same(self):
        for kind in (
            "application/octet-stream",
            "application/json",
            "application/x-www-form-urlencoded",
            "text/plain",
            "x",
            "",
        ):
            response = ask(self.server, "POST", INFER, infer_body(3), {"Content-Type": kind})
            self.assertEqual(self.values(response), [3])

    def test_head_and_other_methods(self):
        with Connection(self.server) as connection:
            for path in ("/v2/health/live", "/v2", "/v2/models/simple"):
                response = connection.request("HEAD", path)
                self.assertIn(response.status, (200, 405))
            for method, path in (
                ("GET", INFER),
                ("PUT", INFER),
                ("DELETE", "/v2"),
                ("POST", "/v2/health/live"),
                ("PATCH", "/v2/models/simple"),
                ("GET", "/v2/repository/index"),
                ("OPTIONS", "/v2"),
            ):
                response = connection.request(method, path)
                self.assertEqual(response.status, 405, (method, path))
                self.assertIn("allow", response.headers)
                self.assertEqual(response.error(), "Method Not Allowed")

    def test_paths(self):
        with Connection(self.server) as connection:
            for path in (
                "/",
                "/v2/other",
                "/v3",
                "/v2/models/simple/versions/x",
                "/v2/models/simple/infer/x",
                "/v2//health/live",
                "/v2/health",
                "//v2",
                "/v2/models/simple/versions/-1/ready",
                "/V2",
            ):
                response = connection.request("GET", path)
                self.assertEqual(response.status, 404, path)
                self.assertEqual(response.headers["content-type"], "application/json")
                response.error()
            self.assertEqual(connection.request("GET", "/nothing").error(), "Not Found")
            for path in (
                "/v2",
                "/v2/",
                "/v2?x=1",
                "/v2/health/live?a=b&c",
                "/v2/models/simple?x",
                "/v2/models/%73imple",
                "/v2/health/ready?",
            ):
                self.assertEqual(connection.request("GET", path).status, 200, path)
            for path in ("/v2/models/a%2Fb", "/v2/models/a%00b", "/v2/models/a%", "/v2/models/a%zz"):
                self.assertIn(connection.request("GET", path).status, (400, 404), path)

    def test_answers_are_framed_and_labelled(self):
        with Connection(self.server) as connection:
            for method, path, body in (
                ("GET", "/v2", None),
                ("GET", "/v2/nothing", None),
                ("POST", INFER, b"{"),
                ("POST", INFER, infer_body(1)),
                ("POST", "/v2/repository/index", None),
            ):
                response = connection.request(method, path, body)
                self.assertEqual(response.headers.get("content-type"), "application/json", path)
                self.assertIn("content-length", response.headers)


class Hostile(FramingTest):
    def test_slow_senders_do_not_keep_others_waiting(self):
        connections = [Connection(self.server) for _ in range(20)]
        try:
            for connection in connections:
                connection.send(f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Le".encode())
            start = time.monotonic()
            self.alive()
            self.assertLess(time.monotonic() - start, 5)
            body = infer_body(4)
            for connection in connections:
                connection.send(f"ngth: {len(body)}\r\n\r\n".encode())
                for byte in body[:5]:
                    connection.send(bytes([byte]))
                self.alive()
            for connection in connections:
                connection.send(body[5:])
                self.assertEqual(self.values(connection.response()), [4])
        finally:
            for connection in connections:
                connection.socket.close()

    def test_half_closed_sockets_are_answered(self):
        with Connection(self.server) as connection:
            connection.send(request("POST", INFER, infer_body(9)))
            connection.half_close()
            self.assertEqual(self.values(connection.response()), [9])
            self.assertTrue(connection.is_closed())

    def test_an_end_in_the_middle_of_a_request(self):
        for part in (
            b"POST",
            request("POST", INFER, None, {"Content-Length": 100}) + b"abc",
            request("POST", INFER, None, {"Transfer-Encoding": "chunked"}) + b"5\r\nab",
        ):
            with Connection(self.server) as connection:
                connection.send(part)
                connection.half_close()
                try:
                    self.assertEqual(connection.response().status, 400)
                except Closed:
                    pass

    def test_resets(self):
        for _ in range(50):
            with Connection(self.server) as connection:
                connection.send(request("POST", INFER, infer_body(9)))
                connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def test_oversized_headers(self):
        for headers in ({"X": "y" * 1_000_000}, {f"X-{number}": "y" * 100 for number in range(20_000)}):
            with Connection(self.server) as connection:
                connection.send_what_is_taken(request("GET", "/v2/health/live", None, headers))
                try:
                    self.assertIn(connection.response().status, (400, 413, 431))
                    self.assertTrue(connection.is_closed())
                except Closed:
                    pass
        with Connection(self.server) as connection:
            connection.send_what_is_taken(request("GET", "/v2/" + "x" * 1_000_000))
            try:
                self.assertIn(connection.response().status, (400, 404, 413, 414, 431))
            except Closed:
                pass

    def test_oversized_bodies(self):
        body = infer_body(*[1.5] * 400_000)
        self.assertGreater(len(body), 1 << 20)
        with Connection(self.server) as connection:
            connection.send_what_is_taken(request("POST", INFER, body))
            response = connection.response()
            self.assertIn(response.status, (400, 413), response)
            response.error()
        with Connection(self.server) as connection:
            connection.send_what_is_taken(
                request("POST", INFER, None, {"Transfer-Encoding": "chunked"}) + chunked(body, 60_000)
            )
            self.assertIn(connection.response().status, (400, 413))

    def test_a_length_that_is_never_sent(self):
        """Memory is taken for what comes, not for what is promised."""
        before = self.server.resident_bytes()
        connections = [Connection(self.server) for _ in range(50)]
        try:
            for connection in connections:
                connection.send(request("POST", INFER, None, {"Content-Length": 1_000_000}) + b"{")
            self.alive()
            self.assertLess(self.server.resident_bytes() - before, 32 << 20)
        finally:
            for connection in connections:
                connection.socket.close()

    def test_250000_nested_brackets(self):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            nested = opening * 250_000 + b"1" + closing * 250_000
            for path in ("/v2/repository/index", INFER, "/v2/logging", "/v2/trace/setting"):
                with Connection(self.server) as connection:
                    connection.send_what_is_taken(request("POST", path, nested))
                    response = connection.response()
                    self.assertIn(response.status, (400, 413), (path, response))
                    response.error()
        for levels, statuses in ((90, (200,)), (1000, (400,))):
            body = (
                b'{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":'
                + b"[" * levels
                + b"1"
                + b"]" * levels
                + b"}]}"
            )
            self.assertIn(ask(self.server, "POST", INFER, body).status, statuses)

    def test_numbers_and_texts_without_end(self):
        for data in (
            b"1" * 500_000,
            b"1e999",
            b"-" * 1000,
            b"0." + b"3" * 500_000,
            b'"' + b"a" * 500_000,
            b"1e" + b"9" * 1000,
        ):
            body = b'{"inputs":[{"name":"x","shape":[1,1],"datatype":"FP32","data":[' + data + b"]}]}"
            response = ask(self.server, "POST", INFER, body)
            self.assertIn(response.status, (200, 400), response)

    def test_a_compressed_body_that_is_a_bomb(self):
        bomb = zlib.compress(b" " * (200 << 20), 9)
        self.assertLess(len(bomb), 1 << 20)
        before = self.server.resident_bytes()
        response = ask(self.server, "POST", INFER, bomb, {"Content-Encoding": "deflate"})
        self.assertIn(response.status, (400, 413), response)
        self.assertLess(self.server.resident_bytes() - before, 64 << 20)

    def test_very_many_inputs_and_duplicate_members(self):
        many = {"inputs": [floats(f"x{number}", [1], [1]) for number in range(10_000)]}
        self.assertEqual(ask(self.server, "POST", INFER, many).status, 400)
        self.assertIn(ask(self.server, "POST", INFER, b'{"inputs":[],"inputs":[]}').status, (400,))

    def test_connections_that_say_nothing(self):
        connections = [Connection(self.server) for _ in range(200)]
        try:
            self.alive()
        finally:
            for connection in connections:
                connection.socket.close()

    def test_a_client_that_does_not_read(self):
        """Its answers stay with it; the others go on."""
        connection = Connection(self.server)
        try:
            connection.socket.settimeout(1)
            big = request("POST", INFER, infer_body(*[1.0] * 30_000))
            try:
                for _ in range(200):
                    connection.send(big)
            except TimeoutError:
                pass
            before = self.server.resident_bytes()
            self.alive()
            self.assertLess(self.server.resident_bytes() - before, 64 << 20)
        finally:
            connection.socket.close()


if __name__ == "__main__":
    main()
