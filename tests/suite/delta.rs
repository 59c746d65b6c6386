//! Delta publish: whatever is copied inside S3, and whatever goes wrong with it, the object is the local bundle.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use beansprout::sandbox::{self, Injection, Rule, Server, Settings};
use beansprout::world::World;
use serde_json::Value;

use crate::harness::{Place, Run, full, python};
use crate::publish::{calls, noise, project};
use crate::sandbox::{faults_left, post};

const STATE: &str = ".beansprout/aws";
/// Where the state is kept that cases begin with.
const START: &str = ".beansprout/start";
const COPY: &str = "s3:UploadPartCopy";
const SEND: &str = "s3:UploadPart";

/// Content that no compressor makes smaller, another for each seed.
fn content(seed: u64, bytes: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(bytes).collect()
}

/// A project of so many files of half a megabyte.
fn large(files: u64) -> Place {
    let place = project();
    for number in 0..files {
        place.write(&format!("media/{number:02}.bin"), content(number, 500_000));
    }
    place
}

fn serve(place: &Place, faults: Vec<Rule>) -> Server {
    Server::start(Settings { faults, ..Settings::new(&World::real().unwrap(), place.path(STATE)) }).unwrap()
}

/// Seconds that a call may take, however busy the machine is.
const PATIENT: &str = "300";

fn command(place: &Place, server: &Server, arguments: &[&str], patience: &str) -> std::process::Command {
    let mut command = place.beansprout(["publish", "--create-application", "--call-timeout", patience]);
    // Each fault counts, and none is hidden by another attempt.
    command.args(arguments).env("AWS_MAX_ATTEMPTS", "1").envs(sandbox::variables(&server.endpoint()));
    command
}

#[track_caller]
fn publish(place: &Place, server: &Server, arguments: &[&str]) -> Run {
    place.finish(command(place, server, &[arguments, &["--json"]].concat(), PATIENT))
}

fn rule(on: &str, fault: Injection, skip: usize, times: u32) -> Vec<Rule> {
    vec![crate::sandbox::rule(on, fault, skip, times)]
}

/// Each file below a folder that `wanted` picks.
fn files(folder: &Path, wanted: &dyn Fn(&Path) -> bool, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => files(&path, wanted, found),
            path if wanted(&path) => found.push(path),
            _ => {}
        }
    }
}

/// The description of the object at a key, and where its bytes are.
fn object(place: &Place, key: &str) -> (PathBuf, PathBuf) {
    let mut found = Vec::new();
    let described = |path: &Path| path.parent().is_some_and(|parent| parent.ends_with("objects"));
    files(&place.path(STATE).join("buckets"), &described, &mut found);
    let read = |path: &Path| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap();
    let path = found.into_iter().find(|path| read(path)["key"] == key).unwrap_or_else(|| panic!("no object at {key}"));
    let blob = path.ancestors().nth(2).unwrap().join("blobs").join(read(&path)["blob"].as_str().unwrap());
    (path, blob)
}

/// Uploads that were begun and are not over.
fn unfinished(place: &Place) -> usize {
    let mut found = Vec::new();
    files(&place.path(STATE).join("buckets"), &|path| path.ends_with("upload.json"), &mut found);
    found.len()
}

/// The object must be the local bundle, byte for byte.
#[track_caller]
fn same(place: &Place, published: &Value, what: &str) {
    let key = published["bundle"]["key"].as_str().unwrap();
    let label = published["label"].as_str().unwrap();
    let local = std::fs::read(place.path(format!(".beansprout/bundles/{label}.zip"))).unwrap();
    assert!(std::fs::read(object(place, key).1).unwrap() == local, "{what}: the object at {key} is another");
    assert_eq!(published["bytes"], local.len());
}

fn bytes(published: &Value, name: &str) -> u64 {
    published[name].as_u64().unwrap()
}

/// As they were when cases begin.
fn restart(place: &Place) {
    let _ = std::fs::remove_dir_all(place.path(STATE));
    copy(&place.path(START), &place.path(STATE));
}

