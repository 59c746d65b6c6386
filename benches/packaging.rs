//! How long `package` takes beside its peers, on corpora that this program makes.
//!
//!     cargo bench --bench packaging            # the table, in about ten minutes
//!     cargo bench --bench packaging -- django  # one corpus
//!
//! Every round runs each peer once, in turn, so that a busy moment of the machine hits them alike; the table has ratios
//! of medians. Peers: Info-ZIP `zip -r`, `git archive`, and the EB CLI's own zip code in a virtual environment.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and stops where it cannot go on")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures the machine itself")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Instant;

const DJANGO: &str = "5.2.8";
const EB_CLI: &str = "awsebcli==3.27.5";

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("packaging");
    fs::create_dir_all(&place).unwrap();
    let sources = place.join("sources");
    if !sources.exists() {
        fs::create_dir_all(&sources).unwrap();
        django(&sources, &place);
    }
    CODE.set(read_code(&sources.join("django"))).expect("set once");
    let python = eb_cli(&place);
    println!("{}", machine());
    println!(
        "beansprout {}, {}, {}, {EB_CLI}\n",
        env!("CARGO_PKG_VERSION"),
        first_line("zip", "-v", 1),
        first_line("git", "--version", 0)
    );
    println!(
        "| corpus | files | case | seconds | / zip -r | / EB CLI | / git archive | bytes / git archive | peak MB |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for corpus in CORPORA.iter().filter(|corpus| wanted.is_empty() || wanted.iter().any(|name| name == corpus.name)) {
        let dir = place.join(corpus.name);
        if !dir.join("made").exists() {
            let _ = fs::remove_dir_all(&dir);
            let tree = dir.join("tree");
            fs::create_dir_all(&tree).unwrap();
            (corpus.make)(&tree, &place);
            // The EB CLI packages only what looks like its own project, and what `.ebignore` leaves.
            put(&tree, ".elasticbeanstalk/config.yml".to_owned(), b"global: {}\n");
            let ignored = fs::read(tree.join(".gitignore")).unwrap_or_default();
            put(&tree, ".ebignore".to_owned(), &[ignored.as_slice(), b".git/\n.beansprout/\n"].concat());
            run(Command::new("git").args(["init", "-q"]).current_dir(&tree));
            put(&tree, ".git/info/exclude".to_owned(), b".elasticbeanstalk/\n.beansprout/\n");
            // Nothing of git's own runs beside what is measured.
            run(Command::new("git").args(["config", "gc.auto", "0"]).current_dir(&tree));
            run(Command::new("git").args(["add", "-A"]).current_dir(&tree));
            let commit = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid", "commit", "-qm", "corpus"];
            run(Command::new("git").args(commit).current_dir(&tree));
            run(Command::new("git").args(["gc", "-q"]).current_dir(&tree));
            fs::write(dir.join("made"), "").unwrap();
            // Files that are younger than two seconds are not trusted by the cache.
            std::thread::sleep(std::time::Duration::from_secs(3));
        }
        measure(corpus, &dir, &python);
    }
}

struct Corpus {
    name: &'static str,
    make: fn(&Path, &Path),
    rounds: usize,
    /// A file that the changed case changes.
    changes: &'static str,
}

const CORPORA: [Corpus; 9] = [
    Corpus { name: "tiny", make: tiny, rounds: 40, changes: "app/f0.py" },
    Corpus { name: "django", make: django, rounds: 7, changes: "setup.cfg" },
    Corpus { name: "static", make: static_heavy, rounds: 3, changes: "code/f1.py" },
    Corpus { name: "large", make: large, rounds: 1, changes: "app.py" },
    Corpus { name: "modules", make: modules, rounds: 3, changes: "src/f1.js" },
    Corpus { name: "1k", make: |tree, _| small(tree, 1_000), rounds: 7, changes: "d0/f1" },
    Corpus { name: "10k", make: |tree, _| small(tree, 10_000), rounds: 5, changes: "d0/f1" },
    Corpus { name: "100k", make: |tree, _| small(tree, 100_000), rounds: 3, changes: "d0/f1" },
    Corpus { name: "300k", make: |tree, _| small(tree, 300_000), rounds: 1, changes: "d0/f1" },
];

