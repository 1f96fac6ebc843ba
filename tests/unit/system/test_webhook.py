import ipaddress
import json
import ssl
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from foldwise.system.webhook import refusal, tell


class Answers(BaseHTTPRequestHandler):
    """Keeps each payload and answers with the next of the server's codes."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((self.path, dict(self.headers), json.loads(body)))
        code = self.server.codes.pop(0) if self.server.codes else 204
        if code == "drip":
            self.server.stop.wait(20)
            return
        self.send_response(code)
        if 300 <= code < 400:
            self.send_header("Location", "http://169.254.169.254/latest")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *words):
        pass


@pytest.fixture
def server():
    made = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made.daemon_threads = True
    made.told, made.codes, made.stop = [], [], threading.Event()
    thread = threading.Thread(target=made.serve_forever, args=(0.02,))
    thread.start()
    yield made
    made.stop.set()
    made.shutdown()
    thread.join()
    made.server_close()


def at(server, path="/hook", scheme="http", who=""):
    return f"{scheme}://{who}127.0.0.1:{server.server_port}{path}"


def test_the_payload_is_posted_as_json(server):
    assert tell(at(server, "/hook?key=1"), {"state": "FAILED", "when": datetime(2026, 1, 1, tzinfo=UTC)}, private=True) is None
    ((path, headers, told),) = server.told
    assert path == "/hook?key=1"
    assert headers["Content-Type"] == "application/json"
    assert headers["Host"] == f"127.0.0.1:{server.server_port}"
    assert told == {"state": "FAILED", "when": "2026-01-01 00:00:00+00:00"}


def test_this_machine_is_refused_unless_private_addresses_are_allowed(server):
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f.1"):  # noqa: S104
        sentence = tell(f"http://{host}:{server.server_port}/", {})
        assert sentence is not None, host
        assert "webhook_private" in sentence
    assert server.told == []


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("8.8.8.8", True),
        ("2606:4700:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),  # noqa: S104 refused here
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("240.0.0.1", False),
        ("192.0.2.1", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fc00::1", False),
        ("fec0::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("::ffff:169.254.169.254", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:a9fe:a9fe::1", False),
        ("2002:7f00:1::1", False),
    ],
)
def test_only_public_addresses_are_allowed(address, allowed):
    assert (refusal(ipaddress.ip_address(address)) is None) == allowed


@pytest.mark.parametrize(
    ("codes", "asked", "said"),
    [
        ([500, 503, 204], 3, None),
        ([429, 200], 2, None),
        ([500, 500, 500], 3, "it answered 500, 3 tries"),
        ([404], 1, "it answered 404"),
        ([302], 1, "it answered 302, and redirects are not followed"),
        ([307], 1, "redirects are not followed"),
    ],
)
def test_failing_servers_get_retries_and_redirects_are_not_followed(server, codes, asked, said):
    server.codes = list(codes)
    sentence = tell(at(server), {}, private=True)
    assert (said is None and sentence is None) or said in sentence
    assert len(server.told) == asked


def test_a_server_that_does_not_answer_is_given_up(server):
    server.codes = ["drip"] * 3
    assert "3 tries" in tell(at(server), {}, private=True, seconds=0.2)
    assert len(server.told) == 3


def test_a_password_is_used_and_not_shown(server):
    server.codes = [401]
    sentence = tell(at(server, "/hook?token=abc", who="me:s3cr%40t@"), {}, private=True)
    assert server.told[0][1]["Authorization"] == "Basic bWU6czNjckB0"
    assert "s3cr" not in sentence
    assert "abc" not in sentence
    assert "it answered 401" in sentence


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1/x", "refused, 3 tries"),
        ("http://no-such-host.invalid/", "3 tries"),
        ("file:///etc/passwd", "must begin with http"),
        ("gopher://127.0.0.1/", "must begin with http"),
        ("http://", "must begin with http"),
        ("http://[::1", " failed: "),
        ("http://127.0.0.1:99999/", " failed: "),
        ("http://127.0.0.1:1/a b\r\nX: y", " failed: "),
    ],
)
def test_any_fault_is_one_sentence_and_no_exception(url, said):
    sentence = tell(url, {}, private=True)
    assert said in sentence
    assert len(sentence.splitlines()) == 1


def certificate(folder, name):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


def test_with_tls_the_certificate_must_match_the_name(server, tmp_path, monkeypatch):
    path = certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    url = f"https://localhost:{server.server_port}/hook"
    assert "CERTIFICATE_VERIFY_FAILED" in tell(url, {}, private=True)  # not trusted yet
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    assert tell(url, {"state": "DONE"}, private=True) is None
    assert "mismatch" in tell(at(server, scheme="https"), {}, private=True)
    assert [told for _, _, told in server.told] == [{"state": "DONE"}]