/// Copy a state. The bytes of objects are never written over, so they need not be there twice.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else if from.ends_with("blobs") {
            std::fs::hard_link(path, target).unwrap();
        } else {
            std::fs::copy(path, target).unwrap();
        }
    }
}

/// A place whose first version is published, and whose next differs in these files.
fn changed(files: u64, which: &[u64]) -> (Place, String) {
    let place = large(files);
    let server = serve(&place, Vec::new());
    let first = publish(&place, &server, &[]).ok().document("publish/1");
    assert_eq!((bytes(&first, "copied_bytes"), &first["copied_from"]), (0, &Value::Null));
    drop(server);
    calls(&place, STATE);
    std::fs::rename(place.path(STATE), place.path(START)).unwrap();
    for number in which {
        place.write(&format!("media/{number:02}.bin"), content(1000 + number, 400_000));
    }
    (place, first["label"].as_str().unwrap().to_owned())
}

#[test]
fn random_edits_arrive_as_they_are() {
    let place = large(60);
    let server = serve(&place, Vec::new());
    let mut last = publish(&place, &server, &[]).ok().document("publish/1");
    same(&place, &last, "first");
    let mut random = fastrand::Rng::with_seed(20);
    let mut copied = 0;
    for round in 0..8 {
        let mut edits = Vec::new();
        for _ in 0..random.usize(1..4) {
            let number = random.u32(0..60);
            let file = place.path(format!("media/{number:02}.bin"));
            let size = random.usize(1..900_000);
            let edit = random.choice(["change", "grow", "add", "remove", "rename", "mode", "text"]).unwrap();
            edits.push(format!("{edit} {number}"));
            match edit {
                "grow" if file.exists() => {
                    let more = [std::fs::read(&file).unwrap(), b"9 bytes..".to_vec()].concat();
                    std::fs::write(&file, more).unwrap();
                }
                "remove" if file.exists() => std::fs::remove_file(&file).unwrap(),
                "rename" if file.exists() => std::fs::rename(&file, file.with_extension("moved")).unwrap(),
                "mode" if file.exists() => drop(place.sh("chmod", &["+x", file.to_str().unwrap()])),
                "text" => place.write("app.py", format!("print({})\n", random.u64(..))),
                _ => std::fs::write(&file, content(random.u64(..), size)).unwrap(),
            }
        }
        let what = format!("round {round}: {edits:?}");
        let published = publish(&place, &server, &[]).ok().document("publish/1");
        same(&place, &published, &what);
        if published["registered"] == true {
            let (sent, by_copy) = (bytes(&published, "sent_bytes"), bytes(&published, "copied_bytes"));
            assert_eq!(sent + by_copy, bytes(&published, "bytes"), "{what}");
            if by_copy > 0 {
                assert_eq!(published["copied_from"], last["label"], "{what}");
                copied += 1;
            }
            last = published;
        }
        // Whatever its parts are, the object is known for what it is.
        calls(&place, STATE);
        let again = publish(&place, &server, &[]).ok().document("publish/1");
        assert_eq!((&again["uploaded"], bytes(&again, "sent_bytes")), (&false.into(), 0), "{what}");
        let asked = calls(&place, STATE);
        let gets = ["s3:GetObject", "s3:GetObjectAttributes", SEND, COPY];
        assert!(!asked.iter().any(|call| gets.contains(&call.as_str())), "{what}: {asked:?}");
    }
    assert!(copied >= 4, "only {copied} of 8 were copied in part");
}

