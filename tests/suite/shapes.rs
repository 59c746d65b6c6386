//! Secrets in the dresses that people put them in: each is refused or warned of, by `check` and by `package` alike.

use std::collections::BTreeSet;

use crate::harness::Place;

/// Put together, so that this file holds no secret itself.
fn join(parts: &[&str]) -> String {
    parts.concat()
}

/// `length` letters and digits that nobody would make up.
fn random(length: usize) -> String {
    "Q7xk2VbN9mLp4RtZc8WdJ5hGs3YfA6uE".chars().cycle().take(length).collect()
}

const BODY: &str = "MIIEpAIBAAKCAQEA1234567890abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP";

/// The shapes that are known, and those among them that are left out, with the reason.
fn shapes() -> (Vec<(String, Vec<u8>)>, Vec<&'static str>) {
    let header = join(&["-----BEGIN RSA PRIV", "ATE KEY-----"]);
    let key = |dress: &str| dress.replace("HEAD", &header).replace("BODY", BODY).into_bytes();
    let mut shapes: Vec<(&str, Vec<u8>)> = Vec::new();
    for kind in ["", "RSA ", "EC ", "DSA ", "OPENSSH "] {
        let name: &'static str = ["k0", "k1", "k2", "k3", "k4"][shapes.len()];
        shapes.push((name, join(&["-----BEGIN ", kind, "PRIV", "ATE KEY-----\n", BODY, "\n"]).into_bytes()));
    }
    let (id, secret) = (join(&["AKI", "AQ3EGVZ5RKT7WNJ2X"]), random(40));
    shapes.extend([
        ("cr", key("HEAD\rBODY")),
        ("newline", key("x = 'HEAD\\nBODY'")),
        ("indented", key("content: |\n      HEAD\n      BODY\n")),
        ("comment", key("# HEAD\n# BODY\n")),
        ("blank", key("HEAD \nBODY\n")),
        ("crlf-written", key("x = 'HEAD\\r\\nBODY'")),
        ("twice-written", key("x = 'HEAD\\\\nBODY'")),
        ("unicode-written", key("x = 'HEAD\\u000aBODY'")),
        ("joined", key("'HEAD\\n' +\n 'BODY'\n")),
        ("pgp", join(&["-----BEGIN PGP PRIV", "ATE KEY BLOCK-----\n\n", BODY]).into_bytes()),
        ("ssh2", join(&["---- BEGIN SSH2 ENCRYPTED PRIV", "ATE KEY ----\nComment: \"a\"\n", BODY]).into_bytes()),
        ("putty", join(&["PuTTY-User-Key-", "File-2: ssh-rsa\nPrivate-Lines: 8\n", BODY]).into_bytes()),
        ("base64", join(&["LS0tLS1CRUdJTiBSU0EgUFJJVkFU", "RSBLRVktLS0tLQ", BODY]).into_bytes()),
        ("akia", format!("id = {id}").into_bytes()),
        ("asia", join(&["id = ASI", "AQ3EGVZ5RKT7WNJ2X"]).into_bytes()),
        (".aws/credentials", b"[default]".to_vec()),
        ("secret-alone", join(&["aws_secret_access", "_key = ", &secret]).into_bytes()),
        ("slash", format!("s3://{id}/x").into_bytes()),
        ("utf16", [0xff, 0xfe].into_iter().chain(id.bytes().flat_map(|byte| [byte, 0])).collect()),
        ("nested.zip", b"PK\x03\x04".to_vec()),
        ("split", join(&["'AKI' 'A", "Q3EGVZ5RKT7WNJ2X'"]).into_bytes()),
        ("db.sqlite3", b"SQLite format 3\0 ".to_vec()),
        ("db.sqlite3-wal", b"\x37\x7f\x06\x82 ".to_vec()),
        ("db.gz", b"\x1f\x8b\x08".to_vec()),
        ("dump.sql", b"--\n-- PostgreSQL database dump\n--\nCOPY public.a (b) FROM stdin;\n1\n".to_vec()),
        ("dump", b"PGDMP\x01".to_vec()),
        (
            "users.json",
            join(&["{\"password\": \"pbkdf2_", "sha256$600000$", &random(16), "$", &random(32), "\"}"]).into_bytes(),
        ),
        ("account.json", key("{\"type\": \"service_account\", \"private_key\": \"HEAD\\nBODY\"}")),
        ("github", join(&["gh", "p_", &random(36)]).into_bytes()),
        ("github-fine", join(&["github_", "pat_", &random(82)]).into_bytes()),
        ("slack", join(&["xo", "xb-824561903377-", &random(24)]).into_bytes()),
        ("stripe", join(&["sk_", "live_", &random(24)]).into_bytes()),
        ("google", join(&["AI", "za", &random(35)]).into_bytes()),
        ("sendgrid", join(&["S", "G.", &random(22), ".", &random(43)]).into_bytes()),
        ("twilio", join(&["S", "K9f3a7c05e1b8d2649f3a7c05e1b8d264"]).into_bytes()),
        ("jwt", join(&["ey", "JhbGciOiJIUzI1NiJ9.eyJ", &random(20), ".", &random(43)]).into_bytes()),
        ("url", join(&["postgres", "://shop:", &random(12), "@db.shop.net/shop"]).into_bytes()),
        ("settings.py", join(&["SECRET", "_KEY = '", &random(50), "'"]).into_bytes()),
        (
            ".ebextensions/a.config",
            join(&[
                "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    API",
                "_TOKEN: ",
                &random(32),
                "\n",
            ])
            .into_bytes(),
        ),
    ]);
    let names = [
        ".env",
        "a/.env.production",
        ".envrc",
        "prod.env",
        "env",
        "b/.ENV",
        ".environment",
        ".flaskenv",
        ".netrc",
        ".pypirc",
        ".npmrc",
        ".git-credentials",
        ".pgpass",
        ".htpasswd",
        ".docker/config.json",
        "kubeconfig",
        "a.p12",
        "a.jks",
        "a.ppk",
        "a.tfstate",
        ".bash_history",
    ];
    let mut all: Vec<(String, Vec<u8>)> =
        shapes.into_iter().map(|(name, content)| (name.to_owned(), content)).collect();
    all.extend(names.map(|name| (name.to_owned(), b"x".to_vec())));
    // In archives and compressed; in pieces that only a program puts together; no other than a digest.
    (all, vec!["nested.zip", "db.gz", "split", "twilio"])
}

