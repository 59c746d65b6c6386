//! What somebody put where we write: a clone or an archive may bring links, FIFOs and folders along, where we keep
//! something of our own or where somebody asks for an output. Nothing outside changes, and nobody waits for ever.

use std::collections::BTreeMap;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::harness::{Place, Run};

/// A project, and a neighbour that nobody may touch.
fn place() -> Place {
    let place = Place::new().file("Procfile", "web: gunicorn app\n").file("manage.py", "print(1)\n");
    place.write("../neighbour/thesis.txt", "precious");
    place.write("../neighbour/instance/deeper.txt", "precious");
    place
}

/// Everything below a folder, without opening what could hold us up.
fn everything(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let kind = entry.file_type().unwrap();
            let content = if kind.is_file() { std::fs::read(entry.path()).unwrap() } else { Vec::new() };
            found.insert(entry.path(), content);
            if kind.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    found
}

/// Run it, and end it by force if it does not end.
#[track_caller]
fn run(place: &Place, arguments: &[&str]) -> Run {
    let mut command = place.command("timeout");
    command.args(["--signal=KILL", "60"]).arg(env!("CARGO_BIN_EXE_beansprout")).args(arguments);
    let run = place.finish(command);
    assert!(!matches!(run.exit, -1 | 101 | 124 | 137), "{arguments:?} did not end by itself\n{run}");
    run
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thing {
    LinkToFolder,
    LinkToFile,
    LinkToNothing,
    Fifo,
    Socket,
    Folder,
    File,
}

use Thing::{Fifo, File, Folder, LinkToFile, LinkToFolder, LinkToNothing, Socket};

const THINGS: [Thing; 7] = [LinkToFolder, LinkToFile, LinkToNothing, Fifo, Socket, Folder, File];

impl Thing {
    /// Put it there, in place of whatever is.
    fn put(self, place: &Place, path: &str) {
        let path = place.path(path);
        let _ = std::fs::remove_file(&path);
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let neighbour = place.path("../neighbour");
        match self {
            LinkToFolder => symlink(neighbour, &path).unwrap(),
            LinkToFile => symlink(neighbour.join("thesis.txt"), &path).unwrap(),
            LinkToNothing => symlink(neighbour.join("new"), &path).unwrap(),
            Fifo => drop(place.sh("mkfifo", &[path.to_str().unwrap()])),
            // A long path is no address of a socket, so it is made elsewhere.
            Socket => {
                let near = place.path("../s");
                drop(UnixListener::bind(&near).unwrap());
                std::fs::rename(near, path).unwrap();
            }
            Folder => std::fs::create_dir(&path).unwrap(),
            File => std::fs::write(&path, "somebody's").unwrap(),
        }
    }
}

#[test]
fn our_state_is_written_through_nothing_that_somebody_put_there() {
    const PLACES: [(&str, &[&str]); 11] = [
        ("", &["publish", "--sandbox"]),
        ("/.gitignore", &["package"]),
        ("/bundles", &["package"]),
        ("/bundles/index", &["package"]),
        ("/sandbox", &["publish", "--sandbox"]),
        ("/sandbox/state.json", &["publish", "--sandbox"]),
        ("/sandbox/state.lock", &["publish", "--sandbox"]),
        ("/sandbox/calls.jsonl", &["publish", "--sandbox"]),
        ("/sandbox/buckets", &["publish", "--sandbox"]),
        ("/audit.jsonl", &["publish", "--sandbox"]),
        ("/operations", &["deploy", "v1", "--env", "shop-prod", "--sandbox"]),
    ];
    for (path, verb) in PLACES {
        for thing in THINGS {
            let place = place();
            let path = format!(".beansprout{path}");
            thing.put(&place, &path);
            let before = everything(&place.path("../neighbour"));
            let ran = run(&place, verb);
            assert_eq!(before, everything(&place.path("../neighbour")), "{path} as {thing:?}\n{ran}");
            let is_link = matches!(thing, LinkToFolder | LinkToFile | LinkToNothing);
            if is_link && !path.ends_with("operations") {
                // The record of a release must not stop it half-way, but it must not be lost in silence either.
                assert!(ran.exit != 0 || path.ends_with("audit.jsonl"), "{path} as {thing:?}\n{ran}");
                assert!(ran.stderr.contains("is a link"), "{path} as {thing:?}\n{ran}");
            }
            let still = place.path(&path).symlink_metadata().unwrap().file_type();
            let as_it_was = match thing {
                _ if is_link => still.is_symlink(),
                Fifo => still.is_fifo(),
                Socket => still.is_socket(),
                _ => true,
            };
            assert!(as_it_was, "{path} as {thing:?} was replaced\n{ran}");
        }
    }
}

#[test]
fn a_fresh_instance_removes_nothing_outside() {
    for path in [".beansprout", ".beansprout/instance"] {
        let place = place();
        LinkToFolder.put(&place, path);
        let before = everything(&place.path("../neighbour"));
        let ran = run(&place, &["up", "--fresh", "--port", "0"]);
        assert_eq!(before, everything(&place.path("../neighbour")), "{ran}");
        assert!(ran.exit == 3 && ran.stderr.contains("is a link"), "{ran}");
    }
}

/// Every option that names a file to be written, and what else it needs.
const OUTPUTS: [&[&str]; 4] = [
    &["package", "-o"],
    &["package", "--manifest"],
    &["explain", "--html"],
    &["prune", "--sandbox", "--application", "shop", "--plan"],
];

fn with<'a>(arguments: &[&'a str], output: &'a str) -> Vec<&'a str> {
    arguments.iter().copied().chain([output]).collect()
}

