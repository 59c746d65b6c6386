//! Limits: what is too large is refused, before the work where that is certain; what is near them is told.

use std::io::Write;
use std::process::Stdio;

use crate::harness::{Place, missing};

/// Bytes that no compressor makes smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
    .take(length)
    .collect()
}

fn bundles(place: &Place) -> usize {
    let entries = std::fs::read_dir(place.path(".beansprout/bundles")).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name() != "index").count()
}

#[test]
fn what_cannot_fit_is_refused_before_the_work() {
    let limit = "[bundle]\nmax_bytes = 1000000\n";
    let place = Place::new().file("app.py", "x = 1\n").file("beansprout.toml", limit);
    // Nothing, then noise, then nothing: whoever packed it would stop at 1 MB, and say another size.
    place.write("media/film.mp4", [vec![0; 4 << 20], noise(6 << 20), vec![0; 1 << 20]].concat());
    for arguments in [&["package"][..], &["package", "--dry-run"]] {
        let run = place.run(arguments).exit(3);
        insta::allow_duplicates!(insta::assert_snapshot!(run, @r"
        ----- stderr -----
        error: the bundle would have 6.3 MB or more, and the limit is 1.0 MB
        hint: most is in `media/` (11.5 MB), `beansprout.toml` (29 B), `app.py` (6 B); leave out what the site does not need, with a line in `.ebignore`
        ----- exit 3 -----
        "));
    }
    assert_eq!(bundles(&place), 0);
    // What may well fit is packed to find out.
    std::fs::File::create(place.path("media/film.mp4")).unwrap().set_len(20_000_000).unwrap();
    place.write("beansprout.toml", "[bundle]\nmax_bytes = 100000\n");
    place.run(["package"]).ok();
}

/// Whatever limit somebody sets for the archive, it has to fit an instance in the end.
#[test]
fn what_no_instance_has_room_for_is_refused() {
    let place =
        Place::new().file("Procfile", "web: x\n").file("beansprout.toml", "[bundle]\nmax_bytes = 20_000_000_000\n");
    std::fs::File::create(place.path("film.mp4")).unwrap().set_len(9 << 30).unwrap();
    let run = place.run(["package"]).exit(3);
    assert!(run.stderr.contains("the files have 9.7 GB together, and an instance has room for 8.6 GB"), "{run}");
    assert_eq!(bundles(&place), 0);
}

#[test]
fn a_large_file_shrinks_where_it_can() {
    let text: String = (0..400_000).map(|line| format!("line {line}\n")).collect();
    let text = text.into_bytes();
    let (noise, mib) = (noise(5 << 20), 1_u64 << 20);
    let film = [&noise[..], &noise[..100_000]].concat();
    let place = Place::new()
        .file("begins.bin", [&noise, &text[..]].concat())
        .file("ends.bin", [&text, &noise[..], &text].concat())
        .file("film.mp4", film)
        .file("log.txt", text.repeat(2))
        .git();
    let packed = |made: &serde_json::Value| made["bytes"].as_u64().unwrap();
    let made = place.run(["package", "--json", "-o", "../a.zip"]).ok().document("package/1");
    assert!(packed(&made) < 20 * mib, "the noise is 15 MiB, the text six times 5 MB: {made}");
    // The same bytes from the repository, where contents come as a stream.
    let revision = place.run(["package", "--json", "-o", "../b.zip", "--source", "HEAD"]).ok().document("package/1");
    assert_eq!(packed(&revision), packed(&made));
    assert!(std::fs::read(place.path("../a.zip")).unwrap() == std::fs::read(place.path("../b.zip")).unwrap());
    place.run(["verify", "../a.zip"]).ok();
    let python = "import sys, zipfile
for info in zipfile.ZipFile(sys.argv[1]).infolist():
    with zipfile.ZipFile(sys.argv[1]).open(info) as packed, open(info.filename, 'rb') as file:
        assert packed.read() == file.read(), info
    print(info.filename, info.compress_type)";
    assert_eq!(place.sh("python3", &["-c", python, "../a.zip"]), "begins.bin 8\nends.bin 8\nfilm.mp4 0\nlog.txt 8\n");
    if !missing("unzip", "unzip") {
        place.sh("unzip", &["-tqq", "../a.zip"]);
    }
    if !missing("bsdtar", "libarchive-tools") {
        place.sh("sh", &["-c", "bsdtar -xOf ../a.zip > ../all"]);
    }
}

#[test]
fn the_same_for_a_revision() {
    let place =
        Place::new().file("film.mp4", noise(6 << 20)).file("beansprout.toml", "[bundle]\nmax_bytes = 1000000\n").git();
    for source in ["HEAD", "index"] {
        let run = place.run(["package", "--source", source]).exit(3);
        assert!(run.stderr.contains("would have 6.3 MB or more, and the limit is 1.0 MB"), "{run}");
    }
}

#[test]
fn what_turns_out_too_large_leaves_nothing() {
    let place = Place::new().file("beansprout.toml", "[bundle]\nmax_bytes = 1000000\n");
    for number in 0..20 {
        place.write(&format!("static/img/{number:02}.jpg"), noise(100_000));
    }
    let run = place.run(["package"]).exit(3);
    assert!(run.stderr.contains(" or more, and the limit is 1.0 MB\nhint: most is in `static/img/` (2.0 MB)"), "{run}");
    assert_eq!(bundles(&place), 0);
    place.run(["package", "-o", "../a.zip"]).exit(3);
    assert!(!place.exists("../a.zip"));

    // The previous bundle does not hide it, and stays.
    place.write("beansprout.toml", "[bundle]\nmax_bytes = 3000000\n");
    place.sh("sh", &["-c", "sleep 2.2"]);
    place.run(["package"]).ok();
    place.write("beansprout.toml", "[bundle]\nmax_bytes = 1000000\n");
    let run = place.run(["package"]).exit(3);
    assert!(run.stderr.contains("would have 2.0 MB or more"), "{run}");
    assert_eq!(bundles(&place), 1);
}

#[test]
fn what_comes_near_the_limit_is_told() {
    let place = Place::new().file("static/a.jpg", noise(900_000));
    place.write("beansprout.toml", "[bundle]\nmax_bytes = 1000000\n");
    let run = place.run(["package"]).ok();
    let warning = "warning: the bundle has 900.3 kB of the 1.0 MB that it may have; most is in `static/` (900.0 kB)";
    assert!(run.stderr.contains(warning), "{run}");
    place.write("beansprout.toml", "[bundle]\nmax_bytes = 2000000\n");
    assert_eq!(place.run(["package"]).ok().stderr, "");
}

#[test]
fn more_files_than_a_plain_zip_can_count_are_told_before_and_read_by_all() {
    const FILES: usize = 65_535;
    let place = Place::new();
    place.sh("git", &["init", "-q", "-b", "main"]);
    let mut import = place.command("git");
    import.args(["fast-import", "--quiet"]).stdin(Stdio::piped());
    let mut child = import.spawn().unwrap();
    let mut text = "blob\nmark :1\ndata 2\nx\n\ncommit refs/heads/main\n\
                    committer a <a@example.invalid> 1700000000 +0000\ndata 1\nm\n"
        .to_owned();
    (1..FILES).for_each(|number| text += &format!("M 100644 :1 d{}/f{number}.txt\n", number / 256));
    text += "M 100644 :1 Procfile\n\n";
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());

    let run = place.run(["package", "--source", "main", "-o", "../many.zip", "--json"]).ok();
    assert_eq!(run.document("package/1")["entries"], FILES);
    // The warning comes first.
    let mut lines = run.stderr.lines();
    let warning = "warning: 65535 files need zip64, which unzip on the instance reads and some tools do not";
    assert_eq!(lines.next(), Some(warning), "{run}");
    assert!(lines.next().unwrap().contains("\"done\":0"), "{run}");

    let verified = place.run(["verify", "../many.zip", "--json"]).ok().document("verify/1");
    assert_eq!(verified["findings"][0]["flaw"], "zip64");
    assert_eq!(verified["findings"].as_array().unwrap().len(), 1);
    let python = "import sys, zipfile; print(len(zipfile.ZipFile(sys.argv[1]).namelist()))";
    assert_eq!(place.sh("python3", &["-c", python, "../many.zip"]).trim(), FILES.to_string());
    if !missing("unzip", "unzip") {
        place.sh("unzip", &["-tqq", "../many.zip"]);
        assert_eq!(place.sh("unzip", &["-Z1", "../many.zip"]).lines().count(), FILES);
    }
    if !missing("bsdtar", "libarchive-tools") {
        assert_eq!(place.sh("bsdtar", &["-tf", "../many.zip"]).lines().count(), FILES);
    }
}