#[test]
fn every_shape_is_refused_or_warned_of() {
    let (shapes, left_out) = shapes();
    let place = Place::new().file("Procfile", "web: gunicorn shop\n").file("requirements.txt", "gunicorn==23.0.0\n");
    place.write("beansprout.toml", "[project]\nname = \"shop\"\n\n[bundle]\nsecrets = \"error\"\n");
    // Two names that differ only in case would be a finding of another kind.
    shapes.iter().for_each(|(path, content)| place.write(path, content));
    std::os::unix::fs::symlink(join(&["AKI", "AQ3EGVZ5RKT7WNJ2X"]), place.path("link")).unwrap();
    let names: BTreeSet<&str> = shapes.iter().map(|(path, _)| path.as_str()).chain(["link"]).collect();
    // What is refused by its name hides nothing of what others hold.
    let report = place.run(["check", "--json"]).exit(1).document("check/1");
    let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["rule"] == "EB180");
    let found: BTreeSet<String> = findings.map(|finding| finding["path"].as_str().unwrap().to_owned()).collect();
    let packaged = place.run(["package"]).exit(3);
    let said = found.iter().filter(|path| packaged.stderr.contains(&format!("`{path}`"))).count();
    assert!(said >= 5, "`package` says the same\n{packaged}");
    let missed: Vec<&str> = names.iter().copied().filter(|name| !found.contains(*name)).collect();
    let mut expected = left_out.clone();
    expected.sort_unstable();
    assert_eq!(missed, expected);
    assert!(names.len() >= 62, "{}", names.len());
}

#[test]
fn a_secret_is_allowed_by_its_value_and_no_other() {
    let token = |last: char| format!("{}{last}", join(&["gh", "p_", &random(35)]));
    let place = Place::new().file("Procfile", "web: gunicorn shop\n").file("app.py", format!("T = '{}'\n", token('a')));
    let refused = place.run(["package", "--json"]).exit(3);
    let hint = refused.json()["error"]["hint"].as_str().unwrap().to_owned();
    let name = hint.split('"').find(|part| part.starts_with("sha256:")).unwrap_or_else(|| panic!("{hint}")).to_owned();
    place.write("beansprout.toml", format!("[bundle]\nallow-secret = [\"{name}\"]\n"));
    place.run(["package"]).ok();
    // From the cache, and elsewhere in the project, it is the same value.
    place.run(["package"]).ok();
    place.write("deep/other.py", format!("T = '{}'\n", token('a')));
    place.run(["package"]).ok();
    place.write("app.py", format!("T = '{}'\n", token('b')));
    let refused = place.run(["package"]).exit(3);
    assert!(
        refused.stderr.contains("`app.py` holds a GitHub token") && !refused.stderr.contains("deep/other.py"),
        "{refused}"
    );
    place.write("beansprout.toml", "[bundle]\nallow-secret = [\"sha256:12\"]\n");
    let wrong = place.run(["package"]).exit(3);
    assert!(wrong.stderr.contains("allow-secret"), "{wrong}");
}

