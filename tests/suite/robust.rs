//! Whatever happens meanwhile: a clear error, the old bundle or none, and nothing left behind.

use std::fs::File;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::time::Duration;

use crate::harness::{Place, Run, missing};

#[test]
fn a_bundle_is_not_part_of_the_next() {
    let place = Place::new().file("application.py", "");
    let run = place.run(["package", "-o", "out.zip"]).exit(2);
    insta::assert_snapshot!(run, @r"
    ----- stderr -----
    error: `[DIR]/out.zip` would be part of the next bundle
    hint: name a file outside the project, or one that is ignored
    ----- exit 2 -----
    ");
    assert!(!place.exists("out.zip"));
    place.run(["package", "-o", "../out.zip"]).ok();
    let run = place.run(["package", "-o", "../dist/out.zip"]).exit(3);
    assert!(run.stderr.contains("hint: make the folder `[DIR]/../dist` first"), "{run}");
}

#[test]
fn an_unreadable_file_is_named() {
    let place = Place::new().file("app.py", "");
    place.write("secret.py", "");
    std::fs::set_permissions(place.path("secret.py"), std::fs::Permissions::from_mode(0o000)).unwrap();
    // Permissions stop root only if it gives up the right to pass them by.
    let is_root = std::fs::read(place.path("secret.py")).is_ok();
    let binary = env!("CARGO_BIN_EXE_beansprout");
    let run = if is_root {
        let mut command = place.command("setpriv");
        command.args(["--bounding-set=-dac_override,-dac_read_search", binary, "package"]);
        place.finish(command).exit(3)
    } else {
        place.run(["package"]).exit(3)
    };
    assert!(run.stderr.contains("failed to read `[DIR]/secret.py`"), "{run}");
}

#[test]
fn a_disk_that_is_full_leaves_nothing() {
    let place = Place::new().file("noise.txt", "line\n".repeat(1000));
    let random: Vec<u8> = (0..3_000_000_u64).map(|n| (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as u8).collect();
    place.write("noise.bin", random);
    std::fs::create_dir(place.path("../out")).unwrap();
    // A limit on the length of files stands for the end of the disk: the same call fails in the same place.
    let binary = env!("CARGO_BIN_EXE_beansprout");
    let mut command = place.command("bash");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f 64; exec '{binary}' package -o ../out/a.zip")]);
    let run = place.finish(command).exit(3);
    assert!(run.stderr.contains("failed to write"), "{run}");
    assert_eq!(std::fs::read_dir(place.path("../out")).unwrap().count(), 0);
}

#[test]
fn killed_at_any_instant_it_leaves_the_old_bundle_or_none() {
    if missing("unzip", "unzip") {
        return;
    }
    let place = Place::new();
    for number in 0..300 {
        place.write(&format!("d{}/f{number}.txt", number % 7), format!("{number} ").repeat(4000));
    }
    place.run(["package", "-o", "../out.zip"]).ok();
    let old = std::fs::read(place.path("../out.zip")).unwrap();
    place.write("d0/f0.txt", "new");
    let (mut killed, mut done) = (0, 0);
    for round in 0..40_u64 {
        let mut command = place.beansprout(["package", "-o", "../out.zip", "--quiet"]);
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(round * 5));
        let _ = child.kill();
        match child.wait().unwrap().success() {
            true => done += 1,
            false => killed += 1,
        }
        let now = std::fs::read(place.path("../out.zip")).unwrap();
        if now != old {
            place.sh("unzip", &["-tqq", "../out.zip"]);
            place.write("../out.zip", &old);
        }
        // The same for the bundle with a label and its index: a run after it is never misled.
        let mut command = place.beansprout(["package", "--quiet"]);
        let mut child = command.stdout(std::process::Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(round * 5));
        let _ = child.kill();
        child.wait().unwrap();
    }
    assert!(killed > 0, "{done} runs were too fast to be killed");
    place.run(["package", "--verify-cache"]).ok();
    place.run(["package", "-o", "../out.zip"]).ok();
    // What the killed runs left was swept.
    let left = |dir: &str| {
        let names = std::fs::read_dir(place.path(dir)).unwrap().flatten().map(|entry| entry.file_name());
        names.filter(|name| name.to_string_lossy().ends_with(".part")).count()
    };
    assert_eq!((left(".."), left(".beansprout/bundles")), (0, 0));
}

/// A run that has listed the project, and still has much to read before it comes to `late.py`, when `meddle` happens.
fn meanwhile(meddle: impl Fn(&Place)) -> Run {
    let place = Place::new().file("late.py", "late = True\n");
    // More large files than workers may be ahead of the writer.
    for number in 0..12 {
        File::create(place.path(format!("a{number:02}.bin"))).unwrap().set_len(5 << 20).unwrap();
    }
    let mut command = place.beansprout(["package"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let bundles = place.path(".beansprout/bundles");
    let has_draft = || std::fs::read_dir(&bundles).is_ok_and(|files| files.count() > 0);
    for _ in 0..2000 {
        if has_draft() {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(has_draft(), "nothing was ever written");
    meddle(&place);
    let run = place.ended(child);
    assert!(!has_draft(), "something was left behind");
    run
}

#[test]
fn a_file_that_changes_meanwhile_is_named() {
    #[track_caller]
    fn case(meddle: impl Fn(&Place), expected: &str) {
        let run = meanwhile(meddle).exit(3);
        assert!(run.stderr.contains(expected), "{run}");
    }
    let changed = "`[DIR]/late.py` changed while it was being packaged";
    case(|place| place.write("late.py", "late = False\n"), changed);
    case(|place| place.write("late.py", "late = True\nlonger = True\n"), changed);
    case(
        |place| std::fs::remove_file(place.path("late.py")).unwrap(),
        "`[DIR]/late.py` vanished while it was being packaged",
    );
    // Nobody waits for the writer of what is a FIFO now.
    case(
        |place| {
            std::fs::remove_file(place.path("late.py")).unwrap();
            place.sh("mkfifo", &["late.py"]);
        },
        changed,
    );
}
