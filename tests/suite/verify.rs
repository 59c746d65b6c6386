//! `verify`: bundles that others made, and what is wrong with them.

use crate::harness::Place;

/// Make `a.zip` with Python's `zipfile`; `z` is the archive and `put` writes an entry.
fn zip(script: &str) -> Place {
    let place = Place::new();
    let program = format!(
        "import zipfile, struct\n\
         z = zipfile.ZipFile('a.zip', 'w', zipfile.ZIP_DEFLATED)\n\
         def put(name, data=b'x', mode=0o100644, system=3):\n\
         \x20   info = zipfile.ZipInfo(name)\n\
         \x20   info.filename = name\n\
         \x20   info.create_system = system\n\
         \x20   info.external_attr = mode << 16\n\
         \x20   info.compress_type = zipfile.ZIP_DEFLATED\n\
         \x20   z.writestr(info, data)\n\
         {script}\n\
         z.close()\n"
    );
    place.sh("python3", &["-W", "ignore", "-c", &program]);
    place
}

/// The flaws that `verify` finds, and that its exit code agrees with them.
#[track_caller]
fn flaws(place: &Place) -> Vec<String> {
    let run = place.run(["verify", "a.zip", "--json"]);
    let document = run.document("verify/1");
    assert_eq!(run.exit, i32::from(document["errors"] != 0), "{document}");
    let findings = document["findings"].as_array().unwrap().iter();
    findings.map(|finding| finding["flaw"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn our_own_bundles_are_faultless() {
    let place =
        Place::new().file("Procfile", "web: x\n").file("a/b.sh", "#!/bin/sh\n").file("big", "text ".repeat(9000));
    std::os::unix::fs::symlink("b.sh", place.path("a/c")).unwrap();
    place.run(["package", "-o", "../ours.zip"]).ok();
    let run = place.run(["verify", "../ours.zip"]).ok();
    assert_eq!(run.stdout, "`../ours.zip`: 0 errors, 0 warnings\n");
}

#[test]
fn flaws_are_found() {
    #[track_caller]
    fn case(script: &str, expected: &[&str]) {
        assert_eq!(flaws(&zip(script)), expected, "{script}");
    }
    case("put('Procfile')", &[]);
    case("put('x/Procfile'); put('x/a.py')", &["wrapper-folder"]);
    case("put('a.py')", &["nothing-to-run"]);
    case("put('Procfile'); put('a\\\\b')", &["backslash"]);
    case("put('Procfile'); put('/a')", &["absolute"]);
    case("put('Procfile'); put('../a')", &["parent-folder"]);
    case("put('Procfile'); put('a\\x01')", &["bad-name"]);
    case("put('Procfile', system=0)", &["foreign-modes"]);
    case("put('Procfile', mode=0o104755)", &["special-mode"]);
    case("put('Procfile'); put('Procfile', b'y')", &["duplicate"]);
    case("put('Procfile'); put('procfile')", &["case-clash"]);
    case("put('Procfile'); put('__MACOSX/._Procfile')", &["apple-double"]);
    case("put('Procfile'); put('.git/HEAD')", &["never-ships"]);
    case("put('Procfile'); put('.env')", &["environment-file"]);
    case("put('Procfile'); put('l', b'../etc', 0o120777)", &["link-outside"]);
    case("put('Procfile'); put('l', b'Procfile', 0o120777)", &[]);
    case("put('Procfile'); put('l', b'x' * 5000, 0o120777)", &["long-link"]);
    case("pass", &["empty"]);
    case("put('Procfile'); put('a'); put('a/b')", &["file-and-folder"]);
    case("put('Procfile'); put('a', b'b', 0o120777); put('a/b')", &["file-and-folder"]);
    case("put('Procfile'); put('a\\u202egpj.py')", &["misleading-name"]);
    case("put('Procfile'); put('f', mode=0o010644)", &["special-mode"]);
    case("put('Procfile'); put('.netrc')", &["secret"]);
    case("put('Procfile'); put('.env.example')", &[]);
    case("put('Procfile'); put('s', b'#!/bin/sh\\r\\n', 0o100755)", &["crlf-script"]);
    case("put('Procfile'); put('s', b'#!/bin/sh\\n')", &["not-executable"]);
    case("put('Procfile'); put('d', b'SQLite format 3\\0')", &["database"]);
    case("put('Procfile'); put('k', b'key=AKIA' + b'Q3EGVZ5RKT7WNJ2X')", &["secret"]);
    case(
        "z.compression = zipfile.ZIP_BZIP2; put('Procfile'); z.writestr('b', b'x' * 99, zipfile.ZIP_BZIP2)",
        &["method"],
    );
}

#[test]
fn damage_is_found() {
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|window| window == what).unwrap();
    let place = Place::new().file("Procfile", "web: gunicorn\n");
    place.run(["package", "-o", "../whole.zip"]).ok();
    let whole = std::fs::read(place.path("../whole.zip")).unwrap();
    let case = |damage: &dyn Fn(&mut Vec<u8>), expected: &[&str]| {
        let mut bytes = whole.clone();
        damage(&mut bytes);
        place.write("a.zip", bytes);
        assert_eq!(flaws(&place), expected);
    };
    case(&|_| {}, &[]);
    // A byte of the content, which is stored: only the CRC tells.
    case(
        &|bytes| {
            let at = find(bytes, b"gunicorn");
            bytes[at] = b'G';
        },
        &["unreadable"],
    );
    // The mode in the directory.
    case(
        &|bytes| {
            let at = find(bytes, b"PK\x01\x02");
            bytes[at + 38..at + 42].fill(0);
        },
        &["missing-mode"],
    );
    // The name in the local header: which of the two is it?
    case(
        &|bytes| {
            let at = find(bytes, b"Procfile");
            bytes[at] = b'p';
        },
        &["headers-disagree"],
    );
    case(
        &|bytes| {
            bytes.splice(0..0, *b"#!/bin/sh\n");
        },
        &["bytes-in-front"],
    );
}

#[test]
fn bombs_are_not_set_off() {
    // 2 GB of zeros in 2 MB: an instance has room for that, and nobody reads it.
    let place = zip(
        "put('Procfile')\nimport io\nwith z.open('zeros', 'w', force_zip64=True) as f:\n    [f.write(bytes(1 << 24)) for _ in range(128)]",
    );
    let run = place.run(["verify", "a.zip"]).ok();
    assert!(run.stdout.contains("`zeros` unpacks to 2.1 GB"), "{run}");
    // Nine times a gigabyte is more than there is room for, whatever each of them is.
    let place = zip("put('Procfile')\nimport zlib\nc = zlib.compressobj(1, zlib.DEFLATED, -15)\nm = bytes(1 << 24)\n\
         d = b''.join([c.compress(m) for _ in range(64)] + [c.flush()])\ncrc = 0\n\
         for _ in range(64): crc = zlib.crc32(m, crc)\n\
         for i in range(9):\n    e = zipfile.ZipInfo('z%d' % i)\n    e.create_system = 3\n    e.external_attr = 0o100644 << 16\n    e.compress_type = 8\n    \
         e.header_offset = z.fp.tell()\n    e.CRC, e.compress_size, e.file_size = crc, len(d), 1 << 30\n    z.fp.write(e.FileHeader(False) + d)\n    \
         z.start_dir = z.fp.tell()\n    z.filelist.append(e)\n    z.NameToInfo[e.filename] = e\nz._didModify = True\n");
    assert!(flaws(&place).contains(&"bomb".to_owned()));
    let run = place.run(["verify", "a.zip"]).exit(1);
    assert!(run.stdout.contains("everything together unpacks to 9.7 GB"), "{run}");
    place.run(["inspect", "a.zip"]).exit(3);
    place.run(["diff", "a.zip", "worktree"]).exit(3);
}

#[test]
fn people_read_sentences() {
    let run = zip("put('site/manage.py')").run(["verify", "a.zip"]).exit(1);
    insta::assert_snapshot!(run, @r"
    error: everything is in the folder `site`; it must be at the top
    `a.zip`: 1 error, 0 warnings
    ----- exit 1 -----
    ");
}
