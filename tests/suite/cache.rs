//! What is unchanged comes from the previous bundle, and nobody can tell from the bytes.

use crate::harness::{Place, missing};
use crate::package::site;

/// The bundle in `.beansprout/bundles` after a run, and what the run said of it.
fn packaged(place: &Place, arguments: &[&str]) -> (Vec<u8>, serde_json::Value) {
    let all = [&["package", "--json"], arguments].concat();
    let made = place.run(all).ok().document("package/1");
    let path = made["path"].as_str().unwrap().replace("[DIR]/", "");
    (std::fs::read(place.path(path)).unwrap(), made)
}

/// Files of some age: what is younger than two seconds is not trusted.
fn aged() -> Place {
    let place = site();
    place.sh("sh", &["-c", "sleep 2.2"]);
    place
}

#[test]
fn the_cache_saves_work_and_changes_nothing() {
    let place = aged();
    let (cold, made) = packaged(&place, &[]);
    assert_eq!((&made["unchanged"], &made["reused"]), (&false.into(), &0.into()));
    let (warm, made) = packaged(&place, &[]);
    assert_eq!((&made["unchanged"], &made["reused"]), (&true.into(), &9.into()));
    assert!(cold == warm);

    // One file changes, one is added, one goes; the rest is copied, and the bytes are those of a run without a cache.
    place.write("requirements.txt", "Django==5.1\n");
    place.write("new.py", "new");
    std::fs::remove_file(place.path("static/empty")).unwrap();
    let (warm, made) = packaged(&place, &[]);
    assert_eq!((&made["unchanged"], &made["reused"]), (&false.into(), &7.into()));
    std::fs::remove_dir_all(place.path(".beansprout")).unwrap();
    assert!(warm == packaged(&place, &[]).0, "the cache shows in the bytes");
    let (_, made) = packaged(&place, &["--verify-cache"]);
    assert_eq!(made["reused"], 0);
}

#[test]
fn a_cache_that_is_odd_is_none() {
    let place = aged();
    let (expected, made) = packaged(&place, &[]);
    let index = place.path(".beansprout/bundles/index");
    let good = std::fs::read(&index).unwrap();
    let zip = made["path"].as_str().unwrap().replace("[DIR]/", "");
    let case = |what: &str| {
        let (bytes, made) = packaged(&place, &[]);
        assert!(bytes == expected, "{what}");
        assert_eq!(made["reused"], 0, "{what}");
        let (_, made) = packaged(&place, &[]);
        assert_eq!(made["unchanged"], true, "after {what}");
    };
    std::fs::remove_file(&index).unwrap();
    case("no index");
    for length in [0, 10, 60, good.len() / 2, good.len() - 1] {
        std::fs::write(&index, &good[..length]).unwrap();
        case("a truncated index");
    }
    let mut other = good.clone();
    other[17] = b'9';
    std::fs::write(&index, &other).unwrap();
    case("another version's index");
    let mut flipped = good.clone();
    let last = flipped.len() - 1;
    flipped[last] ^= 1;
    std::fs::write(&index, &flipped).unwrap();
    case("a flipped bit");
    std::fs::remove_file(place.path(&zip)).unwrap();
    case("no bundle");
    std::fs::write(place.path(&zip), "something else").unwrap();
    case("another bundle");
}

#[test]
fn a_change_that_leaves_size_and_time_is_seen() {
    if missing("unzip", "unzip") {
        return;
    }
    let place = aged();
    packaged(&place, &[]);
    let path = place.path("requirements.txt");
    let before = std::fs::metadata(&path).unwrap().modified().unwrap();
    place.write("requirements.txt", "Django==9.9\n");
    std::fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
    let (bytes, _) = packaged(&place, &[]);
    std::fs::remove_dir_all(place.path(".beansprout")).unwrap();
    assert!(bytes == packaged(&place, &[]).0, "the old content lived on");

    // What was written in the same moment in which it was read is read again, whatever its times say.
    for number in 0..20 {
        place.write("requirements.txt", format!("Django==5.{:03}\n", number));
        packaged(&place, &[]);
        place.write("requirements.txt", format!("Django==6.{:03}\n", number));
        let (bytes, _) = packaged(&place, &[]);
        place.write("../raced.zip", &bytes);
        let shipped = place.sh("unzip", &["-p", "../raced.zip", "requirements.txt"]);
        assert_eq!(shipped, format!("Django==6.{number:03}\n"));
    }
}

#[test]
fn a_cache_that_lies_is_found_out() {
    let place = aged();
    packaged(&place, &[]);
    // A lie that the index itself cannot show: its checksum is right, and a content's digest is not.
    let index = place.path(".beansprout/bundles/index");
    let mut bytes = std::fs::read(&index).unwrap();
    let at = bytes.windows(16).position(|window| window == b"requirements.txt").unwrap() + 16 + 33 + 7;
    bytes[at] ^= 1;
    let start = bytes.windows(2).position(|window| window == b"\n\n").unwrap() + 2;
    let sum = crc32(&bytes[start + 4..]);
    bytes[start..start + 4].copy_from_slice(&sum.to_le_bytes());
    std::fs::write(&index, bytes).unwrap();
    let run = place.run(["package", "--verify-cache"]).exit(3);
    assert!(run.stderr.contains("the cache was wrong about 1 file, first `requirements.txt`"), "{run}");
    assert_eq!(packaged(&place, &[]).1["reused"], 0);
}

fn crc32(bytes: &[u8]) -> u32 {
    bytes.iter().fold(!0, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 })
    }) ^ !0
}
