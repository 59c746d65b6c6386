//! Files in any state, and what is left of them.

use super::*;

fn mode_of(path: &Path) -> Option<u32> {
    mode::of(&path.metadata().unwrap())
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_appears_whole_with_the_mode_that_was_asked_for() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("x");
    let write = |mode, durability| write(&path, b"new", Named::ByUs, mode, durability).unwrap();
    mode::set_open(&File::create(&path).unwrap(), 0o640).unwrap();
    write(FileMode::Kept, Durability::Synced);
    assert_eq!(mode_of(&path), mode::KNOWN.then_some(0o640));
    write(FileMode::Private, Durability::Unsynced);
    assert_eq!(mode_of(&path), mode::KNOWN.then_some(0o600));
    assert_eq!(read_text(&path).unwrap(), "new");
    assert_eq!(names(temp.path()), ["x"]);
}

#[test]
fn the_mode_of_a_new_file_is_that_of_any_new_file() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join("usual"), "").unwrap();
    write_named(&temp.path().join("ours"), b"").unwrap();
    assert_eq!(mode_of(&temp.path().join("ours")), mode_of(&temp.path().join("usual")));
}

#[test]
fn a_link_leads_the_person_and_stops_us() {
    let temp = tempfile::tempdir().unwrap();
    let (real, link) = (temp.path().join("real"), temp.path().join("link"));
    fs::write(&real, "old").unwrap();
    mode::link("real", &link).unwrap();
    if !mode::KNOWN {
        return;
    }
    assert!(matches!(write_own(&link, b"x"), Err(Error::NotReplaced { what: "a link", .. })));
    assert_eq!(fs::read_to_string(&real).unwrap(), "old");
    write_named(&link, b"new").unwrap();
    assert_eq!(fs::read_to_string(&real).unwrap(), "new");
    assert!(link.symlink_metadata().unwrap().is_symlink());
    // A link to what is not there yet.
    mode::link("later", &temp.path().join("dangling")).unwrap();
    write_named(&temp.path().join("dangling"), b"new").unwrap();
    assert_eq!(fs::read_to_string(temp.path().join("later")).unwrap(), "new");
    mode::link("circle", &temp.path().join("circle")).unwrap();
    assert!(matches!(write_named(&temp.path().join("circle"), b""), Err(Error::NotReplaced { .. })));
    assert!(matches!(inside(temp.path(), Path::new("link/x")), Err(Error::NotReplaced { .. })));
    assert_eq!(inside(temp.path(), Path::new("a/b")).unwrap(), temp.path().join("a/b"));
}

#[test]
fn a_folder_is_neither_read_nor_replaced() {
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("folder");
    fs::create_dir(&folder).unwrap();
    assert!(read(&folder).is_err());
    for named in [Named::ByUs, Named::ByTheUser] {
        let written = write(&folder, b"", named, FileMode::Kept, Durability::Unsynced);
        assert!(matches!(written, Err(Error::NotReplaced { what: "a folder", .. })), "{written:?}");
    }
}

#[test]
fn a_fifo_holds_nobody_up_and_stays_one() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("fifo");
    if !std::process::Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()) {
        return;
    }
    assert!(matches!(read(&path), Err(Error::NotAFile { .. })));
    assert!(matches!(write_own(&path, b""), Err(Error::NotReplaced { .. })));
    let reader = std::thread::spawn({
        let path = path.clone();
        move || fs::read(path).unwrap()
    });
    write_named(&path, b"through").unwrap();
    assert_eq!(reader.join().unwrap(), b"through");
    assert!(!path.symlink_metadata().unwrap().is_file());
}

#[test]
fn what_is_not_there_is_told_apart_from_what_cannot_be_read() {
    let temp = tempfile::tempdir().unwrap();
    assert_eq!(read_if_there(&temp.path().join("none")).unwrap(), None);
    assert!(read_if_there(temp.path()).is_err());
    fs::write(temp.path().join("latin"), b"\xe9").unwrap();
    let error = read_text(&temp.path().join("latin")).unwrap_err();
    assert!(error.to_string().contains("latin"), "{error}");
}

