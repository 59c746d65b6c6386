//! A person at a real (pseudo-)terminal: reads the screen, types, presses Ctrl-C.

use std::io::{Read, Write};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::harness::Place;

pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    seen: String,
    /// The bytes as the terminal got them, with colours and cursor movements.
    raw: Vec<u8>,
    /// How much of `seen` was waited for already.
    read: usize,
    master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Run beansprout in a terminal that is `columns` wide.
    pub(crate) fn run(place: &Place, columns: u16, arguments: &[&str]) -> Self {
        let size = PtySize { rows: 40, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_beansprout"));
        command.args(arguments);
        command.cwd(place.dir());
        command.env_clear();
        command.env("TERM", "xterm");
        command.env("LC_ALL", "C.UTF-8");
        command.env("HOME", place.dir());
        for (name, value) in place.vars() {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let keyboard = pair.master.take_writer().unwrap();
        let (send, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length) = reader.read(&mut buffer) {
                if length == 0 || send.send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keyboard, output, seen: String::new(), raw: Vec::new(), read: 0, master: pair.master }
    }

    /// Wait until the screen shows `text`, after what was waited for before.
    #[track_caller]
    pub(crate) fn sees(&mut self, text: &str) -> &mut Self {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(at) = self.seen[self.read..].find(text) {
                self.read += at + text.len();
                return self;
            }
            let left = end.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.take(&bytes),
                Err(_) => panic!("`{text}` never appeared after byte {} of:\n{}", self.read, self.seen),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.seen.push_str(&plain(bytes));
        self.raw.extend_from_slice(bytes);
    }

    /// Between two keys that it reads, the program leaves the terminal as it was, and a terminal that is not raw takes a
    /// backspace on an empty line for itself: so that key waits until the program reads.
    pub(crate) fn types(&mut self, keys: &str) -> &mut Self {
        let end = Instant::now() + Duration::from_secs(30);
        while keys.starts_with('\x7f') && !self.is_raw() {
            assert!(Instant::now() < end, "the program reads no keys:\n{}", self.seen);
            std::thread::sleep(Duration::from_millis(1));
        }
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
        self
    }

    /// Does the program get each key as it is typed?
    fn is_raw(&self) -> bool {
        self.master.get_termios().is_some_and(|termios| !format!("{:?}", termios.local_flags).contains("ICANON"))
    }

    pub(crate) fn enter(&mut self) -> &mut Self {
        self.types("\r")
    }

    /// The exit code, and everything that was on the screen.
    #[track_caller]
    pub(crate) fn ends(self) -> (u32, String) {
        let (exit, seen, _) = self.ends_with_bytes();
        (exit, seen)
    }

    /// The same, and the bytes that the terminal got.
    #[track_caller]
    pub(crate) fn ends_with_bytes(mut self) -> (u32, String, Vec<u8>) {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            while let Ok(bytes) = self.output.try_recv() {
                self.take(&bytes);
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
                    self.take(&bytes);
                }
                return (status.exit_code(), self.seen, self.raw);
            }
            assert!(Instant::now() < end, "did not end:\n{}", self.seen);
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// What a person reads: without colours and cursor movements. `ESC [ ? 25 h` (show the cursor) is kept as `<cursor>`.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes).replace("\x1b[?25h", "<cursor>");
    let mut out = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\x1b') {
        out.push_str(&rest[..at]);
        let sequence = &rest[at + 1..];
        let end = sequence.char_indices().skip(1).find(|(_, c)| c.is_ascii_alphabetic());
        rest = end.map_or("", |(index, _)| &sequence[index + 1..]);
    }
    out.push_str(rest);
    out
}