fn measure(corpus: &Corpus, dir: &Path, python: &Path) {
    let tree = dir.join("tree");
    let out = |name: &str| dir.join(name);
    let beansprout = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beansprout"));
        command.args(["package", "--quiet", "--allow", "*"]).current_dir(&tree).stdout(Stdio::null());
        command
    };
    let state = tree.join(".beansprout");
    let changed = tree.join(corpus.changes);
    let original = fs::read(&changed).unwrap();
    let mut seconds: [Vec<f64>; 6] = Default::default();
    let mut peaks = [0; 3];
    for round in 0..corpus.rounds {
        for name in ["zip.zip", "git.zip"] {
            let _ = fs::remove_file(out(name));
        }
        let _ = fs::remove_dir_all(&state);
        let mut zip = Command::new("zip");
        zip.args(["-qr"]).arg(out("zip.zip")).args([".", "-x", ".git/*", "-x", ".beansprout/*"]);
        seconds[0].push(time(zip.current_dir(&tree)));
        let mut archive = Command::new("git");
        archive.args(["archive", "--format=zip", "HEAD", "-o"]).arg(out("git.zip"));
        seconds[1].push(time(archive.current_dir(&tree)));
        seconds[2].push(time(Command::new(python).args(["-c", EB_ZIP]).arg(out("eb.zip")).current_dir(&tree)));
        seconds[3].push(time(&mut beansprout()));
        // The first run has no cache. This one settles what was too young to be trusted.
        run(&mut beansprout());
        seconds[4].push(time(&mut beansprout()));
        let change = || {
            let more = format!("\n# {:?}\n", Instant::now());
            fs::write(&changed, [original.as_slice(), more.as_bytes()].concat()).unwrap();
        };
        change();
        seconds[5].push(time(&mut beansprout()));
        if round + 1 == corpus.rounds {
            change();
            peaks[2] = peak(&mut beansprout());
            peaks[1] = peak(&mut beansprout());
            fs::remove_dir_all(&state).unwrap();
            peaks[0] = peak(&mut beansprout());
        }
        fs::write(&changed, &original).unwrap();
        // git takes a file that changed within a second for the one it knows; we do not, and would ask it every time.
        run(Command::new("git").args(["read-tree", "HEAD"]).current_dir(&tree));
        run(Command::new("git").args(["update-index", "-q", "--refresh"]).current_dir(&tree));
    }
    let git_bytes = fs::metadata(out("git.zip")).unwrap().len();
    let _ = fs::remove_dir_all(&state);
    run(&mut beansprout());
    let ours = fs::read_dir(state.join("bundles")).unwrap().flatten();
    let ours: u64 = ours
        .filter(|file| file.path().extension().is_some_and(|e| e == "zip"))
        .map(|file| file.metadata().unwrap().len())
        .sum();
    let files = walkdir_count(&tree);
    let [zip, git, eb, ours_each @ ..] = seconds.map(median);
    for ((case, seconds), peak) in ["cold", "nothing changed", "one file changed"].iter().zip(ours_each).zip(peaks) {
        println!(
            "| {} | {files} | {case} | {seconds:.4} | {:.4} | {:.4} | {:.4} | {:.3} | {:.0} |",
            corpus.name,
            seconds / zip,
            seconds / eb,
            seconds / git,
            ours as f64 / git_bytes as f64,
            peak as f64 / 1024.0
        );
        std::io::stdout().flush().unwrap();
    }
    fs::remove_dir_all(&state).unwrap();
}

/// What `eb deploy` does until there is a source bundle: start, set the program up, and its own walk, with the patterns of
/// `.ebignore`.
const EB_ZIP: &str = "
import sys
from ebcli.core import ebcore, ebglobals, ebrun, fileoperations
ebrun.squash_cement_logging()
ebglobals.app = ebcore.EB(argv=['deploy'])
ebglobals.app.setup()
fileoperations.zip_up_project(sys.argv[1], ignore_list=fileoperations.get_ebignore_list())
";

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

fn time(command: &mut Command) -> f64 {
    let start = Instant::now();
    run(command);
    start.elapsed().as_secs_f64()
}

/// The most kilobytes that a run needed. Linux tells as long as it runs.
fn peak(command: &mut Command) -> u64 {
    let mut child = command.spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut kilobytes = 0;
    loop {
        if let Ok(text) = fs::read_to_string(&status)
            && let Some(line) = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))
        {
            kilobytes = line.trim().trim_end_matches(" kB").parse().unwrap_or(kilobytes);
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{command:?}: {status}");
            return kilobytes;
        }
        std::thread::sleep(std::time::Duration::from_micros(200));
    }
}

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

fn first_line(program: &str, argument: &str, line: usize) -> String {
    let output = Command::new(program).arg(argument).output().unwrap();
    String::from_utf8_lossy(&output.stdout).lines().nth(line).unwrap_or(program).trim().to_owned()
}

fn machine() -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("").trim_start_matches([' ', '\t', ':']);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores, {model}, {}", first_line("uname", "-sr", 0))
}

fn walkdir_count(dir: &Path) -> usize {
    let mut waiting = vec![dir.to_owned()];
    let mut files = 0;
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            if entry.file_name() == ".git" || entry.file_name() == ".beansprout" {
                continue;
            }
            match entry.file_type().unwrap().is_dir() {
                true => waiting.push(entry.path()),
                false => files += 1,
            }
        }
    }
    files
}

fn eb_cli(place: &Path) -> PathBuf {
    let venv = place.join("eb-cli");
    let python = venv.join("bin/python");
    if !venv.join("installed").exists() {
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
        run(Command::new(&python).args(["-m", "pip", "install", "--quiet", EB_CLI]));
        fs::write(venv.join("installed"), "").unwrap();
    }
    python
}

