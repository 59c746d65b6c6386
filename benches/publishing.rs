//! What `publish` sends, and how long that takes, beside a whole upload and beside boto3's own upload in parts.
//!
//!     cargo bench --bench publishing              # bundles of 400 MB, about an hour
//!     cargo bench --bench publishing -- 60        # of 60 MB
//!     cargo bench --bench publishing -- 60 files  # one corpus
//!
//! Everything goes to the embedded AWS through a line of 20 Mbit/s in each direction, which all connections share, so that
//! bytes cost what they cost at home. Every round runs each program once, in turn; the table has ratios of medians, because
//! times are those of one machine and one line. How fast S3 itself copies is not in it: nobody can measure that here.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and stops where it cannot go on")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures the machine itself")]

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use beansprout::sandbox::{self, Server, Settings};
use beansprout::world::World;
use serde_json::Value;

/// Bytes a second: 20 Mbit/s.
const LINE: f64 = 2_500_000.0;
const BOTO3: &str = "boto3==1.44.5";
const ROUNDS: usize = 3;

struct Corpus {
    name: &'static str,
    /// Bytes of each file.
    file: usize,
}

const CORPORA: [Corpus; 3] = [
    Corpus { name: "videos", file: 50_000_000 },
    Corpus { name: "pictures", file: 100_000 },
    Corpus { name: "files", file: 20_000 },
];

/// What is done between two releases.
const CASES: [&str; 2] = ["10 kB changed", "everything changed"];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let size = words.iter().find_map(|word| word.parse::<usize>().ok()).unwrap_or(400) * 1_000_000;
    let wanted: Vec<&String> = words.iter().filter(|word| word.parse::<usize>().is_err()).collect();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("publishing");
    std::fs::create_dir_all(&place).unwrap();
    let python = boto3(&place);
    println!(
        "beansprout {}, {BOTO3}, {} MB, {} Mbit/s\n",
        env!("CARGO_PKG_VERSION"),
        size / 1_000_000,
        LINE * 8.0 / 1e6
    );
    println!("| corpus | files | case | bytes / whole | time / whole | time / boto3 | seconds |");
    println!("|---|---|---|---|---|---|---|");
    for corpus in CORPORA.iter().filter(|corpus| wanted.is_empty() || wanted.iter().any(|name| *name == corpus.name)) {
        let work = tempfile::tempdir_in(&place).unwrap();
        measure(corpus, size, work.path(), &python);
    }
}

fn measure(corpus: &Corpus, size: usize, work: &Path, python: &Path) {
    let files = (size / corpus.file).max(2);
    let file = size / files;
    let tree = work.join("tree");
    let mut random = fastrand::Rng::with_seed(1);
    write(&tree.join("beansprout.toml"), b"[project]\nname = 'bench'\n");
    write(&tree.join("Procfile"), b"web: gunicorn bench.wsgi\n");
    let path = |number: usize| tree.join(format!("media/{:03}/{number:06}.bin", number / 100));
    for number in 0..files {
        write(&path(number), &noise(&mut random, file));
    }
    let start = work.join("start");
    let server = serve(&start);
    done(&mut publish(&tree, &server.endpoint(), &["--create-application"]));
    drop(server);
    for case in CASES {
        if case == CASES[0] {
            write(&path(files / 2), &noise(&mut random, 10_000.min(file)));
        } else {
            (0..files).for_each(|number| write(&path(number), &noise(&mut random, file)));
        }
        // Packed before: only publishing is measured.
        let mut package = beansprout(&tree);
        let packed: Value =
            serde_json::from_slice(&package.args(["package", "--json"]).output().unwrap().stdout).unwrap();
        let bundle = packed["path"].as_str().unwrap().to_owned();
        let mut seconds: [Vec<f64>; 3] = Default::default();
        let mut sent = [0; 3];
        for _ in 0..ROUNDS {
            for (way, (seconds, sent)) in seconds.iter_mut().zip(&mut sent).enumerate() {
                let state = work.join("state");
                let _ = std::fs::remove_dir_all(&state);
                done(Command::new("cp").arg("-al").args([&start, &state]));
                let server = serve(&state);
                let line = Line::to(&server.endpoint());
                let mut command = match way {
                    0 => publish(&tree, &line.endpoint, &[]),
                    1 => publish(&tree, &line.endpoint, &["--whole"]),
                    _ => upload(python, &line.endpoint, &tree.join(&bundle)),
                };
                let began = Instant::now();
                done(&mut command);
                seconds.push(began.elapsed().as_secs_f64());
                *sent = line.sent.load(Ordering::SeqCst);
            }
        }
        let [ours, whole, boto3] = seconds.map(median);
        println!(
            "| {} | {files} | {case} | {:.4} | {:.3} | {:.3} | {ours:.1} |",
            corpus.name,
            sent[0] as f64 / sent[1] as f64,
            ours / whole,
            ours / boto3
        );
        std::io::stdout().flush().unwrap();
    }
}