#[test]
fn what_is_sent_and_copied_is_said_everywhere() {
    let (place, first) = changed(44, &[20]);
    restart(&place);
    let server = serve(&place, Vec::new());

    let run = publish(&place, &server, &["--dry-run"]).ok();
    let plan = run.document("dry-run/1");
    let copies: Vec<&Value> =
        plan["calls"].as_array().unwrap().iter().filter(|call| call["operation"] == "UploadPartCopy").collect();
    assert!(copies.len() >= 2, "{run}");
    let argument = |call: &Value, name: &str| {
        let pair = call["arguments"].as_array().unwrap().iter().find(|pair| pair[0] == name);
        pair.unwrap_or_else(|| panic!("no {name} in {call}"))[1].as_str().unwrap().to_owned()
    };
    for copy in &copies {
        assert!(argument(copy, "CopySourceRange").starts_with("bytes="), "{copy}");
        assert!(argument(copy, "CopySource").contains("/beansprout/shop/"), "{copy}");
    }

    calls(&place, STATE);
    let run = publish(&place, &server, &[]).ok();
    let published = run.document("publish/1");
    same(&place, &published, "published");
    assert_eq!(published["copied_from"], first.as_str());
    assert_eq!(bytes(&published, "sent_bytes") + bytes(&published, "copied_bytes"), bytes(&published, "bytes"));
    assert!(run.stderr.contains(&format!("; the rest is copied inside S3 from `{first}`")), "{run}");
    let made = calls(&place, STATE).iter().filter(|call| *call == COPY).count();
    assert_eq!(made, copies.len());
    let log = place.read(".beansprout/audit.jsonl");
    let line = log.lines().rfind(|line| line.contains("UploadPartCopy")).unwrap();
    for name in ["CopySource", "CopySourceRange", "CopySourceIfMatch", "ChecksumSHA256"] {
        argument(&serde_json::from_str::<Value>(line).unwrap()["call"], name);
    }
    drop(server);

    // For people; and not at all, where somebody says so.
    restart(&place);
    let server = serve(&place, Vec::new());
    let run = place.finish(command(&place, &server, &[], PATIENT)).ok();
    assert!(run.stdout.contains(&format!("copied inside S3 from `{first}`")), "{run}");
    drop(server);
    let config = place.read("beansprout.toml");
    for (flags, more) in [(&["--whole"][..], ""), (&[], "delta = false\n")] {
        place.write("beansprout.toml", config.replace("[release]\n", &format!("[release]\n{more}")));
        restart(&place);
        let server = serve(&place, Vec::new());
        let published = publish(&place, &server, flags).ok().document("publish/1");
        same(&place, &published, "whole");
        assert_eq!((bytes(&published, "copied_bytes"), &published["copied_from"]), (0, &Value::Null));
        assert!(!calls(&place, STATE).contains(&COPY.to_owned()));
    }
}

/// Each way in which a copy can fail costs sending that part, and no more.
#[test]
fn a_copy_that_fails_is_sent() {
    use Injection::*;
    let (place, _) = changed(60, &[12, 46]);
    restart(&place);
    let server = serve(&place, Vec::new());
    let clean = publish(&place, &server, &[]).ok().document("publish/1");
    drop(server);
    let copies = calls(&place, STATE).iter().filter(|call| *call == COPY).count();
    assert!(copies >= 2, "{copies}");
    let faults = [
        SourceChanges,
        AccessDenied,
        Error200,
        NoChecksum,
        WrongChecksum,
        InternalError,
        Unavailable,
        Throttle,
        ResetBefore,
        ResetAfter,
        Truncate,
    ];
    for (number, fault) in faults.into_iter().enumerate() {
        let skips: Vec<usize> = std::collections::BTreeSet::from([0, copies / 2, copies - 1]).into_iter().collect();
        // Where time is short, each fault meets one of them.
        let skips = if full() { &skips[..] } else { std::slice::from_ref(&skips[number % skips.len()]) };
        for skip in skips {
            restart(&place);
            let server = serve(&place, rule("UploadPartCopy", fault, *skip, 1));
            let what = format!("{fault:?} at copy {skip}");
            let run = publish(&place, &server, &[]);
            assert_eq!(run.exit, 0, "{what}\n{run}");
            let published = run.document("publish/1");
            same(&place, &published, &what);
            assert!(bytes(&published, "sent_bytes") > bytes(&clean, "sent_bytes"), "{what}\n{run}");
            assert_eq!(unfinished(&place), 0, "{what}");
        }
    }
    // All of them.
    for fault in [WrongChecksum, Error200, AccessDenied] {
        restart(&place);
        let server = serve(&place, rule("UploadPartCopy", fault, 0, 1000));
        let published = publish(&place, &server, &[]).ok().document("publish/1");
        same(&place, &published, "no copy works");
        assert_eq!(bytes(&published, "sent_bytes"), bytes(&published, "bytes"));
        assert_eq!(published["copied_from"], Value::Null);
    }
    // Credentials that are no longer valid will not be for the next call either.
    restart(&place);
    let server = serve(&place, rule("UploadPartCopy", ExpiredToken, 0, 1));
    publish(&place, &server, &[]).exit(4);
    let published = publish(&place, &server, &[]).ok().document("publish/1");
    same(&place, &published, "after new credentials");
    assert_eq!(unfinished(&place), 0);
}

