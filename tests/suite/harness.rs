//! A test reads like a terminal transcript: arrange files, run the real binary, look at what a person would see.
//!
//! Hermetic: an empty environment but for `PATH`, an own `HOME`, an own folder that goes away with the test.

use std::ffi::OsStr;
use std::fmt;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A port for a server that is about to start, and that no system gives to somebody's outgoing connection before.
pub(crate) fn free_port() -> u16 {
    let listen = |port| TcpListener::bind(("127.0.0.1", port)).ok();
    let listener = (0..100).find_map(|_| listen(fastrand::u16(20_000..32_768))).unwrap();
    listener.local_addr().unwrap().port()
}

/// A folder for one test.
pub(crate) struct Place {
    temp: TempDir,
    inside: PathBuf,
    vars: Vec<(String, String)>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let temp = tempfile::Builder::new().prefix("beansprout-test-").tempdir().unwrap();
        std::fs::create_dir(temp.path().join("home")).unwrap();
        std::fs::create_dir(temp.path().join("work")).unwrap();
        Self { temp, inside: PathBuf::from("work"), vars: Vec::new() }
    }

    /// A place of its own with the same files, beside this one.
    pub(crate) fn twin(&self) -> Self {
        let parent = self.temp.path().parent().unwrap();
        let temp = tempfile::Builder::new().prefix("beansprout-test-").tempdir_in(parent).unwrap();
        copy(self.temp.path(), temp.path());
        Self { temp, inside: self.inside.clone(), vars: self.vars.clone() }
    }

    /// A place in the machine's memory, where it has such a folder: thousands of them are made and forgotten.
    pub(crate) fn fleeting() -> Self {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let temp = tempfile::Builder::new().prefix("beansprout-test-").tempdir_in(parent).unwrap();
        std::fs::create_dir(temp.path().join("home")).unwrap();
        std::fs::create_dir(temp.path().join("work")).unwrap();
        Self { temp, inside: PathBuf::from("work"), vars: Vec::new() }
    }

    /// The same files in the machine's memory.
    pub(crate) fn into_memory(self) -> Self {
        let place = Self { inside: self.inside.clone(), vars: self.vars.clone(), ..Self::fleeting() };
        copy(self.temp.path(), place.temp.path());
        place
    }

    /// Where commands run.
    pub(crate) fn dir(&self) -> PathBuf {
        self.temp.path().join(&self.inside)
    }

    /// From here on, as after `cd`.
    pub(crate) fn enter(mut self, path: &str) -> Self {
        self.inside.push(path);
        self
    }

    pub(crate) fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir().join(path)
    }

    pub(crate) fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write(path, content);
        self
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// Set a variable for every command of this place.
    pub(crate) fn var(mut self, name: &str, value: impl Into<String>) -> Self {
        self.vars.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn vars(&self) -> &[(String, String)] {
        &self.vars
    }

    /// Any program, in this place and its environment.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.dir())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.temp.path().join("home"))
            .env("LC_ALL", "C.UTF-8")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .envs(self.vars.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        // How this machine reaches the package registry is not part of the test.
        for (name, value) in std::env::vars_os() {
            let name_text = name.to_string_lossy();
            if name_text.starts_with("PIP_") || name_text.to_ascii_lowercase().ends_with("_proxy") {
                command.env(name, value);
            }
        }
        command
    }

    pub(crate) fn beansprout<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_beansprout"));
        command.args(arguments);
        command
    }

    /// Run beansprout to its end.
    #[track_caller]
    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        self.finish(self.beansprout(arguments))
    }

    /// Run any program to its end and fail the test if it fails.
    #[track_caller]
    pub(crate) fn sh(&self, program: &str, arguments: &[&str]) -> String {
        let mut command = self.command(program);
        command.args(arguments);
        let run = self.finish(command);
        assert_eq!(run.exit, 0, "{program} {arguments:?}\n{run}");
        run.stdout
    }

    #[track_caller]
    pub(crate) fn finish(&self, mut command: Command) -> Run {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        self.ended(child.unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    /// Wait for the end of a program whose output goes into pipes.
    #[track_caller]
    pub(crate) fn ended(&self, child: std::process::Child) -> Run {
        let output = child.wait_with_output().unwrap();
        let tidy = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            text.replace(&*self.dir().to_string_lossy(), "[DIR]")
        };
        Run { exit: output.status.code().unwrap_or(-1), stdout: tidy(&output.stdout), stderr: tidy(&output.stderr) }
    }

    /// Start beansprout and keep it running.
    pub(crate) fn start<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Running {
        let mut command = self.beansprout(arguments);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        Running::new(child)
    }

    /// A git repository with everything that is in the place committed.
    pub(crate) fn git(self) -> Self {
        self.sh("git", &["init", "-q", "-b", "main"]);
        self.sh("git", &["config", "user.name", "Test"]);
        self.sh("git", &["config", "user.email", "test@example.invalid"]);
        self.sh("git", &["add", "-A"]);
        self.sh("git", &["commit", "-q", "--allow-empty", "-m", "first"]);
        self
    }
}