/// A line to an endpoint: slow, and it counts.
struct Line {
    endpoint: String,
    /// Bytes that went up.
    sent: Arc<AtomicU64>,
}

impl Line {
    fn to(endpoint: &str) -> Self {
        let to = endpoint.strip_prefix("http://").unwrap().to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let sent = Arc::new(AtomicU64::new(0));
        let up = Pipe { free: Arc::new(Mutex::new(Instant::now())), count: Arc::clone(&sent) };
        let down = Pipe { free: Arc::new(Mutex::new(Instant::now())), count: Arc::default() };
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&to) else { return };
                let (there, back) = (up.clone(), down.clone());
                let (from, into) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                std::thread::spawn(move || there.carry(from, into));
                std::thread::spawn(move || back.carry(server, client));
            }
        });
        Self { endpoint, sent }
    }
}

/// One direction, for all connections together.
#[derive(Clone)]
struct Pipe {
    /// When the line has carried all that it was given.
    free: Arc<Mutex<Instant>>,
    count: Arc<AtomicU64>,
}

impl Pipe {
    fn carry(&self, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            self.count.fetch_add(read as u64, Ordering::SeqCst);
            let until = {
                let mut free = self.free.lock().unwrap();
                *free = (*free).max(Instant::now()) + Duration::from_secs_f64(read as f64 / LINE);
                *free
            };
            std::thread::sleep(until.saturating_duration_since(Instant::now()));
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    }
}

fn serve(state: &Path) -> Server {
    Server::start(Settings::new(&World::real().unwrap(), state)).unwrap()
}

fn beansprout(tree: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_beansprout"));
    command.arg("-C").arg(tree);
    command
}

fn publish(tree: &Path, endpoint: &str, flags: &[&str]) -> Command {
    let mut command = beansprout(tree);
    command.arg("publish").args(flags).envs(sandbox::variables(endpoint)).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// As the AWS SDK uploads a large file by itself.
fn upload(python: &Path, endpoint: &str, bundle: &Path) -> Command {
    const UPLOAD: &str = "import boto3, sys\n\
        s3 = boto3.client('s3')\n\
        bucket = s3.list_buckets()['Buckets'][0]['Name']\n\
        s3.upload_file(sys.argv[1], bucket, 'boto3.zip')";
    let mut command = Command::new(python);
    command.args(["-c", UPLOAD]).arg(bundle).envs(sandbox::variables(endpoint));
    command
}

fn noise(random: &mut fastrand::Rng, bytes: usize) -> Vec<u8> {
    let mut content = vec![0; bytes];
    random.fill(&mut content);
    content
}

fn write(path: &Path, content: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

fn done(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn boto3(place: &Path) -> PathBuf {
    let venv = place.join("boto3");
    let python = venv.join("bin/python");
    if !venv.join("installed").exists() {
        done(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
        done(Command::new(&python).args(["-m", "pip", "install", "--quiet", BOTO3]));
        std::fs::write(venv.join("installed"), "").unwrap();
    }
    python
}
