//! How long an instance installs its packages, with wheels in the bundle and without.
//!
//!     cargo bench --bench installing                  # three rounds, in some minutes
//!     cargo bench --bench installing --profile dev    # what is measured is pip: any build will do
//!
//! The package index is one on loopback that sends 20 Mbit/s, with the wheels that the public one has; pip's cache is empty in every
//! round, as on a new instance, and both ways take turns. What else happens until an instance answers (an environment is made,
//! migrations run, gunicorn starts) takes the same time either way, and other times on every machine: it is not measured.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and stops where it cannot go on")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures the machine itself")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const BEANSPROUT: &str = env!("CARGO_BIN_EXE_beansprout");
const BITS_PER_SECOND: f64 = 20_000_000.0;
const ROUNDS: usize = 3;
/// What shops have beside Django, PostgreSQL and gunicorn.
const MORE: &str = "Pillow==11.3.0\ncryptography==45.0.7\nboto3==1.40.21\nrequests==2.32.5\n";

fn main() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("installing");
    let _ = fs::remove_dir_all(&place);
    fs::create_dir_all(&place).unwrap();
    let version = said(Command::new("python3").args(["-c", "import sys; print('3.%d' % sys.version_info[1])"]));
    let set = format!("python={version}");
    let (bare, wheels) = (place.join("bare"), place.join("wheels"));
    for project in [&bare, &wheels] {
        let answers = ["new", project.to_str().unwrap(), "--defaults", "--set", &set, "--set", "database=sqlite"];
        run(Command::new(BEANSPROUT).args(answers).args(["--set", "project_name=shop"]));
        let path = project.join("requirements.txt");
        let asked = fs::read_to_string(&path).unwrap() + "psycopg-binary==3.2.9\n" + MORE;
        fs::write(path, asked).unwrap();
    }
    run(Command::new(BEANSPROUT).args(["-C", wheels.to_str().unwrap(), "wheels", "--yes"]));
    // Exactly the same packages for both: every version is named.
    let exact = fs::read_to_string(wheels.join("requirements.txt")).unwrap();
    let exact = exact.lines().filter(|line| line.contains("==")).map(|line| line.trim_end_matches(" \\"));
    fs::write(bare.join("requirements.txt"), exact.collect::<Vec<_>>().join("\n")).unwrap();
    let files: BTreeMap<String, Vec<u8>> = fs::read_dir(wheels.join("wheels"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(path).unwrap()))
        .collect();
    let size: usize = files.values().map(Vec::len).sum();
    println!("{} packages with {:.1} MB, Python {version}, index at 20 Mbit/s\n", files.len(), size as f64 / 1e6);
    let index = serve(files);

    let mut times: [Vec<f64>; 2] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(install(&bare, &place, &index));
        times[1].push(install(&wheels, &place, "http://127.0.0.1:1/simple/"));
    }
    let [bare_pip, wheels_pip] = times.map(median);
    println!("| what | index | wheels | wheels / index |\n|---|---|---|---|");
    println!(
        "| `pip install -r requirements.txt` | {bare_pip:.1} s | {wheels_pip:.1} s | {:.2} |",
        wheels_pip / bare_pip
    );
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Seconds that pip takes, into an environment with nothing in it.
fn install(project: &Path, place: &Path, index: &str) -> f64 {
    let venv = place.join("venv");
    let _ = fs::remove_dir_all(&venv);
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let begun = Instant::now();
    run(offline(Command::new(venv.join("bin/pip")).args(["install", "--quiet", "-r", "requirements.txt"]), index)
        .current_dir(project));
    begun.elapsed().as_secs_f64()
}

/// Nothing of this machine's own: no cache, no configuration, this index.
fn offline<'a>(command: &'a mut Command, index: &str) -> &'a mut Command {
    command
        .env_remove("PIP_FIND_LINKS")
        .env("PIP_CONFIG_FILE", "/dev/null")
        .env("PIP_INDEX_URL", index)
        .env("PIP_NO_CACHE_DIR", "1")
        .env("PIP_DISABLE_PIP_VERSION_CHECK", "1")
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

fn said(command: &mut Command) -> String {
    String::from_utf8(command.output().unwrap().stdout).unwrap().trim().to_owned()
}

/// One wire for all connections: when the next byte may leave.
type Wire = Arc<Mutex<Instant>>;

/// An index with these files; its address.
fn serve(files: BTreeMap<String, Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let files = Arc::new(files);
    let wire: Wire = Arc::new(Mutex::new(Instant::now()));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (files, wire) = (Arc::clone(&files), Arc::clone(&wire));
            thread::spawn(move || answer(stream, &files, &wire));
        }
    });
    format!("http://{address}/simple/")
}

fn answer(stream: TcpStream, files: &BTreeMap<String, Vec<u8>>, wire: &Wire) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let mut request = String::new();
        if reader.read_line(&mut request).unwrap_or(0) == 0 {
            return;
        }
        let mut header = String::new();
        while reader.read_line(&mut header).unwrap_or(0) > 2 {
            header.clear();
        }
        let path = request.split(' ').nth(1).unwrap_or_default().trim_matches('/').to_owned();
        let (kind, body) = match path.split_once('/') {
            Some(("simple", name)) => ("text/html", page(name, files).into_bytes()),
            Some((_, name)) => ("application/octet-stream", files.get(name).cloned().unwrap_or_default()),
            None => ("text/plain", Vec::new()),
        };
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
        if writer.write_all(head.as_bytes()).is_err() {
            return;
        }
        for piece in body.chunks(16_384) {
            let until = {
                let mut free = wire.lock().unwrap();
                *free =
                    (*free).max(Instant::now()) + Duration::from_secs_f64(piece.len() as f64 * 8.0 / BITS_PER_SECOND);
                *free
            };
            thread::sleep(until.saturating_duration_since(Instant::now()));
            if writer.write_all(piece).is_err() {
                return;
            }
        }
    }
}

/// The files of a package, by the beginnings of their names.
fn page(name: &str, files: &BTreeMap<String, Vec<u8>>) -> String {
    let of = |file: &&String| {
        let package = file.split('-').next().unwrap_or_default().to_ascii_lowercase().replace(['_', '.'], "-");
        package == name
    };
    let links = files.keys().filter(of).map(|file| format!("<a href=\"/files/{file}\">{file}</a>"));
    format!("<!DOCTYPE html><title>{name}</title>{}", links.collect::<Vec<_>>().join("<br>"))
}