#[test]
fn a_copy_that_never_ends_is_given_up() {
    let (place, _) = changed(44, &[20]);
    restart(&place);
    let server = serve(&place, rule("UploadPartCopy", Injection::Stall, 0, 1));
    // A copy has a third of a call's time at least.
    let command = command(&place, &server, &["--json"], "9");
    let published = place.finish(command).ok().document("publish/1");
    same(&place, &published, "stalled");
    assert!(calls(&place, STATE).contains(&"s3:ListParts".to_owned()));
}

/// Something that cannot be copied from is a reason to send everything, and no error.
#[test]
fn a_source_that_is_none_is_left_alone() {
    let (place, first) = changed(34, &[15]);
    let case = |faults: Vec<Rule>, prepare: &dyn Fn(&Server), words: &str| {
        restart(&place);
        let server = serve(&place, faults);
        prepare(&server);
        let patience = if words.contains("too long") { "12" } else { PATIENT };
        let run = place.finish(command(&place, &server, &["--json"], patience)).ok();
        let published = run.document("publish/1");
        same(&place, &published, words);
        assert_eq!(bytes(&published, "sent_bytes"), bytes(&published, "bytes"), "{words}\n{run}");
        assert!(run.stderr.contains(&format!("sending all of it: {words}")), "{run}");
    };
    let nothing = |_: &Server| {};
    let unseen = format!("`{first}` could not be looked at");
    case(rule("GetObject", Injection::AccessDenied, 0, 1), &nothing, &unseen);
    case(rule("GetObject", Injection::ResetAfter, 0, 1), &nothing, &unseen);
    case(rule("GetObject", Injection::Truncate, 0, 1), &nothing, &unseen);
    // The first `HeadObject` looks for our own key.
    case(rule("HeadObject", Injection::AccessDenied, 1, 1), &nothing, &unseen);
    case(rule("HeadObject", Injection::Stall, 1, 1), &nothing, "looking at older versions took too long");
    let key = |place: &Place| {
        let mut found = Vec::new();
        let state = place.path(STATE);
        files(&state.join("buckets"), &|path| path.parent().is_some_and(|at| at.ends_with("objects")), &mut found);
        let read = |path: &PathBuf| serde_json::from_slice::<Value>(&std::fs::read(path).unwrap()).unwrap();
        let keys = found.iter().map(|path| read(path)["key"].as_str().unwrap().to_owned());
        keys.into_iter().find(|key| key.ends_with(".zip")).unwrap()
    };
    let gone = |_: &Server| std::fs::remove_file(object(&place, &key(&place)).0).unwrap();
    case(Vec::new(), &gone, &unseen);
    const REPACK: &str = "import boto3, io, os, sys, zipfile\n\
        s3 = boto3.client('s3')\n\
        bucket = s3.list_buckets()['Buckets'][0]['Name']\n\
        packed = io.BytesIO()\n\
        with zipfile.ZipFile(packed, 'w') as new:\n\
        \x20   for n in range(34): new.write('media/%02d.bin' % n)\n\
        s3.put_object(Bucket=bucket, Key=sys.argv[1], Body=packed.getvalue())";
    let foreign = |server: &Server| {
        let mut command = place.command(python());
        command.args(["-c", REPACK, &key(&place)]).envs(sandbox::variables(&server.endpoint()));
        place.finish(command).ok();
    };
    case(Vec::new(), &foreign, &format!("`{first}` was packed by another tool"));
}

