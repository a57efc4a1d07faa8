"""Bodies that real clients send to /predict, and the errors for near misses."""

import gzip
import io
import json
import shutil
import subprocess
import urllib.parse
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.support.http_client import ask
from tests.test_predict import digits, weights  # noqa: F401  (fixtures)
from tests.test_predict_api import coded, form, in_json, picture, post, site  # noqa: F401  (fixtures)

FIELDS = ("files[0]", "image", "file", "data", "img", "picture", "photo", "upload", "digit", "canvas", "files[]")
URLENCODED = "application/x-www-form-urlencoded"


def data_url(content: bytes) -> str:
    return f"data:image/png;base64,{coded(content)}"


def in_fields(**fields: str) -> tuple[bytes, str]:
    return urllib.parse.urlencode(fields).encode(), URLENCODED


SENT = {
    **{f"form field {name}": lambda content, name=name: form((name, content)) for name in FIELDS},
    **{f"JSON field {name}": lambda content, name=name: in_json({name: data_url(content)}) for name in FIELDS},
    "form field with a data URL": lambda content: form(("image", data_url(content).encode())),
    "form field with base64": lambda content: form(("canvas", coded(content).encode())),
    "URL-encoded data URL": lambda content: in_fields(image=data_url(content)),
    "URL-encoded base64 with unescaped signs": lambda content: (f"img={coded(content)}".encode(), URLENCODED),
    "file as curl --data-binary declares it": lambda content: (content, URLENCODED),
    "file declared as JSON": lambda content: (content, "application/json"),
    "file declared as a form": lambda content: (content, "multipart/form-data"),
    "data URL as text": lambda content: (data_url(content).encode(), "text/plain"),
    "base64 as text": lambda content: (coded(content).encode() + b"\n", "text/plain"),
    "base64 without padding": lambda content: (coded(content).rstrip("=").encode(), None),
    "a JSON text": lambda content: in_json(data_url(content)),
    "a list of texts": lambda content: in_json([data_url(content)]),
    "TensorFlow's b64": lambda content: in_json({"instances": [{"b64": coded(content)}]}),
    "data URL declared as JSON": lambda content: (data_url(content).encode(), "application/json"),
    "gzip without a Content-Encoding": lambda content: (gzip.compress(content), "image/png"),
    "fields within fields": lambda content: in_json({"inputs": {"image_bytes": {"b64": coded(content)}}}),
}


@pytest.mark.parametrize("way", SENT)
def test_an_image_is_found_wherever_clients_put_it(site, picture, way):  # noqa: F811
    content, label = picture
    answer = post(site, *SENT[way](content))
    assert (answer.status, answer.json().get("label")) == (200, label), answer.body


SHAPES = {
    "28x28": (28, 28),
    "28x28x1": (28, 28, 1),
    "1x28x28": (1, 28, 28),
    "784": (784,),
    "1x784": (1, 784),
    "1x28x28x1": (1, 28, 28, 1),
}


@pytest.mark.parametrize("scale", [1, 1 / 255])
@pytest.mark.parametrize("batch", [None, 3])
@pytest.mark.parametrize("shape", SHAPES)
def test_arrays_are_read_in_every_shape(site, digits, shape, batch, scale):  # noqa: F811
    images, labels = digits
    expected = [str(label) for label in labels[1 : 1 + (batch or 1)]]
    pixels = images[1 : 1 + (batch or 1)] * scale
    value = pixels.reshape(*([batch] if batch else []), *SHAPES[shape]).tolist()
    for body in ({"instances": value}, {"inputs": value}, {"image": value}, value):
        reply = post(site, *in_json(body)).json()
        assert [one["label"] for one in reply.get("answers", [reply])] == expected


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_a_compressed_body_is_read(site, picture, compress):  # noqa: F811
    coding = "gzip" if compress is gzip.compress else "deflate"
    body, kind = in_json({"image": data_url(picture[0])})
    answer = post(site, compress(body), kind, **{"Content-Encoding": coding})
    assert (answer.status, answer.json()["label"]) == (200, picture[1])


def test_put_is_the_same_as_post(site, picture):  # noqa: F811
    answer = ask(site, "/predict", method="PUT", body=picture[0])
    assert (answer.status, answer.json()["label"]) == (200, picture[1])


def saved(image: Image.Image, kind: str, **options) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


