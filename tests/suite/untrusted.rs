//! Reading a repository runs nothing that it names: whatever its configuration says, whatever the verb, wherever it lies.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::{Place, full, left_out, missing};

/// Settings of git-config(1) that name a program.
const PROGRAMS: &[&str] = &[
    "alias.cat-file",
    "alias.log",
    "alias.status",
    "browser.x.cmd",
    "core.alternateRefsCommand",
    "core.askPass",
    "core.editor",
    "core.fsmonitor",
    "core.gitProxy",
    "core.pager",
    "core.sshCommand",
    "credential.helper",
    "diff.external",
    "diff.x.command",
    "diff.x.textconv",
    "difftool.x.cmd",
    "filter.x.clean",
    "filter.x.process",
    "filter.x.smudge",
    "filter.a=b.clean",
    "filter.a=b.process",
    "gpg.program",
    "gpg.openpgp.program",
    "gpg.ssh.defaultKeyCommand",
    "gpg.ssh.program",
    "gpg.x509.program",
    "hook.x.command",
    "interactive.diffFilter",
    "man.x.cmd",
    "merge.x.driver",
    "mergetool.x.cmd",
    "pager.log",
    "pager.status",
    "receive.procReceiveRefs",
    "remote.o.receivepack",
    "remote.o.uploadpack",
    "sequence.editor",
    "submodule.x.update",
    "trailer.x.cmd",
    "trailer.x.command",
    "uploadpack.packObjectsHook",
    "web.browser",
];

/// Verbs that read a repository, and say so in SECURITY.md.
const VERBS: &[&[&str]] = &[
    &["package"],
    &["package", "--dry-run"],
    &["package", "--list"],
    &["package", "--why", "a.txt"],
    &["package", "--require-clean"],
    &["package", "--source", "HEAD"],
    &["package", "--source", "index", "--dry-run"],
    &["package", "--ignore", "eb-cli", "--dry-run"],
    &["diff", "HEAD", "worktree"],
    &["check"],
    &["explain"],
    &["adopt", "--defaults", "--dry-run"],
    &["publish", "--sandbox", "--create-application", "--dry-run"],
];

fn executable(path: &Path) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// A program that leaves a trace.
fn program(place: &Place) -> String {
    place.write("../evil.sh", "#!/bin/sh\necho \"$0 $*\" >> \"$(dirname \"$0\")/ran\"\ncat\n");
    executable(&place.path("../evil.sh"));
    place.path("../evil.sh").display().to_string()
}

/// Have the configuration at `config` name the program wherever it can, and let hooks lie beside it.
fn arm(place: &Place, config: &str, program: &str) {
    for name in PROGRAMS {
        place.sh("git", &["config", "--file", config, name, program]);
    }
    let set = |name: &str, value: &str| place.sh("git", &["config", "--file", config, name, value]);
    set("log.showSignature", "true");
    set("protocol.ext.allow", "always");
    set("remote.o.url", &format!("ext::{program}"));
    set("remote.o.promisor", "true");
    set("remote.o.partialclonefilter", "blob:none");
    set("extensions.partialClone", "o");
    set("core.repositoryFormatVersion", "1");
    set("hook.x.event", "post-index-change");
    let hooks = place.path(config).parent().unwrap().join("hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for hook in ["post-index-change", "fsmonitor-watchman", "pre-auto-gc", "reference-transaction", "post-checkout"] {
        let _ = std::fs::remove_file(hooks.join(hook));
        std::os::unix::fs::symlink(program, hooks.join(hook)).unwrap();
    }
}

/// A signed commit, filters for every file, and stamps that git does not believe.
fn project() -> Place {
    let place = Place::new()
        .file("Procfile", "web: gunicorn app\n")
        .file("a.txt", "a\n")
        .file("b.bin", "b\n")
        .file("app/__init__.py", "x = 1\n")
        .file(".gitattributes", "*.txt filter=x diff=x merge=x\n*.bin filter=a=b\n")
        .git();
    place.sh(
        "sh",
        &[
            "-c",
            "c=$(git cat-file commit HEAD | sed '/^committer/a gpgsig -----BEGIN PGP SIGNATURE-----\\n \\n iQEz\\n \
             -----END PGP SIGNATURE-----' | git hash-object -t commit -w --stdin) && git update-ref HEAD $c",
        ],
    );
    place.sh("touch", &["-d", "2020-01-01", "a.txt", "b.bin", "Procfile"]);
    place
}

#[track_caller]
fn nothing_runs(place: &Place, layout: &str) {
    for verb in VERBS {
        let run = place.run(*verb);
        let ran = std::fs::read_to_string(place.path("../ran")).unwrap_or_default();
        assert!(ran.is_empty(), "{layout}, {verb:?}: {ran}{run}");
        assert!(!run.stderr.contains("panicked"), "{run}");
    }
}