/// A project whose application is in the sandbox, so that there is something to plan.
fn published() -> Place {
    let place = place().file("beansprout.toml", "[project]\nname = \"shop\"\n");
    place.run(["publish", "--sandbox"]).ok();
    place.git()
}

#[test]
fn an_output_replaces_files_only() {
    let place = published();
    for arguments in OUTPUTS {
        for thing in [Fifo, Socket, Folder] {
            thing.put(&place, "../out");
            let ran = run(&place, &with(arguments, "../out"));
            let still = place.path("../out").symlink_metadata().unwrap().file_type();
            assert!(!still.is_file() && ran.exit == 3, "{arguments:?} onto {thing:?}\n{ran}");
            assert!(ran.stderr.contains("out`"), "{ran}");
        }
        // What somebody names may be a link: it stays one, and what it leads to is replaced.
        for thing in [LinkToFile, LinkToNothing, File] {
            thing.put(&place, "../out");
            run(&place, &with(arguments, "../out")).ok();
            assert_eq!(place.path("../out").is_symlink(), thing != File, "{arguments:?}");
            assert_ne!(place.read("../neighbour/instance/deeper.txt"), "");
            assert!(std::fs::read(place.path("../out")).unwrap().len() > 100, "{arguments:?} onto {thing:?}");
        }
        let left = everything(&place.path("../neighbour"));
        assert!(left.keys().all(|path| !path.to_string_lossy().contains(".part")), "{left:?}");
        let _ = std::fs::remove_file(place.path("../neighbour/new"));
    }
}

#[test]
fn a_fifo_with_a_reader_gets_the_whole_output() {
    let place = published();
    for arguments in OUTPUTS {
        Fifo.put(&place, "../out");
        let mut reader = place.command("cat");
        let reader = reader.arg("../out").stdout(Stdio::piped()).spawn().unwrap();
        run(&place, &with(arguments, "../out")).ok();
        let got = reader.wait_with_output().unwrap().stdout;
        assert!(got.len() > 100, "{arguments:?}: {got:?}");
        assert!(place.path("../out").symlink_metadata().unwrap().file_type().is_fifo());
        if arguments.contains(&"-o") {
            assert!(got.starts_with(b"PK"));
        }
    }
}

/// In a folder of its own, and never the system's: whoever may replace a device replaces it for every program.
#[test]
fn a_device_stays_one() {
    let place = published();
    let made = place.command("mknod").args(["../null", "c", "1", "3"]).output();
    let usable = || std::fs::write(place.path("../null"), "x").is_ok();
    if !made.is_ok_and(|made| made.status.success()) || !usable() {
        return;
    }
    for arguments in OUTPUTS {
        run(&place, &with(arguments, "../null")).ok();
        let still = place.path("../null").symlink_metadata().unwrap().file_type();
        assert!(still.is_char_device(), "{arguments:?}");
    }
}