@pytest.mark.parametrize("size", [(4000, 3000), (3468, 4624)])
def test_a_phones_photo_is_read(site, digits, size):  # noqa: F811
    """A digit of a third of the width, in 12 and 16 megapixels."""
    images, labels = digits
    photo = Image.new("RGB", size, (231, 229, 224))
    side = size[0] // 3
    photo.paste(Image.fromarray(230 - (images[1] * 0.8).astype(np.uint8)).resize((side, side)), (side, side))
    reply = post(site, saved(photo, "JPEG", quality=95)).json()
    assert reply["label"] == str(labels[1])
    left, top, right, bottom = reply["preprocessing"]["box"]
    assert side <= left < right <= 2 * side and side <= top < bottom <= 2 * side


TIFFS = {
    "uncompressed": {},
    "LZW": {"compression": "tiff_lzw"},
    "Deflate": {"compression": "tiff_adobe_deflate"},
    "PackBits": {"compression": "packbits"},
    "JPEG": {"compression": "jpeg"},
    "with more pages": {"save_all": True, "append_images": [Image.new("L", (9, 9))]},
}


@pytest.mark.parametrize("kind", TIFFS)
def test_a_tiff_is_read(site, picture, kind):  # noqa: F811
    content = saved(Image.open(io.BytesIO(picture[0])), "TIFF", **TIFFS[kind])
    answer = post(site, content)
    assert (answer.status, answer.json().get("label")) == (200, picture[1]), answer.body


def test_a_fax_is_read(site, picture):  # noqa: F811
    content = saved(Image.open(io.BytesIO(picture[0])).convert("1"), "TIFF", compression="group4")
    assert post(site, content).json()["label"] == picture[1]


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
NUMBERS = [[0.5] * 28] * 28

# Body, content type, status, and words that name the right form.
NEAR_MISSES = {
    "HEIC": (HEIC, "image/heic", 415, "HEIC files are not supported: export the image as JPEG"),
    "AVIF": (HEIC.replace(b"ftypheic", b"ftypavif"), None, 415, "AVIF files are not supported: export"),
    "PDF": (b"%PDF-1.7\n" + bytes(range(200)), None, 415, "PDF files are not supported: export"),
    "PDF that begins with text": (b"%PDF-1.4\n" + b"1 0 obj\n" * 200, None, 415, "PDF files are not supported: export"),
    "SVG": (SVG, "image/svg+xml", 415, "SVG files are not supported: export"),
    "SVG after its declaration": (
        b'<?xml version="1.0"?>\n<!-- x -->\n' + SVG,
        None,
        415,
        "SVG files are not supported",
    ),
    "NumPy": (b"\x93NUMPY\1\0v\0", None, 415, "NumPy files are not supported"),
    "ZIP": (b"PK\3\4" + bytes(50), None, 415, "ZIP files are not supported"),
    "CSV": (b",".join([b"0"] * 784), "text/csv", 415, "not JSON: put them in brackets"),
    "numbers in lines": (b"0.5 0.25 1e-3\n" * 28, None, 415, "not JSON: put them in brackets"),
    "27 rows": (*in_json({"instances": [NUMBERS[1:]]}), 400, "shape 1x27x28. An image is 28x28"),
    "783 numbers": (*in_json([0] * 783), 400, "shape 783. An image is 28x28"),
    "RGB": (*in_json([[[0, 0, 0]] * 28] * 28), 400, "to gray first"),
    "ragged rows": (*in_json([[0] * 28, [0] * 27]), 400, "rows of the array differ in length"),
    "words": (*in_json([["7"] * 28] * 28), 400, "values that are not numbers"),
    "normalized": (*in_json([[-0.42] * 28] * 28), 400, "before any normalization"),
    "a path": (*in_json({"image": "/home/me/seven.png"}), 400, "file name. Send the file's content: curl -F image=@"),
    "a path as text": (b"C:\\pictures\\seven.jpg", "text/plain", 400, "file name"),
    "a path in a form": (*form(("image", b"seven.png")), 400, "file name"),
    "curl -d seven.png": (b"seven.png", URLENCODED, 400, "file name"),
    "a URL": (*in_json({"image": "https://example.org/seven.png"}), 400, "URL, which the server does not open"),
    "a URL in a form": (*in_fields(image="https://example.org/seven.png"), 400, "URL, which"),
    "an empty field": (*form(("image", b"")), 400, "'image' is empty: choose a file"),
    "another field": (*form(("drawing", b"x")), 400, "name its field \"image\". Its fields: 'drawing'"),
    "another key": (
        *in_json({"drawing": "x"}),
        400,
        'Name its field "image", "inputs" or "instances". Its fields: \'drawing\'',
    ),
    "an empty text": (*in_json({"image": ""}), 400, "empty text. Send an image in base64"),
    "truncated base64": (*in_json({"image": "abcde"}), 400, "truncated"),
    "a data URL that is not base64": (*in_json({"image": "data:image/png,abc"}), 400, "not in base64"),
    "curl -d @seven.png": (b"\x89PNG\x1aIHDR", URLENCODED, 400, "use curl --data-binary @FILE"),
    "a form declared as another type": (
        form(("image", b"x"))[0],
        "application/octet-stream",
        415,
        "multipart/form-data",
    ),
    "a form without its boundary": (form(("image", b"x"))[0], "multipart/form-data", 400, "let the client set it"),
    "a form with another boundary": (form(("image", b"x"))[0], "multipart/form-data; boundary=z", 400, "boundary"),
    "prose": (b"this is a seven", "text/plain", 415, "Send the bytes of an image"),
    "nothing": (b"", None, 411, "Content-Length"),
}