#[test]
fn no_setting_of_a_repository_runs() {
    let place = project();
    let program = program(&place);
    arm(&place, ".git/config", &program);
    // The trap is one: git itself falls into it.
    let mut git = place.command("git");
    let _ = git.args(["status", "--short"]).output().unwrap();
    assert!(place.exists("../ran"), "these settings do nothing");
    std::fs::remove_file(place.path("../ran")).unwrap();
    nothing_runs(&place, "at the top");
    for verb in VERBS {
        let run = place.run([&["-C", "app"], *verb].concat());
        assert!(!place.exists("../ran"), "in a folder, {verb:?}: {run}");
    }
}

/// Nothing but committed files: a plain clone brings it along.
#[test]
fn a_repository_among_the_committed_files_is_none() {
    let place = project();
    let program = program(&place);
    for folder in ["objects/.keep", "refs/heads/.keep"] {
        place.write(&format!("web/{folder}"), "");
    }
    place.write("web/Procfile", "web: gunicorn app\n");
    place.write("web/HEAD", "ref: refs/heads/main\n");
    place.write("web/config", "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n");
    arm(&place, "web/config", &program);
    std::fs::remove_dir_all(place.path("web/hooks")).unwrap();
    place.sh("git", &["add", "-A"]);
    place.sh("git", &["commit", "-qm", "embedded"]);
    for verb in VERBS {
        let run = place.run([&["-C", "web"], *verb].concat());
        assert!(!place.exists("../ran"), "{verb:?}: {run}");
    }
}

#[test]
fn submodules_and_linked_work_trees_are_no_other() {
    let inner = project();
    let place = project();
    let program = program(&place);
    let url = inner.dir().to_string_lossy().into_owned();
    place.sh("git", &["-c", "protocol.file.allow=always", "submodule", "add", "-q", &url, "libs/inner"]);
    place.sh("git", &["commit", "-qm", "with it"]);
    arm(&place, ".git/modules/libs/inner/config", &program);
    place.sh("touch", &["-d", "2020-01-01", "libs/inner/a.txt", "libs/inner/b.bin"]);
    nothing_runs(&place, "submodule");
    let place = project();
    let program = self::program(&place);
    place.sh("git", &["worktree", "add", "-q", "linked"]);
    arm(&place, ".git/config", &program);
    for verb in VERBS {
        let run = place.run([&["-C", "linked"], *verb].concat());
        assert!(!place.exists("../ran"), "linked, {verb:?}: {run}");
    }
}

/// A missing content of a partial clone is told, and nobody goes to get it.
#[test]
fn what_is_missing_is_not_fetched() {
    let place = project();
    let program = program(&place);
    let id = place.sh("git", &["rev-parse", "HEAD:a.txt"]);
    arm(&place, ".git/config", &program);
    std::fs::remove_file(place.path(format!(".git/objects/{}/{}", &id[..2], id[2..].trim()))).unwrap();
    for source in ["HEAD", "index"] {
        let run = place.run(["package", "--source", source]).exit(3);
        assert!(!place.exists("../ran"), "{source}: {run}");
    }
    nothing_runs(&place, "a content is missing");
}

/// A FIFO where git expects a file would keep it, and us, waiting for ever.
#[test]
fn nothing_waits_for_a_fifo() {
    let case = |path: &str, config: &str, verbs: &[&[&str]]| {
        let place = project();
        if !config.is_empty() {
            place.sh("sh", &["-c", &format!("printf '{config}' >> .git/config")]);
        }
        let _ = std::fs::remove_file(place.path(path));
        place.sh("mkfifo", &[path]);
        for verb in verbs {
            let mut command = place.command("timeout");
            command.arg("20").arg(env!("CARGO_BIN_EXE_beansprout")).args(*verb);
            let run = place.finish(command);
            assert!(!matches!(run.exit, 124 | 137), "{path}, {verb:?}: {run}");
        }
    };
    let all: &[&[&str]] = &[&["package"], &["package", "--source", "HEAD"], &["check"]];
    case(".git/trap", "[include]\\n\\tpath = trap\\n", all);
    case(".git/config", "", all);
    case(".git/index", "", all);
    case(".git/HEAD", "", all);
    case(".git/packed-refs", "", all);
    case(".git/info/exclude", "", all);
    case(".git/info/attributes", "", all);
}

