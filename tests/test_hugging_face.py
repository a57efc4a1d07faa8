"""Hugging Face's client with this server as its endpoint."""

import socket

import pytest

from tests.test_predict import digits, weights  # noqa: F401  (fixtures)
from tests.test_predict_api import picture, site  # noqa: F401  (fixtures)

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@pytest.fixture
def client(site, monkeypatch):  # noqa: F811
    """The client, in a process that can reach this server only."""
    connect = socket.socket.connect

    def stay_here(self, address):
        assert address[0] in LOOPBACK, f"the client asks {address}"
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", stay_here)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    monkeypatch.setenv("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")
    from huggingface_hub import InferenceClient

    host, port = site.server_address[:2]
    return InferenceClient(model=f"http://{host}:{port}/predict?format=hf", timeout=60)


def as_file(content: bytes, folder):
    path = folder / "a digit.png"
    path.write_bytes(content)
    return path


GIVEN = {
    "a path": as_file,
    "the path as text": lambda content, folder: str(as_file(content, folder)),
    "bytes": lambda content, folder: content,
}


@pytest.mark.parametrize("given", GIVEN)
def test_the_client_classifies_an_image_in_every_form(client, picture, tmp_path, given):  # noqa: F811
    content, label = picture
    scores = client.image_classification(GIVEN[given](content, tmp_path))
    assert (scores[0].label, len(scores)) == (label, 10)
    assert [one.score for one in scores] == sorted((one.score for one in scores), reverse=True)
    assert sum(one.score for one in scores) == pytest.approx(1)


def test_the_client_with_a_parameter_sends_base64(client, picture):  # noqa: F811
    content, label = picture
    assert client.image_classification(content, top_k=3)[0].label == label


def test_the_client_shows_why_a_file_is_not_an_image(client):
    from huggingface_hub.errors import HfHubHTTPError

    with pytest.raises(HfHubHTTPError) as caught:
        client.image_classification(b"hello")
    assert caught.value.response.status_code == 415
    assert "Not a valid PNG" in caught.value.response.json()["error"]
