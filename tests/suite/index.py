"""A package index on loopback, and the wheels that it has: made here, so that each can be wrong in its own way.

One argument: JSON with `packages`, and what the index is like. Prints `port N`.
"""

import base64
import hashlib
import http.server
import io
import json
import sys
import threading
import zipfile

ASKED = json.loads(sys.argv[1])
FILES = {}
PAGES = {}
STALLED = set()
LOG = open(ASKED["log"], "a") if "log" in ASKED else None


def elf(machine):
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + bytes([machine, 0])


def wheel(package):
    name, version = package["name"], package.get("version", "1.0")
    tags = package.get("tags", "py3-none-any")
    escaped = name.replace("-", "_")
    info = f"{escaped}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {need}\n" for need in package.get("needs", []))
    inside = package.get("inside", {})
    built = inside.get("tags", tags).split("-")
    expanded = "".join(
        f"Tag: {python}-{abi}-{platform}\n"
        for python in built[0].split(".")
        for abi in built[1].split(".")
        for platform in built[2].split(".")
    )
    entries = {
        f"{escaped}.py": package.get("code", f"version = {version!r}\n").encode(),
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {inside.get('name', name)}\nVersion: {inside.get('version', version)}\n{needs}\ntext\n".encode(),
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n{expanded}".encode(),
    }
    if "machine" in package:
        entries[f"{escaped}/fast.cpython-313-linux-gnu.so"] = elf(package["machine"])
    if package.get("pad"):
        import random
        entries[f"{escaped}/pad.bin"] = random.Random(name).randbytes(package["pad"])
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip('=')},{len(content)}\n"
        for path, content in entries.items()
    )
    entries[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in entries.items():
            archive.writestr(zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0)), content)
    return f"{escaped}-{version}-{tags}.whl", buffer.getvalue()


for package in ASKED["packages"]:
    links = PAGES.setdefault(package["name"], [])
    if package.get("sdist"):
        file, content = f"{package['name']}-{package.get('version', '1.0')}.tar.gz", b"never read"
    else:
        file, content = wheel(package)
    FILES[file] = content
    digest = "0" * 64 if package.get("other_digest") else hashlib.sha256(content).hexdigest()
    yanked = f' data-yanked="{package["yanked"]}"' if "yanked" in package else ""
    links.append(f'<a href="/files/{file}#sha256={digest}"{yanked}>{file}</a>')
    if package.get("stall"):
        STALLED.add(file)


class Index(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if LOG:
            print(self.path, file=LOG, flush=True)
        wanted = ASKED.get("credentials")
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        if wanted and base64.b64decode(given).decode() != wanted:
            return self.answer(401, b"who are you?")
        _, kind, name, *_ = (self.path + "//").split("/")
        if kind == "simple" and name in PAGES:
            page = "<!DOCTYPE html><title>x</title>" + "<br>".join(PAGES[name])
            return self.answer(200, page.encode(), "text/html")
        if kind == "files" and name in FILES:
            if name in STALLED:
                STALLED.discard(name)
                print("stalls", flush=True)
                threading.Event().wait()
            return self.answer(200, FILES[name])
        self.answer(404, b"no such thing")

    def answer(self, status, body, kind="application/octet-stream"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if status == 401:
            self.send_header("WWW-Authenticate", "Basic")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
print(f"port {server.server_address[1]}", flush=True)
server.serve_forever()