/// Each git that is started has every setting, and knows its repository.
#[test]
fn every_git_is_told_what_it_may() {
    let place = project();
    let real = place.sh("sh", &["-c", "command -v git"]);
    place.write(
        "../bin/git",
        format!(
            "#!/bin/sh\n{{ echo \"$*\"; env; echo --; }} >> \"$(dirname \"$0\")/asked\"\nexec {} \"$@\"\n",
            real.trim()
        ),
    );
    executable(&place.path("../bin/git"));
    let path = format!("{}:{}", place.path("../bin").display(), std::env::var("PATH").unwrap());
    let place = place.var("PATH", path).var("GIT_OBJECT_DIRECTORY", "/nowhere").var("GIT_CONFIG_PARAMETERS", "'a.b=c'");
    for verb in VERBS {
        place.run(*verb);
    }
    let asked = place.read("../bin/asked");
    let calls: Vec<&str> = asked.split_terminator("--\n").filter(|call| call.lines().count() > 3).collect();
    assert!(!calls.is_empty());
    for call in calls {
        let (arguments, environment) = call.split_once('\n').unwrap();
        let words: Vec<&str> = arguments.split(' ').filter(|word| !word.starts_with("--")).collect();
        assert!(
            matches!(words[0], "cat-file" | "ls-tree" | "ls-files" | "rev-parse" | "check-attr" | "config"),
            "{arguments}"
        );
        let has = |line: &str| environment.lines().any(|found| found == line);
        for line in ["GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0"] {
            assert!(has(line), "{arguments}: no {line}");
        }
        for (key, value) in [
            ("safe.bareRepository", "explicit"),
            ("core.fsmonitor", "false"),
            ("core.untrackedCache", "false"),
            ("core.hooksPath", "/dev/null"),
            ("log.showSignature", "false"),
            ("core.pager", "cat"),
            ("maintenance.auto", "false"),
        ] {
            let number = (0..9).find(|number| has(&format!("GIT_CONFIG_KEY_{number}={key}")));
            assert!(
                number.is_some_and(|number| has(&format!("GIT_CONFIG_VALUE_{number}={value}"))),
                "{arguments}: no {key}"
            );
        }
        assert!(environment.contains("GIT_DIR=/") && environment.contains("GIT_WORK_TREE=/"), "{arguments}");
        assert!(!environment.contains("GIT_OBJECT_DIRECTORY") && !environment.contains("GIT_CONFIG_PARAMETERS"));
    }
}

/// The kernel's own word: no program but git is started, nobody else is asked anything, and each git has the settings.
#[test]
fn the_kernel_sees_git_and_nobody_else() {
    if missing("strace", "strace") {
        return;
    }
    let place = project();
    let evil = program(&place);
    arm(&place, ".git/config", &evil);
    for verb in [&["package", "--source", "HEAD"][..], &["package", "--require-clean"], &["diff", "HEAD", "worktree"]] {
        let mut traced = place.command("strace");
        traced.args(["-f", "-v", "-s", "400", "-e", "trace=execve", "-o", "../calls"]);
        let run = place.finish({
            traced.arg(env!("CARGO_BIN_EXE_beansprout")).args(verb);
            traced
        });
        if run.stderr.contains("ptrace") || run.stderr.contains("Operation not permitted") {
            return left_out("`strace` may not trace here");
        }
        let calls = place.read("../calls");
        let mut started = 0;
        for call in calls.lines().filter(|line| line.contains("execve(\"") && !line.contains(" = -1 ")) {
            let path = call.split('"').nth(1).unwrap();
            if path == env!("CARGO_BIN_EXE_beansprout") {
                continue;
            }
            started += 1;
            assert_eq!(Path::new(path).file_name().unwrap(), "git", "{verb:?}: {call}");
            for setting in
                ["GIT_DIR=", "GIT_CONFIG_COUNT=", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=", "GIT_OPTIONAL_LOCKS=0"]
            {
                assert!(call.contains(&format!("\"{setting}")), "{verb:?} without {setting}: {call}");
            }
        }
        assert!(started > 0 || verb.contains(&"--require-clean"), "{verb:?}: {calls}");
        assert!(!place.exists("../ran"), "{verb:?}: {}", place.read("../ran"));
    }
}

/// A folder is exchanged for a link to another place, again and again, while the project is packaged.
#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_becomes_a_link_meanwhile_lets_nothing_in() {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    let place = Place::new().file("Procfile", "web: gunicorn shop\n");
    for number in 0..40 {
        place.write(&format!("folder/inner/{number:02}"), "ours\n");
        place.write(&format!("../outside/inner/{number:02}"), "theirs\n");
    }
    let (folder, link) = (place.path("folder"), place.path("../link"));
    std::os::unix::fs::symlink(place.path("../outside"), &link).unwrap();
    let (ended, exchanged) = (AtomicBool::new(false), AtomicU32::new(0));
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while !ended.load(Ordering::Relaxed) {
                renameat_with(CWD, &folder, CWD, &link, RenameFlags::EXCHANGE).unwrap();
                exchanged.fetch_add(1, Ordering::Relaxed);
                std::thread::yield_now();
            }
        });
        let mut bundles = 0;
        for round in 0..if full() { 2_000 } else { 60 } {
            let output = format!("../{round}.zip");
            let run = place.run(["package", "--output", &output]);
            match run.exit {
                0 => {
                    let text = place.sh("unzip", &["-p", &output]);
                    assert!(!text.contains("theirs"), "round {round}: a file of another place is in the bundle");
                    bundles += 1;
                }
                // It says that something changed, vanished, or leads out of the bundle.
                3 => {}
                other => panic!("exit {other}\n{run}"),
            }
            let _ = std::fs::remove_file(place.path(&output));
        }
        ended.store(true, Ordering::Relaxed);
        let exchanged = exchanged.load(Ordering::Relaxed);
        assert!(exchanged > 100, "{exchanged} exchanges, {bundles} bundles");
    });
}