/// Copy a folder and all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let Ok(entries) = std::fs::read_dir(from) else { return };
    for entry in entries.map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// What a finished command said.
pub(crate) struct Run {
    pub(crate) exit: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// The run must have ended well.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        self.exit(0)
    }

    #[track_caller]
    pub(crate) fn exit(self, code: i32) -> Self {
        assert_eq!(self.exit, code, "\n{self}");
        self
    }

    /// stdout as the JSON document that it must be.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("not JSON: {error}\n{self}"))
    }

    /// stdout as the document `name/version`, which must be what `docs/schema` promises.
    #[track_caller]
    pub(crate) fn document(&self, name: &str) -> serde_json::Value {
        let document = self.json();
        assert_eq!(document["schema"], format!("beansprout.{name}"), "{self}");
        self.validate(&self.stdout, name);
        document
    }

    /// The lines of stderr that are for programs, which must be what `docs/schema` promises too.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<serde_json::Value> {
        let lines = self.stderr.lines().filter(|line| line.starts_with('{'));
        let event = |line: &str| {
            self.validate(line, "event/1");
            serde_json::from_str(line).unwrap()
        };
        lines.map(event).collect()
    }

    #[track_caller]
    fn validate(&self, text: &str, name: &str) {
        const VALIDATE: &str = "import json, sys, jsonschema\n\
            schema = json.load(open(sys.argv[1]))\n\
            jsonschema.Draft202012Validator.check_schema(schema)\n\
            jsonschema.validate(json.load(sys.stdin), schema)";
        let schema = format!("docs/schema/{}.json", name.replace('/', "-"));
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join(schema);
        let mut child = Command::new(python())
            .args(["-c", VALIDATE])
            .arg(&schema)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let problems = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{}\n{problems}\n{self}", schema.display());
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.stdout)?;
        if !self.stderr.is_empty() {
            write!(f, "----- stderr -----\n{}", self.stderr)?;
        }
        if self.exit != 0 {
            write!(f, "----- exit {} -----", self.exit)?;
        }
        Ok(())
    }
}

/// A beansprout that goes on, such as the sandbox. Ended when dropped.
pub(crate) struct Running {
    child: std::process::Child,
    lines: std::sync::mpsc::Receiver<String>,
    seen: String,
}

impl Running {
    pub(crate) fn new(mut child: std::process::Child) -> Self {
        let (send, lines) = std::sync::mpsc::channel();
        let streams: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for stream in streams {
            let send = send.clone();
            std::thread::spawn(move || {
                for line in std::io::BufRead::lines(std::io::BufReader::new(stream)) {
                    let Ok(line) = line else { return };
                    if send.send(line).is_err() {
                        return;
                    }
                }
            });
        }
        Self { child, lines, seen: String::new() }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The rest of the first line that has `before` in it, after it. Fails the test after two minutes.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, before: &str) -> String {
        let end = Instant::now() + Duration::from_secs(300);
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("never said `{before}`, but:\n{}", self.seen);
            };
            self.seen.push_str(&line);
            self.seen.push('\n');
            if let Some((_, rest)) = line.split_once(before) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Send a signal by name, such as `INT`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Wait for its end. Fails the test after a minute.
    #[track_caller]
    pub(crate) fn finish(mut self) -> i32 {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < end, "did not end; it had said:\n{}", self.seen);
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // SIGTERM first, so that it ends what it started itself, on a busy machine too.
        let _ = Command::new("kill").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        for _ in 0..3000 {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is this the long form, as `.ci/nightly` runs it?
pub(crate) fn full() -> bool {
    std::env::var_os("BEANSPROUT_TESTS").is_some_and(|form| form == "full")
}

/// The number of cases of a property: `BEANSPROUT_CASES`, or else that of the short or of the long form.
pub(crate) fn cases(short: u32, long: u32) -> u32 {
    let asked = std::env::var("BEANSPROUT_CASES").ok();
    let form = if full() { long } else { short };
    asked.map_or(form, |cases| cases.parse().expect("BEANSPROUT_CASES is a number"))
}

/// Say which part of a test could not run here, and why.
pub(crate) fn left_out(why: &str) {
    // Not `eprintln!`: the test runner would keep it to itself.
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "left out of {test}: {why}");
}

/// Where tests keep what is expensive to make, inside `target/`.
pub(crate) fn cache_dir() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    std::fs::create_dir_all(target).unwrap();
    target.to_owned()
}

/// The Python of a virtual environment with the pinned packages of `tests/requirements.txt`, made once.
pub(crate) fn python() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    venv(&PYTHON, "python", "tests/requirements.txt")
}

/// The Python of a virtual environment with the EB CLI, which brings its own versions of much.
pub(crate) fn ebcli() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    venv(&PYTHON, "ebcli", "tests/requirements-ebcli.txt")
}

/// The folder with the pinned linters of `tests/requirements-linters.txt`.
pub(crate) fn linters() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    let python = venv(&PYTHON, "linters", "tests/requirements-linters.txt");
    python.parent().expect("it is in `bin`").to_owned()
}

