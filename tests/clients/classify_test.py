"""POST /v2/models/<m>/classify: real images through a real model, with requests and with bare bytes."""

import csv
import os
import pathlib
import shutil
import struct
import unittest
import zlib

import requests

from onda_server import Server, main, make_repository

DIGITS = pathlib.Path(os.environ["ONDA_SOURCE_DIR"], "examples", "digits")

CONFIG = """max_batch_size: 16
output { name: "probabilities" data_type: TYPE_FP32 dims: [10] label_filename: "labels.txt" }
parameters { key: "onda.preprocess" value { string_value: "raw" } }
"""


class Classify(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.repository = make_repository(["addsub"])
        (cls.repository / "digits" / "1").mkdir(parents=True)
        shutil.copy(DIGITS / "digits.onnx", cls.repository / "digits" / "1" / "model.onnx")
        shutil.copy(DIGITS / "labels.txt", cls.repository / "digits" / "labels.txt")
        (cls.repository / "digits" / "config.pbtxt").write_text(CONFIG)
        cls.server = Server("--models", cls.repository)
        cls.session = requests.Session()

    @classmethod
    def tearDownClass(cls):
        cls.session.close()
        try:
            cls.server.stop()
        finally:
            shutil.rmtree(cls.repository)

    def tearDown(self):
        self.server.check()

    def post(self, body, model="digits", query="", **fields):
        return self.session.post(f"http://{self.server.http}/v2/models/{model}/classify{query}", data=body, **fields)

    def test_images_of_digits_are_recognised(self):
        with open(DIGITS / "manifest.csv") as file:
            rows = list(csv.DictReader(file))
        self.assertGreater(len(rows), 10)
        right = 0
        for row in rows:
            answer = self.post((DIGITS / row["file"]).read_bytes())
            self.assertEqual(answer.status_code, 200, answer.text)
            document = answer.json()
            self.assertEqual((document["model_name"], document["model_version"]), ("digits", "1"))
            ranked = [entry["probability"] for entry in document["classes"]]
            self.assertEqual(ranked, sorted(ranked, reverse=True))
            right += document["classes"][0]["index"] == int(row["label"])
        self.assertGreater(right, 0.95 * len(rows))

    def image(self):
        return next(iter(sorted((DIGITS / "images").iterdir()))).read_bytes()

    def test_top(self):
        for top in (1, 3, 10):
            self.assertEqual(len(self.post(self.image(), query=f"?top={top}").json()["classes"]), top)
        for wrong in ("?top=0", "?top=-1", "?top=x", "?top=1001", "?top=1&top=2", "?other=1"):
            self.assertEqual(self.post(self.image(), query=wrong).status_code, 400, wrong)

    def test_a_version_can_be_named(self):
        url = f"http://{self.server.http}/v2/models/digits/versions/1/classify"
        self.assertEqual(self.session.post(url, data=self.image()).status_code, 200)
        self.assertEqual(self.session.post(url.replace("/1/", "/2/"), data=self.image()).status_code, 404)

    def test_what_is_no_image(self):
        image = self.image()
        for body in (
            b"",
            b"x",
            image[:20],
            image[: len(image) // 2],
            b"\xff\xd8\xff" + b"\0" * 1000,
            b"GIF89a" + b"\0" * 100,
            b"<svg/>",
            bytes(100_000),
        ):
            answer = self.post(body)
            self.assertEqual(answer.status_code, 400, (body[:20], answer.text))
            self.assertTrue(answer.json()["error"])

    def test_an_image_that_claims_to_be_huge(self):
        """A PNG of 60000 x 60000 pixels in a few bytes."""

        def chunk(kind, data):
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

        bomb = (
            b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(bytes(100_000)))
            + chunk(b"IEND", b"")
        )
        before = self.server.resident_bytes()
        answer = self.post(bomb)
        self.assertIn(answer.status_code, (400, 413, 503), answer.text)
        self.assertLess(self.server.resident_bytes() - before, 64 << 20)

    def test_models_that_take_no_image_and_unknown_ones(self):
        answer = self.post(self.image(), model="addsub")
        self.assertEqual(answer.status_code, 400, answer.text)
        self.assertEqual(self.post(self.image(), model="nothing").status_code, 404)
        self.assertEqual(self.session.get(f"http://{self.server.http}/v2/models/digits/classify").status_code, 405)


if __name__ == "__main__":
    main()
