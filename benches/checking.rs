//! How long `check` and `explain` take, and `check` beside `cfn-lint` on the same `.config` files.
//!
//!     cargo bench --bench checking
//!
//! Every round runs each program once, in turn, so that a busy moment of the machine hits them alike. The figures are
//! medians. cfn-lint reads CloudFormation templates and knows no `.config` files as such; it is the nearest peer that reads
//! YAML of this kind and reports places.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and stops where it cannot go on")]
#![allow(clippy::disallowed_methods, reason = "a benchmark measures the machine itself")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

const DJANGO: &str = "Django==5.2.8";
const CFN_LINT: &str = "cfn-lint==1.58.0";
const ROUNDS: usize = 21;

fn main() {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("checking");
    std::fs::create_dir_all(&place).unwrap();
    let ours = |dir: &Path, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_beansprout"));
        command.arg("-C").arg(dir).args(arguments);
        command
    };
    let generated = place.join("generated");
    if !generated.exists() {
        done(&mut ours(&place, &["new", "generated", "--defaults"]));
    }
    let django = django(&place);
    let configs = configs(&place.join("configs"), 100);
    let python = venv(&place);
    let mut lint = Command::new(python.with_file_name("cfn-lint"));
    lint.args(["--format", "parseable", "--include-checks", "W"]);
    lint.args(std::fs::read_dir(configs.join(".ebextensions")).unwrap().map(|entry| entry.unwrap().path()));

    let mut cases = [
        ("`check`, a generated project", ours(&generated, &["check"])),
        ("`explain`, a generated project", ours(&generated, &["explain"])),
        ("`check`, Django's own tree", ours(&django, &["check"])),
        ("`check`, 100 `.config` files", ours(&configs, &["check"])),
        ("cfn-lint, the same 100 files", lint),
    ];
    let mut seconds = vec![Vec::new(); cases.len()];
    for round in 0..ROUNDS {
        for ((_, command), seconds) in cases.iter_mut().zip(&mut seconds) {
            // The first round only fills the caches of the machine. cfn-lint takes its time, and tells enough in five.
            let slow = seconds.first().is_some_and(|first| *first > 1.0) && seconds.len() >= 5;
            if !slow {
                let took = time(command);
                if round > 0 {
                    seconds.push(took);
                }
            }
        }
    }
    println!("beansprout {}, {CFN_LINT}, {DJANGO}\n", env!("CARGO_PKG_VERSION"));
    println!("| case | milliseconds |\n|---|---|");
    let medians: Vec<f64> = seconds.into_iter().map(median).collect();
    for ((name, _), median) in cases.iter().zip(&medians) {
        println!("| {name} | {:.1} |", median * 1_000.0);
    }
    println!("\ncfn-lint / `check` on the same files: {:.0}", medians[4] / medians[3]);
}

fn time(command: &mut Command) -> f64 {
    let start = Instant::now();
    // Both end with another code than 0 where they find something, which is not the point.
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
    assert!(status.code().is_some_and(|code| code < 100), "{command:?}: {status}");
    start.elapsed().as_secs_f64()
}

fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

#[track_caller]
fn done(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// Files such as people write: options, packages, files, commands, and resources that cfn-lint knows.
fn configs(place: &Path, number: usize) -> PathBuf {
    let extensions = place.join(".ebextensions");
    std::fs::create_dir_all(&extensions).unwrap();
    for file in 0..number {
        let text = format!(
            "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    NAME_{file}: value\n\
             packages:\n  yum:\n    libpq-devel: []\n\
             files:\n  /etc/app/{file}.conf:\n    mode: \"000644\"\n    content: |\n      a = 1\n      b = 2\n\
             container_commands:\n  {file:03}_work:\n    command: \"source /var/app/venv/*/bin/activate && python manage.py check\"\n\
             Resources:\n  Queue{file}:\n    Type: AWS::SQS::Queue\n    Properties:\n      VisibilityTimeout: 60\n"
        );
        std::fs::write(extensions.join(format!("{file:03}.config")), text).unwrap();
    }
    std::fs::write(place.join("manage.py"), "").unwrap();
    place.to_owned()
}

/// The unpacked source distribution, which is far larger than any project.
fn django(place: &Path) -> PathBuf {
    let tree = place.join("django");
    if !tree.exists() {
        let download = place.join("download");
        done(
            Command::new("python3")
                .args(["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest"])
                .args([&download, Path::new(DJANGO)]),
        );
        let archive = std::fs::read_dir(&download).unwrap().next().unwrap().unwrap().path();
        let half = place.join("half");
        std::fs::create_dir_all(&half).unwrap();
        done(Command::new("tar").args(["--strip-components=1", "-xzf"]).arg(archive).current_dir(&half));
        // So that the rules for deployments look at it as well.
        std::fs::write(half.join("Procfile"), "web: gunicorn mysite.wsgi\n").unwrap();
        std::fs::rename(half, &tree).unwrap();
    }
    tree
}

fn venv(place: &Path) -> PathBuf {
    let venv = place.join("cfn-lint");
    let python = venv.join("bin/python");
    if !venv.join("bin/cfn-lint").exists() {
        done(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv));
        done(Command::new(&python).args(["-m", "pip", "install", "--quiet", CFN_LINT]));
    }
    python
}