@pytest.mark.parametrize("what", NEAR_MISSES)
def test_the_error_for_a_near_miss_names_the_right_form(site, what):  # noqa: F811
    body, kind, status, words = NEAR_MISSES[what]
    answer = post(site, body, kind)
    assert answer.status == status, answer.body
    assert words in answer.json()["error"]


@pytest.mark.parametrize("path", ["/predict/", "/api/predict", "/v1/models/mnist:classify", "/v2/models/mnist/predict"])
def test_the_error_for_a_wrong_address_names_the_right_ones(site, picture, path):  # noqa: F811
    answer = post(site, picture[0], path=path)
    assert answer.status == 404
    assert "/predict, /v1/models/mnist:predict or /v2/models/mnist/infer" in answer.json()["error"]


def test_one_unreadable_image_among_several_is_an_entry_with_its_error(site, picture):  # noqa: F811
    content, label = picture
    bodies = [form(("file", HEIC), ("file", content)), in_json([coded(HEIC), coded(content)])]
    for body in bodies:
        answer = post(site, *body)
        bad, good = answer.json()["answers"]
        assert (answer.status, good["label"]) == (200, label)
        assert bad.keys() == {"error"} and bad["error"].startswith("HEIC files are not supported")
        assert post(site, *body, path="/predict?format=hf").json()["error"].startswith("Image 0: HEIC")
    assert post(site, *form(("file", HEIC), ("file", HEIC))).status == 415


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("gzip", gzip.compress(bytes(100 << 20)), 413),
        ("gzip", gzip.compress(b"x" * 1000)[:-9], 400),
        ("gzip", b"not compressed", 400),
        ("br", b"x", 415),
    ],
    ids=["a bomb", "truncated", "not compressed", "unsupported"],
)
def test_a_compressed_body_that_is_not_accepted_gets_the_reason(site, coding, body, status):  # noqa: F811
    answer = post(site, body, **{"Content-Encoding": coding})
    assert (answer.status, answer.headers.get("accept-encoding")) == (
        status,
        "gzip, deflate" if coding == "br" else None,
    )
    assert answer.json()["error"]


CURL = {
    "-F": ["-F", "image=@{file}"],
    "-F of another name": ["-F", "files[]=@{file};type=image/png"],
    "--data-binary": ["--data-binary", "@{file}"],
    "-T": ["-T", "{file}"],
    "a data URL": ["-H", "Content-Type: text/plain", "--data-binary", "@{text}"],
    "--data-urlencode": ["--data-urlencode", "image@{text}"],
    "--json": ["-H", "Content-Type: application/json", "--data-binary", "@{json}"],
    "gzip": ["-H", "Content-Encoding: gzip", "-H", "Content-Type: application/json", "--data-binary", "@{zipped}"],
}


@pytest.mark.process
@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
@pytest.mark.parametrize("way", CURL)
def test_curl_classifies_an_image(site, picture, tmp_path, way):  # noqa: F811
    value = json.dumps({"image": data_url(picture[0])}).encode()
    contents = {
        "file": picture[0],
        "text": data_url(picture[0]).encode(),
        "json": value,
        "zipped": gzip.compress(value),
    }
    paths = {name: tmp_path / name for name in contents}
    for name, content in contents.items():
        paths[name].write_bytes(content)
    host, port = site.server_address[:2]
    options = [option.format(**paths) for option in CURL[way]]
    command = ["curl", "-sS", "--noproxy", "*", *options, f"http://{host}:{port}/predict"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stderr, json.loads(done.stdout)["label"]) == ("", picture[1])