/// The Python of a virtual environment with moto, which brings a web server.
pub(crate) fn moto() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    venv(&PYTHON, "moto", "tests/requirements-moto.txt")
}

/// The folder with copier.
pub(crate) fn copier() -> PathBuf {
    static PYTHON: OnceLock<PathBuf> = OnceLock::new();
    let python = venv(&PYTHON, "copier", "tests/requirements-copier.txt");
    python.parent().expect("it is in `bin`").join("copier")
}

/// Needs Python 3 with venv, and the package registry the first time.
fn venv(made: &OnceLock<PathBuf>, name: &str, requirements: &str) -> PathBuf {
    made.get_or_init(|| {
        let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join(requirements);
        let pinned = std::fs::read_to_string(&requirements).unwrap();
        let venv = cache_dir().join(name);
        // Another run of the suite may be making it.
        let lock = std::fs::File::create(cache_dir().join(format!("{name}.lock"))).unwrap();
        lock.lock().unwrap();
        let stamp = venv.join("installed.txt");
        let python = venv.join("bin/python");
        if std::fs::read_to_string(&stamp).is_ok_and(|text| text == pinned) {
            return python;
        }
        let run = |command: &mut Command| {
            let output = command.output().unwrap_or_else(|error| {
                panic!("the tests need Python 3 (Debian: `python3` and `python3-venv`): {command:?}: {error}")
            });
            assert!(
                output.status.success(),
                "{command:?}\nDebian has venv in `python3-venv`\n{}",
                String::from_utf8_lossy(&output.stderr)
            );
        };
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements));
        std::fs::write(&stamp, pinned).unwrap();
        python
    })
    .clone()
}

/// The unpacked files of a package from the npm registry, `name@version`; `None` without npm. Nothing of it is run.
pub(crate) fn npm_package(name: &str) -> Option<PathBuf> {
    if missing("npm", "npm") {
        return None;
    }
    let safe: String = name.chars().map(|char| if char.is_ascii_alphanumeric() { char } else { '-' }).collect();
    let lock = std::fs::File::create(cache_dir().join(format!("npm-{safe}.lock"))).unwrap();
    lock.lock().unwrap();
    let dir = cache_dir().join(format!("npm-{safe}"));
    if !dir.join("package").is_dir() {
        let _ = std::fs::remove_dir_all(&dir);
        let half = tempfile::tempdir_in(cache_dir()).unwrap();
        let run = |command: &mut Command| {
            let output = command.current_dir(half.path()).output().unwrap();
            assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().trim().to_owned()
        };
        let archive = run(Command::new("npm").args(["pack", "--silent", "--ignore-scripts", name]));
        run(Command::new("tar").args(["-xzf", &archive]));
        std::fs::rename(half.keep(), &dir).unwrap();
    }
    Some(dir.join("package"))
}

/// Is `program` missing on this machine? Says which Debian package has it, so that nobody takes the test for done.
pub(crate) fn missing(program: &str, package: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]).any(|dir| dir.join(program).is_file());
    if !found {
        left_out(&format!("`{program}` is not installed (Debian: `{package}`)"));
    }
    !found
}

/// Where processes with this entry in their environment listen for other machines, as the kernel's tables have it.
pub(crate) fn open_to_others(entry: &str) -> Vec<String> {
    let mut inodes = Vec::new();
    for dir in std::fs::read_dir("/proc").unwrap().flatten().map(|dir| dir.path()) {
        let vars = std::fs::read(dir.join("environ")).unwrap_or_default();
        if vars.split(|byte| *byte == 0).any(|var| var == entry.as_bytes()) {
            let files = std::fs::read_dir(dir.join("fd")).into_iter().flatten().flatten();
            inodes.extend(
                files.filter_map(|file| std::fs::read_link(file.path()).ok()?.into_os_string().into_string().ok()),
            );
        }
    }
    let mut open = Vec::new();
    for (table, loopback) in [("tcp", "0100007F:"), ("tcp6", "00000000000000000000000001000000:")] {
        for line in std::fs::read_to_string(format!("/proc/net/{table}")).unwrap_or_default().lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let ours = inodes.contains(&format!("socket:[{}]", fields[9]));
            if ours && fields[3] == "0A" && !fields[1].starts_with(loopback) {
                open.push(fields[1].to_owned());
            }
        }
    }
    open
}

/// The command lines of the living processes with this entry in their environment. Only Linux tells.
pub(crate) fn processes_with(entry: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().filter_map(|dir| {
        let dir = dir.ok()?.path();
        let vars = std::fs::read(dir.join("environ")).ok()?;
        let has = vars.split(|byte| *byte == 0).any(|var| var == entry.as_bytes());
        // A zombie has ended; whoever should wait for it has not looked yet.
        let zombie = std::fs::read_to_string(dir.join("stat")).is_ok_and(|stat| stat.contains(") Z "));
        (has && !zombie).then(|| std::fs::read_to_string(dir.join("cmdline")).unwrap_or_default().replace('\0', " "))
    });
    processes.collect()
}