#[test]
fn an_open_file_of_the_system_is_written_into() {
    let place = published();
    for arguments in OUTPUTS {
        let out = std::fs::File::create(place.path("../whole")).unwrap();
        let mut command = place.beansprout(["--quiet"].into_iter().chain(with(arguments, "/dev/stdout")));
        assert!(command.stdout(out).status().unwrap().success(), "{arguments:?}");
        assert!(std::fs::read(place.path("../whole")).unwrap().len() > 100, "{arguments:?}");
        assert!(Path::new("/dev/stdout").exists());
    }
}

#[test]
fn nobodys_work_is_replaced_by_an_output() {
    let place = published();
    place.write(".ebignore", "notes.md\nscratch/\n");
    place.write("notes.md", "tracked, and in no bundle");
    place.write("scratch/plan.txt", "in no bundle, and nobody's");
    place.sh("git", &["add", "notes.md", ".ebignore"]);
    place.write("new.py", "not tracked, and in the bundle");
    for arguments in OUTPUTS {
        for output in ["manage.py", "notes.md", "new.py", "./manage.py", "../work/manage.py"] {
            let before = place.read(output);
            let ran = run(&place, &with(arguments, output)).exit(2);
            assert!(ran.stderr.contains("file of the project"), "{arguments:?} {output}\n{ran}");
            assert_eq!(place.read(output), before, "{arguments:?} {output}");
        }
        symlink("../manage.py", place.path("scratch/link")).unwrap();
        run(&place, &with(arguments, "scratch/link")).exit(2);
        std::fs::remove_file(place.path("scratch/link")).unwrap();
        place.write("scratch/plan.txt", "in no bundle, and nobody's");
        run(&place, &with(arguments, "scratch/plan.txt")).ok();
    }
}

#[test]
fn an_output_of_before_is_replaced_wherever_it_is() {
    let place = published();
    place.write(".ebignore", "out/\n");
    for (arguments, name) in OUTPUTS[1..].iter().zip(["out/a.json", "out/b.html", "out/c.json"]) {
        std::fs::create_dir_all(place.path("out")).unwrap();
        run(&place, &with(arguments, name)).ok();
        place.sh("git", &["add", "-f", name]);
        run(&place, &with(arguments, name)).ok();
    }
}

#[test]
fn old_bundles_make_room_but_for_published_ones() {
    let place = place().file(".ebignore", "*.txt\n");
    place.run(["publish", "--sandbox"]).ok();
    let bundles = |place: &Place| {
        let names = std::fs::read_dir(place.path(".beansprout/bundles")).unwrap().flatten();
        let mut names: Vec<String> = names.map(|entry| entry.file_name().into_string().unwrap()).collect();
        names.retain(|name| name.ends_with(".zip"));
        names.sort();
        names
    };
    let published = bundles(&place);
    place.write(".beansprout/bundles/mine.zip", "somebody's own");
    let mut told = 0;
    for number in 0..13 {
        place.write("app.py", format!("version = {number}"));
        let ran = place.run(["package"]).ok();
        told += usize::from(ran.stderr.contains("1 old bundle removed"));
    }
    let left = bundles(&place);
    assert_eq!(left.len(), 12, "ten, the published one and somebody's own: {left:?}");
    assert!(left.contains(&published[0]) && left.contains(&"mine.zip".to_owned()), "{left:?}");
    assert_eq!(told, 3);
    // Nothing is lost with the index: what it says of published bundles outlives what it says of the last one.
    let index = place.path(".beansprout/bundles/index");
    let text = std::fs::read(&index).unwrap();
    std::fs::write(&index, &text[..text.len() - 1]).unwrap();
    place.write("app.py", "version = 14");
    place.run(["package"]).ok();
    assert!(bundles(&place).contains(&published[0]));
}

#[test]
fn files_with_secrets_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = published();
    let state = place.path(".beansprout/sandbox/state.json").metadata().unwrap();
    assert_eq!(state.permissions().mode() & 0o777, 0o600, "it has the properties of environments");
}
