#!/usr/bin/env python3
"""Draw the terminal picture of the README from a real run.

    cargo build --release
    docs/picture/record.py target/release/beansprout > docs/picture/tour.svg

It runs the tour in an empty folder on a pseudo-terminal until the site answers, asks the site as a person would, ends the tour,
keeps what would be on the screen at the end, and writes it as an SVG. Only Python's standard library.
"""

import html
import os
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

COLUMNS, ROWS = 96, 60
SERVES = "Ctrl-C ends it"
COLOURS = {31: "#e5534b", 32: "#57ab5a", 33: "#c69026", 34: "#539bf5", 35: "#b083f0", 36: "#39c5cf"}
DEADLINE = 120


def run(argv, folder):
    """What `argv` writes to a terminal of our size before and after Ctrl-C, and what its site answers."""
    master, slave = pty.openpty()
    subprocess.run(["stty", "rows", str(ROWS), "cols", str(COLUMNS)], stdin=slave, check=True)
    home = os.path.join(folder, "home")
    os.makedirs(home, exist_ok=True)
    work = os.path.join(folder, "work")
    os.makedirs(work, exist_ok=True)
    environment = {"PATH": os.environ["PATH"], "HOME": home, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    child = subprocess.Popen(argv, cwd=work, env=environment, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    written, before, answer = b"", None, None
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        ready, _, _ = select.select([master], [], [], 0.2)
        if ready:
            try:
                chunk = os.read(master, 65536)
            except OSError:
                break
            if not chunk:
                break
            written += chunk
        elif child.poll() is not None:
            break
        if before is None and SERVES in written.decode(errors="ignore"):
            before, written = written.decode(), b""
            url = re.findall(r"http://127\.0\.0\.1:\d+", before)[-1]
            with urllib.request.urlopen(url) as response:
                answer = (url, f"HTTP/1.1 {response.status} {response.reason}")
            child.send_signal(signal.SIGINT)
    else:
        child.kill()
        sys.exit(f"{argv} did not end")
    if child.wait() != 130 or answer is None:
        sys.exit(f"{argv} ended with {child.returncode}:\n{before or ''}{written.decode()}")
    return before, answer, written.decode()


class Screen:
    """As much of a terminal as our own output uses."""

    def __init__(self):
        self.lines = [[]]
        self.row = self.column = 0
        self.style = (False, False, None)

    def write(self, text):
        for token in re.findall(r"\x1b\[[0-9;?]*[a-zA-Z]|\x1b.|[\s\S]", text):
            if token == "\n":
                self.row += 1
                while len(self.lines) <= self.row:
                    self.lines.append([])
            elif token == "\r":
                self.column = 0
            elif token.startswith("\x1b["):
                self.control(token[2:-1], token[-1])
            elif not token.startswith("\x1b"):
                if self.column == COLUMNS:
                    self.write("\r\n")
                line = self.lines[self.row]
                while len(line) <= self.column:
                    line.append((" ", (False, False, None)))
                line[self.column] = (token, self.style)
                self.column += 1

    def control(self, arguments, letter):
        numbers = [int(number) for number in re.findall(r"\d+", arguments)] or [0]
        if letter == "m":
            bold, dim, colour = self.style
            for number in numbers:
                if number == 0:
                    bold, dim, colour = False, False, None
                elif number == 1:
                    bold = True
                elif number == 2:
                    dim = True
                elif number in COLOURS:
                    colour = COLOURS[number]
            self.style = (bold, dim, colour)
        elif letter == "K":
            self.lines[self.row] = self.lines[self.row][: self.column] if numbers[0] == 0 else []
        elif letter == "A":
            self.row = max(0, self.row - max(1, numbers[0]))

    def svg(self):
        lines = self.lines
        while lines and not lines[-1]:
            lines = lines[:-1]
        width, height = COLUMNS * 8 + 40, len(lines) * 18 + 60
        out = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            'font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,monospace" font-size="13">',
            "<title>beansprout tour, in a terminal</title>",
            f'<rect width="{width}" height="{height}" rx="8" fill="#22272e"/>',
            '<circle cx="20" cy="18" r="5" fill="#e5534b"/><circle cx="38" cy="18" r="5" fill="#c69026"/>'
            '<circle cx="56" cy="18" r="5" fill="#57ab5a"/>',
        ]
        for number, line in enumerate(lines):
            out.append(f'<text x="20" y="{48 + number * 18}" fill="#adbac7" xml:space="preserve">')
            for style, text in spans(line):
                bold, dim, colour = style
                attributes = (' font-weight="bold"' if bold else "") + (' opacity=".6"' if dim else "")
                attributes += f' fill="{colour}"' if colour else ""
                out.append(f"<tspan{attributes}>{html.escape(text)}</tspan>")
            out.append("</text>")
        out.append("</svg>\n")
        return "".join(out)


def spans(line):
    """The runs of one style."""
    run = []
    for character, style in line:
        if run and run[-1][0] == style:
            run[-1][1] += character
        else:
            run.append([style, character])
    return run


def main():
    program = os.path.abspath(sys.argv[1])
    screen = Screen()
    with tempfile.TemporaryDirectory() as folder:
        before, (url, status), after = run([program, "tour"], folder)
        screen.write("\x1b[1m$ beansprout tour\x1b[0m\r\n" + before.rstrip().replace(folder + "/work", "~") + "\r\n")
        screen.write(f"\x1b[1m$ curl -sI {url} | head -1\x1b[0m\x1b[2m    (in another terminal)\x1b[0m\r\n")
        # The key itself is what the terminal shows of Ctrl-C.
        after = "^C\r\n" + after.lstrip().replace(folder + "/work", "~")
        screen.write(f"\x1b[32m{status}\x1b[0m\r\n" + after)
    sys.stdout.write(screen.svg())


if __name__ == "__main__":
    main()