/// The source is pruned between the look at it and the copies.
#[test]
fn a_source_that_goes_meanwhile_costs_nothing_but_bytes() {
    let (place, _) = changed(34, &[15]);
    restart(&place);
    let mut rules = rule("CreateMultipartUpload", Injection::Stall, 0, 1);
    rules[0].seconds = 2;
    let server = serve(&place, rules);
    let child =
        command(&place, &server, &["--json"], PATIENT).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    met(&server, "the upload never began");
    let mut found = Vec::new();
    files(
        &place.path(STATE).join("buckets"),
        &|path| path.parent().is_some_and(|at| at.ends_with("objects")),
        &mut found,
    );
    found.retain(|path| std::fs::read_to_string(path).unwrap().contains(".zip\""));
    assert_eq!(found.len(), 1);
    std::fs::remove_file(&found[0]).unwrap();
    let run = place.ended(child).ok();
    let published = run.document("publish/1");
    same(&place, &published, "pruned");
    assert_eq!(bytes(&published, "sent_bytes"), bytes(&published, "bytes"));
}

/// Wait until no rule is left, which is when the call has met its fault.
#[track_caller]
fn met(server: &Server, never: &str) {
    let end = Instant::now() + Duration::from_secs(60);
    while !faults_left(&server.endpoint()).trim_end().ends_with("[]") {
        assert!(Instant::now() < end, "{never}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Killed at any call, the same command again finishes the work and leaves nothing behind.
#[test]
fn a_death_at_any_call_is_made_good() {
    let (place, _) = changed(44, &[20]);
    restart(&place);
    let server = serve(&place, Vec::new());
    publish(&place, &server, &[]).ok();
    drop(server);
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for call in calls(&place, STATE) {
        let operation = call.split(':').next_back().unwrap().to_owned();
        let skip = seen.entry(operation.clone()).or_default();
        // What a signal leaves is what death leaves, or less.
        let signals: &[&str] = if operation.contains("Part") { &["INT", "KILL"] } else { &["KILL"] };
        for signal in signals {
            restart(&place);
            let server = serve(&place, rule(&operation, Injection::Stall, *skip, 1));
            let what = format!("SIG{signal} at {operation} {skip}");
            let mut child =
                command(&place, &server, &[], PATIENT).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            met(&server, &what);
            place.sh("kill", &[&format!("-{signal}"), &child.id().to_string()]);
            child.wait().unwrap();
            let run = publish(&place, &server, &[]);
            assert_eq!(run.exit, 0, "{what}\n{run}");
            same(&place, &run.document("publish/1"), &what);
            assert_eq!(unfinished(&place), 0, "{what}");
        }
        *skip += 1;
    }
    assert!(seen["UploadPartCopy"] >= 2, "{seen:?}");
}

/// What an earlier run sent is not sent again, whichever way it went about it.
#[test]
fn an_upload_that_was_begun_another_way_is_gone_on_with() {
    let (place, _) = changed(44, &[20]);
    restart(&place);
    let fails = || rule("CompleteMultipartUpload", Injection::InternalError, 0, 1);
    let server = serve(&place, fails());
    publish(&place, &server, &["--whole"]).exit(4);
    assert_eq!(unfinished(&place), 1);
    let published = publish(&place, &server, &[]).ok().document("publish/1");
    same(&place, &published, "gone on with");
    assert_eq!((bytes(&published, "sent_bytes"), bytes(&published, "copied_bytes")), (0, 0));
    assert_eq!(unfinished(&place), 0);
    drop(server);

    // From an older version, while another became the newest.
    restart(&place);
    let server = serve(&place, fails());
    publish(&place, &server, &[]).exit(4);
    let changed = std::fs::read(place.path("media/20.bin")).unwrap();
    place.write("media/20.bin", content(7, 450_000));
    publish(&place, &server, &[]).ok();
    place.write("media/20.bin", changed);
    let published = publish(&place, &server, &[]).ok().document("publish/1");
    same(&place, &published, "gone on with from another source");
    assert_eq!((bytes(&published, "sent_bytes"), bytes(&published, "copied_bytes")), (0, 0));
    assert_eq!(unfinished(&place), 0);
}

/// However they disturb each other, all of them end well and there is one object.
#[test]
fn two_ways_at_once_make_one_object() {
    let (place, _) = changed(44, &[20]);
    for round in 0..4 {
        restart(&place);
        let server = serve(&place, Vec::new());
        let start = |flags: &[&str]| {
            let mut command = command(&place, &server, &[flags, &["--json"]].concat(), PATIENT);
            // One that sends a part of an upload that is over meets a connection that ends before an answer.
            command.env("AWS_MAX_ATTEMPTS", "3");
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        // Packed before, so that they meet.
        place.run(["package"]).ok();
        let children = [start(&["--whole"]), start(&[]), start(&[])];
        for child in children {
            let run = place.ended(child);
            assert_eq!(run.exit, 0, "round {round}\n{run}");
            same(&place, &run.document("publish/1"), &format!("round {round}"));
        }
        let versions = place.finish({
            let mut command = place.beansprout(["versions", "--json"]);
            command.envs(sandbox::variables(&server.endpoint()));
            command
        });
        assert_eq!(versions.ok().json()["versions"].as_array().unwrap().len(), 2, "round {round}");
    }
}

/// An object that another tool sent in parts of its own is known by what S3 says of them; nothing is fetched.
#[test]
fn parts_of_others_are_asked_for() {
    const SEND: &str = "import boto3, sys\n\
        from boto3.s3.transfer import TransferConfig\n\
        boto3.client('s3').upload_file(sys.argv[1], sys.argv[2], sys.argv[3], ExtraArgs={'ChecksumAlgorithm': 'SHA256'},\n\
        \x20   Config=TransferConfig(multipart_chunksize=6 << 20))";
    let place = project().file("noise.bin", noise(17_000_000));
    let server = serve(&place, Vec::new());
    let run = publish(&place, &server, &[]).ok();
    let published = run.document("publish/1");
    let (bucket, key) = (published["bundle"]["bucket"].as_str().unwrap(), published["bundle"]["key"].as_str().unwrap());
    let local = format!(".beansprout/bundles/{}.zip", published["label"].as_str().unwrap());
    let mut command = place.command(python());
    command.args(["-c", SEND, &local, bucket, key]).envs(sandbox::variables(&server.endpoint()));
    place.finish(command).ok();
    for (denied, fetched) in [(false, false), (true, true)] {
        drop(calls(&place, STATE));
        if denied {
            let order = r#"[{"on": "GetObjectAttributes", "fault": "access-denied"}]"#;
            post(&server.endpoint(), "/-/faults", order);
        }
        let again = publish(&place, &server, &[]).ok().document("publish/1");
        assert_eq!(again["uploaded"], false);
        let asked = calls(&place, STATE);
        assert!(asked.contains(&"s3:GetObjectAttributes".to_owned()), "{asked:?}");
        assert_eq!(asked.contains(&"s3:GetObject".to_owned()), fetched, "{asked:?}");
    }
}

/// A change of 10 kB costs a part and the directory, whatever is around it, and little memory.
#[test]
fn little_is_sent_of_much_and_little_memory_is_used() {
    const PEAK: &str = "import resource, subprocess, sys\n\
        done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)\n\
        assert done.returncode == 0, done.stderr\n\
        print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, done.stdout)";
    let place = project();
    for number in 0..400 {
        place.write(&format!("media/{number:03}.bin"), content(number, 200_000));
    }
    let server = serve(&place, Vec::new());
    publish(&place, &server, &[]).ok();
    place.write("media/200.bin", content(4711, 10_000));
    place.run(["package"]).ok();
    let mut command = place.command(python());
    command.args(["-c", PEAK, env!("CARGO_BIN_EXE_beansprout"), "publish", "--json"]);
    command.envs(sandbox::variables(&server.endpoint()));
    let said = place.finish(command).ok().stdout;
    let (peak, published) = said.split_once(' ').unwrap();
    let published: Value = serde_json::from_str(published).unwrap();
    same(&place, &published, "large");
    let sent = bytes(&published, "sent_bytes");
    assert!(sent < 6 << 20, "{sent} bytes were sent");
    if cfg!(target_os = "linux") {
        let peak: u64 = peak.parse().unwrap();
        assert!(peak < 64 * 1024, "{peak} kB");
    }
}