#[test]
fn a_database_is_refused_where_it_may_hold_data_of_people() {
    const ACCOUNTS: &str = "create table auth_user (id integer primary key, password varchar(128), email text);";
    #[track_caller]
    fn case(statements: &str, refused: bool) {
        let place = Place::new().file("Procfile", "web: gunicorn shop\n");
        let program = format!(
            "import sqlite3; c = sqlite3.connect('a.db'); c.executescript(\"\"\"{statements}\"\"\"); c.close()"
        );
        place.sh("python3", &["-c", &program]);
        let run = place.run(["package", "-o", "../a.zip"]);
        assert_eq!(run.exit == 3, refused, "{statements}\n{run}");
        let said = if refused {
            "`a.db` is an SQLite database that may hold data of people"
        } else {
            "`a.db` is an SQLite database: see that"
        };
        assert!(run.stderr.contains(said), "{statements}\n{run}");
        let report = place.run(["check", "--json"]).document("check/1");
        let rules: Vec<_> = report["findings"].as_array().unwrap().iter().map(|finding| &finding["rule"]).collect();
        assert!(rules.contains(&&serde_json::json!(if refused { "EB180" } else { "EB181" })), "{report}");
        place.run(["package", "--allow", "a.db", "-o", "../a.zip"]).ok();
        let verified = place.run(["verify", "../a.zip", "--json"]).document("verify/1");
        assert_eq!(verified["findings"][0]["flaw"], "database", "{verified}");
        assert_eq!(verified["findings"][0]["message"].as_str().unwrap().contains("people"), refused, "{verified}");
    }
    let row = "insert into auth_user values (1, 'x', 'ann@shop.net');";
    let fill = |table: &str, columns: &str| {
        format!(
            "create table {table} ({columns}); with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)\n\
         insert into {table} select 'a rather long text about nothing, number ' || i from n;"
        )
    };
    let index = fill("pages", "title text");
    case(&index, false);
    case(&format!("{index}{ACCOUNTS}"), false);
    case(&format!("{index}{ACCOUNTS}{row}"), true);
    case(&format!("pragma secure_delete = off;{ACCOUNTS}{row}delete from auth_user;"), true);
    case(&format!("pragma secure_delete = on;{ACCOUNTS}{row}delete from auth_user;"), false);
    case(&format!("{ACCOUNTS}{index}drop table pages;"), true);
    case(&fill("customers", "line text"), true);
    case(&format!("pragma encoding = 'UTF-16le';{ACCOUNTS}{row}"), true);
    case(&format!("pragma encoding = 'UTF-16be';{index}"), false);
    case(&format!("pragma page_size = 65536;{index}{ACCOUNTS}"), false);
    // A schema that fills many pages, and a statement that goes on in others.
    let many: String =
        (0..300).map(|number| format!("create table t{number} (a text /* {} */);", "-".repeat(200))).collect();
    case(&many, false);
    case(&format!("{many}{ACCOUNTS}{row}"), true);
    case(&format!("create table t (a /* {} */, email); insert into t values (1, 2);", "-".repeat(9000)), true);
    case("create table t (email text primary key) without rowid; insert into t values ('a');", true);
    case("create table t (email text primary key) without rowid;", false);
    case("create virtual table t using fts5(title, email);", true);
    case("create virtual table t using fts5(title, body); insert into t values ('a', 'b');", false);
    // Larger than what is held in memory: only its beginning is looked at.
    let large = format!(
        "{index}insert into pages select a.title || b.title from pages a, (select title from pages limit 40) b;"
    );
    case(&large, false);
    case(&format!("{ACCOUNTS}{large}{row}"), true);
    case(&format!("{large}{ACCOUNTS}"), true);
}