#[test]
fn what_somebody_put_where_our_state_is_stops_us() {
    if !mode::KNOWN {
        return;
    }
    let temp = tempfile::tempdir().unwrap();
    let victim = temp.path().join("victim");
    fs::create_dir(&victim).unwrap();
    fs::write(victim.join("thesis"), "precious").unwrap();
    let root = |name: &str| {
        let root = temp.path().join(name);
        fs::create_dir(&root).unwrap();
        root
    };
    let is_not_ours = |result: Result<PathBuf, Error>| matches!(result, Err(Error::NotOurs { .. }));

    let linked = root("linked");
    mode::link("../victim", &linked.join(STATE)).unwrap();
    assert!(matches!(StateFolder::of(&linked), Err(Error::NotOurs { what: "a link", .. })));

    let file = root("file");
    fs::write(file.join(STATE), "").unwrap();
    assert!(matches!(StateFolder::of(&file), Err(Error::NotOurs { what: "a file", .. })));

    let deeper = root("deeper");
    fs::create_dir(deeper.join(STATE)).unwrap();
    mode::link("../../victim", &deeper.join(STATE).join("bundles")).unwrap();
    let state = StateFolder::of(&deeper).unwrap();
    assert!(is_not_ours(state.make("bundles")) && is_not_ours(state.file("bundles/index")));
    assert!(state.remove("bundles").is_err());
    assert_eq!(fs::read_to_string(victim.join("thesis")).unwrap(), "precious");

    mode::link("../../victim/thesis", &deeper.join(STATE).join("audit")).unwrap();
    assert!(is_not_ours(state.file("audit")));
    let audit = state.path().join("audit");
    assert!(matches!(append_own(&audit, b"x\n"), Err(Error::NotOurs { what: "a link", .. })));
    assert_eq!(fs::read_to_string(victim.join("thesis")).unwrap(), "precious");

    // What is ours is made, hidden from git, and removed without following what is in it.
    let place = state.make("instance/app").unwrap();
    assert_eq!(fs::read_to_string(state.path().join(".gitignore")).unwrap(), "*\n");
    mode::link("../../../../victim", &place.join("link")).unwrap();
    append_own(&state.file("log").unwrap(), b"one\n").unwrap();
    append_own(&state.file("log").unwrap(), b"two\n").unwrap();
    assert_eq!(fs::read_to_string(state.path().join("log")).unwrap(), "one\ntwo\n");
    state.remove("instance").unwrap();
    state.remove("instance").unwrap();
    assert!(!place.exists() && victim.join("thesis").exists());
}

#[test]
fn a_fifo_that_nobody_reads_ends_with_an_error() {
    let temp = tempfile::tempdir().unwrap();
    let path = temp.path().join("fifo");
    if !std::process::Command::new("mkfifo").arg(&path).status().is_ok_and(|status| status.success()) {
        return;
    }
    assert!(matches!(append_own(&path, b"x"), Err(Error::Io { .. } | Error::NotOurs { .. })));
    let error = write_named(&path, b"x").unwrap_err();
    assert!(format!("{error:?}").contains("nobody reads"), "{error:?}");
    assert!(!path.symlink_metadata().unwrap().is_file());
}

#[test]
fn what_killed_runs_left_is_swept_and_what_lives_stays() {
    let temp = tempfile::tempdir().unwrap();
    fs::write(temp.path().join(".beansprout-dead.part"), "half").unwrap();
    fs::write(temp.path().join("mine.part"), "").unwrap();
    let living = Draft::within(temp.path(), FileMode::Kept).unwrap();
    sweep(temp.path());
    assert_eq!(names(temp.path()).len(), 2);
    drop(living);
    assert_eq!(names(temp.path()), ["mine.part"]);
}

#[test]
fn one_file_has_more_than_one_name() {
    let temp = tempfile::tempdir().unwrap();
    let at = |name: &str| temp.path().join(name);
    std::fs::write(at("Some_Wheel"), "").unwrap();
    std::fs::write(at("other"), "").unwrap();
    assert!(is_one(&at("Some_Wheel"), &at("../").join(temp.path().file_name().unwrap()).join("Some_Wheel")));
    assert!(is_one(&at("gone"), &at("gone")));
    assert!(!is_one(&at("Some_Wheel"), &at("other")) && !is_one(&at("Some_Wheel"), &at("gone")));
    // Where the disk takes two spellings for one name, and where it does not.
    assert_eq!(is_one(&at("Some_Wheel"), &at("some_wheel")), at("some_wheel").exists());
}