/// The same noise on every machine.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        std::iter::repeat_with(|| (self.next() >> 32) as u8).take(length).collect()
    }

    /// A piece of source code, which deflates as such.
    fn code(&mut self, length: usize) -> Vec<u8> {
        let text = CODE.get().expect("the sources of Django are read first");
        let start = (self.next() as usize) % (text.len() - length.min(text.len() - 1));
        let end = (start + length).min(text.len());
        let rest = length - (end - start);
        [&text[start..end], &text[..rest.min(text.len())]].concat()
    }
}

/// The Python, JavaScript and HTML of Django, one after the other.
static CODE: OnceLock<Vec<u8>> = OnceLock::new();

fn read_code(dir: &Path) -> Vec<u8> {
    let mut paths = Vec::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(dir) = waiting.pop() {
        for entry in fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                _ if path.is_dir() => waiting.push(path),
                Some("py" | "js" | "html") => paths.push(path),
                _ => {}
            }
        }
    }
    paths.sort();
    paths.iter().flat_map(|path| fs::read(path).unwrap()).collect()
}

fn put(tree: &Path, path: String, content: &[u8]) {
    let path = tree.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn tiny(tree: &Path, _: &Path) {
    let mut noise = Noise(1);
    (0..30).for_each(|n| put(tree, format!("app/f{n}.py"), &noise.code(2000)));
}

fn small(tree: &Path, number: usize) {
    let mut noise = Noise(2);
    (0..number).for_each(|n| put(tree, format!("d{}/f{n}", n / 100), &noise.code(2048)));
}

/// About 2000 files with 400 MB: pictures and fonts that do not deflate, scripts and sheets that do, and some code.
fn static_heavy(tree: &Path, _: &Path) {
    let mut noise = Noise(3);
    (0..1000).for_each(|n| put(tree, format!("static/img/p{n}.jpg"), &noise.bytes(100_000 + n * 350)));
    (0..6).for_each(|n| put(tree, format!("static/video/v{n}.mp4"), &noise.bytes(8_000_000)));
    (0..500).for_each(|n| put(tree, format!("static/js/s{n}.js"), &noise.code(30_000 + n * 200)));
    (0..500).for_each(|n| put(tree, format!("code/f{n}.py"), &noise.code(6000)));
}

/// One file that takes long and does not fit into the memory that a run may have: half of it deflates.
fn large(tree: &Path, _: &Path) {
    let mut noise = Noise(6);
    let mut content = noise.bytes(225_000_000);
    (0..225).for_each(|_| content.extend(noise.code(1_000_000)));
    put(tree, "data.bin".to_owned(), &content);
    put(tree, "app.py".to_owned(), b"print()\n");
}

/// What a project of Django and Node.js ignores, as most do that began with somebody's template.
const IGNORED: &str = "
    __pycache__/ *.py[cod] *$py.class *.so .Python build/ develop-eggs/ dist/ downloads/ eggs/ .eggs/ lib64/ parts/ sdist/ wheels/
    *.egg-info/ .installed.cfg *.egg MANIFEST pip-log.txt pip-delete-this-directory.txt htmlcov/ .tox/ .nox/ .coverage
    .coverage.* nosetests.xml coverage.xml *.cover .hypothesis/ .pytest_cache/ *.log local_settings.py db.sqlite3
    db.sqlite3-journal .env .venv env/ venv/ ENV/ .mypy_cache/ .ruff_cache/ staticfiles/ media/ .idea/ .vscode/ *.swp .DS_Store
    /frontend/node_modules/ npm-debug.log* yarn-error.log* .npm .eslintcache *.tsbuildinfo .cache/ .next/ .parcel-cache/
";

/// About 70,000 files in small packages, of which 30 % are ignored.
fn modules(tree: &Path, _: &Path) {
    let mut noise = Noise(4);
    put(tree, ".gitignore".to_owned(), IGNORED.split_whitespace().collect::<Vec<_>>().join("\n").as_bytes());
    let mut package = |root: &str, n: usize| {
        for f in 0..20 {
            put(tree, format!("{root}/p{n}/lib/f{f}.js"), &noise.code(1500 + f * 150));
        }
    };
    (0..1050).for_each(|n| package("frontend/node_modules", n));
    (0..2450).for_each(|n| package("vendor", n));
    let mut noise = Noise(5);
    (0..500).for_each(|n| put(tree, format!("src/f{n}.js"), &noise.code(5000)));
}

/// The sources of Django, as it is published.
fn django(tree: &Path, place: &Path) {
    let sdist = place.join(format!("django-{DJANGO}.tar.gz"));
    if !sdist.exists() {
        let dir = place.join("download");
        let requirement = format!("Django=={DJANGO}");
        run(Command::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest"])
            .args([&dir])
            .arg(requirement));
        let found = fs::read_dir(&dir).unwrap().flatten().next().unwrap().path();
        fs::rename(found, &sdist).unwrap();
    }
    run(Command::new("tar").args(["--strip-components=1", "-xzf"]).arg(&sdist).current_dir(tree));
}
