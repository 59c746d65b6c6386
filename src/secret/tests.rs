//! Shapes of secrets, in any dress, and what only looks like one.

use super::kind::ALL;
use super::*;

/// Put together, so that this file holds none itself.
fn key_of(kind: &str) -> String {
    format!("-----BEGIN {kind}{} KEY-----", "PRIVATE")
}

const BODY: &str = "MIIEpAIBAAKCAQEA1234567890abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP";

fn shapes() -> Vec<(String, Kind)> {
    let mixed = |length: usize| -> String {
        let letters = b"Q7xk2VbN9mLp4RtZc8WdJ5hGs3YfA6uE";
        letters.iter().cycle().take(length).map(|byte| char::from(*byte)).collect()
    };
    let hex = |length: usize| -> String { "9f3a7c05e1b8d264".chars().cycle().take(length).collect() };
    let with = |prefix: [&str; 2], rest: String| format!("{}{}{rest}", prefix[0], prefix[1]);
    let mut shapes = Vec::new();
    for kind in ["", "RSA ", "EC ", "DSA ", "OPENSSH ", "ENCRYPTED "] {
        shapes.push((format!("{}\n{BODY}\n", key_of(kind)), Kind::PrivateKey));
    }
    let header = key_of("RSA ");
    for dress in [
        format!("{header}\r{BODY}"),
        format!("{header}\r\n{BODY}"),
        format!("{header} \n{BODY}"),
        format!("{header}\n      {BODY}"),
        format!("# {header}\n# {BODY}"),
        format!("{header}\\n{BODY}"),
        format!("{header}\\r\\n{BODY}"),
        format!("{header}\\\\n{BODY}"),
        format!("{header}\\u000a{BODY}"),
        format!("\"{header}\\n\" +\n  \"{}\\n\" +\n  \"{}\"", &BODY[..20], &BODY[20..]),
        format!("{header}\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,9F3A\n\n{BODY}"),
        format!("-----BEGIN PGP {} KEY BLOCK-----\nVersion: GnuPG v2\n\n{BODY}", "PRIVATE"),
        format!("---- BEGIN SSH2 ENCRYPTED {} KEY ----\nComment: \"a\"\n{BODY}", "PRIVATE"),
        format!("PuTTY-User-{}-2: ssh-rsa\nEncryption: none\nPrivate-Lines: 8\n{BODY}", "Key-File"),
        // `-----BEGIN RSA PRIVATE KEY-----` in base64.
        format!("{}Bd{}", "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tL", BODY),
    ] {
        shapes.push((dress, Kind::PrivateKey));
    }
    shapes.extend([
        (with(["AKI", "A"], "Q3EGVZ5RKT7WNJ2X".into()), Kind::AwsKey),
        (with(["ASI", "A"], "Q3EGVZ5RKT7WNJ2X".into()), Kind::AwsKey),
        (with(["s3://AKI", "A"], "Q3EGVZ5RKT7WNJ2X/path".into()), Kind::AwsKey),
        (with(["aws_secret_access_", "key = "], mixed(40)), Kind::AwsSecret),
        (with(["\"SecretAccess", "Key\": \""], mixed(40) + "\""), Kind::AwsSecret),
        (with(["gh", "p_"], mixed(36)), Kind::GithubToken),
        (with(["github_", "pat_"], mixed(82)), Kind::GithubToken),
        (with(["glp", "at-"], mixed(20)), Kind::GitlabToken),
        (with(["xo", "xb-"], format!("824561903377-{}", mixed(24))), Kind::SlackToken),
        (with(["sk_", "live_"], mixed(24)), Kind::StripeKey),
        (with(["AI", "za"], mixed(35)), Kind::GoogleKey),
        (with(["GOC", "SPX-"], mixed(28)), Kind::GoogleSecret),
        (with(["S", "G."], format!("{}.{}", mixed(22), mixed(43))), Kind::SendgridKey),
        (with(["np", "m_"], mixed(36)), Kind::PackageToken),
        (with(["py", "pi-AgE"], mixed(60)), Kind::PackageToken),
        (with(["AGE-SECRET-", "KEY-1"], mixed(58).to_uppercase()), Kind::AgeKey),
        (with(["dop_", "v1_"], hex(64)), Kind::ServiceToken),
        (with(["ey", "J"], format!("hbGciOiJIUzI1NiJ9.eyJ{}.{}", mixed(20), mixed(43))), Kind::WebToken),
        (with(["postgres", "://"], format!("shop:{}@db.shop.net/shop", mixed(12))), Kind::UrlPassword),
        (with(["SECRET", "_KEY = '"], mixed(50) + "'"), Kind::NamedValue),
        (with(["export API", "_TOKEN="], mixed(32)), Kind::NamedValue),
        (with(["db.pass", "word: "], mixed(24)), Kind::NamedValue),
        (with(["--set license", "_key="], hex(40)), Kind::NamedValue),
        (with(["pbkdf2_", "sha256$"], format!("600000${}${}", mixed(16), mixed(32))), Kind::PasswordHash),
    ]);
    shapes
}

#[test]
fn known_shapes_are_found_in_any_dress() {
    for (shape, kind) in shapes() {
        let dresses = [
            shape.clone(),
            format!("a = 1\n      {shape}\n"),
            format!("{{\"k\": \"{shape}\"}}"),
            format!("k: |\n  {}\n", shape.replace('\n', "\n  ")),
            shape.replace('\n', "\r\n"),
        ];
        for dress in &dresses {
            let found: Vec<Kind> = in_content(dress.as_bytes()).iter().collect();
            assert!(found.contains(&kind), "{kind:?} in {dress}: {found:?}");
            let wide: Vec<u8> = [0xff, 0xfe].into_iter().chain(dress.bytes().flat_map(|byte| [byte, 0])).collect();
            assert!(in_content(&wide).iter().any(|found| found == kind), "{kind:?} in UTF-16: {dress}");
        }
    }
}

#[test]
fn what_is_about_a_secret_is_none() {
    let value = "d-797305abd57447a8b8f95d9ce899416b";
    let found = |text: &str| in_content(text.as_bytes()).iter().any(|kind| kind == Kind::NamedValue);
    assert!(found(&format!("RESET_PASSWORD = \"{value}\"")));
    for name in ["RESET_PASSWORD_TEMPLATE", "RESET_PASSWORD_URL", "PASSWORD_VIEW"] {
        assert!(!found(&format!("{name} = \"{value}\"")), "{name}");
    }
    assert!(!found("curl https://a.net/x?user=a&password=a&url=http%3A%2F%2Fa.net%3A1983%2Fb7"));
}

#[test]
fn a_schema_has_no_rows() {
    assert!(is_schema_alone(b"--\n-- PostgreSQL database dump\n--\nCREATE TABLE a (b int);\n"));
    assert!(!is_schema_alone(b"-- MySQL dump\nINSERT INTO `a` VALUES (1);\n"));
    assert!(!is_schema_alone(b"-- PostgreSQL database dump\nCOPY public.a (b) FROM stdin;\n1\n"));
    assert!(!is_schema_alone(b"PGDMP"));
}

#[test]
fn dumps_are_known_by_their_beginning() {
    for start in [
        "PGDMP",
        "--\n-- PostgreSQL database dump\n--\n",
        "--\n-- PostgreSQL database cluster dump\n--\n",
        "-- MySQL dump 10.13",
        "/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19",
        "-- phpMyAdmin SQL Dump\n-- version 5.2.1\n",
    ] {
        assert_eq!(at_start(start.as_bytes()).iter().collect::<Vec<_>>(), [Kind::Dump], "{start}");
    }
    assert_eq!(at_start(b"-- tables of the shop\nCREATE TABLE a (b int);\n"), Kinds::default());
}

#[test]
fn a_name_stands_for_one_value() {
    let names = |text: &str| named_in(text.as_bytes());
    for (shape, kind) in shapes() {
        let found = names(&format!("a = 1\n{shape}\n"));
        let (_, name) = found.iter().find(|(found, _)| *found == kind).unwrap_or_else(|| panic!("{shape}"));
        assert!(is_name(name), "{name}");
        let again = names(&format!("# another place\n\n{shape}\n"));
        assert!(again.iter().any(|(_, other)| other == name), "{shape}");
    }
    let token = |last: char| names(&format!("{}Q7xk2VbN9mLp4RtZc8WdJ5hGs3YfA6uEabc{last}", ["gh", "p_"].concat()));
    assert!(token('a')[0].1 != token('b')[0].1 && token('a').len() == 1);
    assert!(!is_name("sha256:00") && !is_name(&"0".repeat(64)));
}

#[test]
fn what_only_speaks_of_secrets_has_none() {
    let key = key_of("RSA ");
    for text in [
        format!("begin = '{key}'"),
        format!("if text.startswith('{key}'): return"),
        format!("{key}\n...\n"),
        format!("AKIA{}", "IOSFODNN7EXAMPLE"),
        format!("AKIA{}", "BEANSPROUTSANDBX"),
        "AKIAIOSF".to_owned(),
        format!("xAKIA{}", "Q3EGVZ5RKT7WNJ2X"),
        "SECRET_KEY = os.environ['SECRET_KEY']".to_owned(),
        "SECRET_KEY = 'django-insecure-Q7xk2VbN9mLp4RtZc8WdJ5hGs3YfA6uE'".to_owned(),
        "PASSWORD_HASHERS = ['django.contrib.auth.hashers.Argon2PasswordHasher1']".to_owned(),
        "csrf_token = get_token(request)".to_owned(),
        "password: ${DATABASE_PASSWORD_OF_PRODUCTION_1}".to_owned(),
        "postgres://postgres:postgres@localhost/shop".to_owned(),
        "postgres://shop:{password}@db.shop.net/shop".to_owned(),
        "sk_test_Q7xk2VbN9mLp4RtZc8Wd".to_owned(),
        "ghp_short".to_owned(),
        "SECRET_KEY = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ246'".to_owned(),
        "SECRET_KEY = 'TEST-VALUE-2-DO-NOT-USE-TEST-VALUE-7'".to_owned(),
        "\"integrity\": \"sha512-Q7xk2VbN9mLp4RtZc8WdJ5hGs3YfA6uE==\"".to_owned(),
    ] {
        assert_eq!(in_content(text.as_bytes()), Kinds::default(), "{text}");
    }
}

#[test]
fn files_are_known_by_name() {
    for (path, kind) in [
        (".env", Kind::EnvironmentFile),
        ("a/.env.local", Kind::EnvironmentFile),
        (".ENV", Kind::EnvironmentFile),
        (".env-prod", Kind::EnvironmentFile),
        (".envrc", Kind::EnvironmentFile),
        ("home/.netrc", Kind::CredentialsFile),
        (".pypirc", Kind::CredentialsFile),
        (".git-credentials", Kind::CredentialsFile),
        (".pgpass", Kind::CredentialsFile),
        ("x/.aws/credentials", Kind::CredentialsFile),
        (".docker/config.json", Kind::CredentialsFile),
        (".kube/config", Kind::CredentialsFile),
        ("certs/site.p12", Kind::KeyFile),
        ("a.JKS", Kind::KeyFile),
        ("a.ppk", Kind::KeyFile),
        ("keys/id_ed25519", Kind::KeyFile),
        ("infra/terraform.tfstate", Kind::StateFile),
        (".bash_history", Kind::History),
        (".environment", Kind::SettingsFile),
        ("deploy/prod.env", Kind::SettingsFile),
        (".npmrc", Kind::SettingsFile),
        ("backup_20251116.sql.gz", Kind::Dump),
        ("db/shop.dump.xz", Kind::Dump),
    ] {
        assert_eq!(in_path(path), Some(kind), "{path}");
    }
    for path in [
        "environment",
        "example.env",
        ".env.example",
        ".env.prod.sample",
        ".env_template",
        ".env.default.jinja",
        "credentials",
        "config.json",
        "schema.sql",
        "access.log.gz",
    ] {
        assert_eq!(in_path(path), None, "{path}");
    }
}

#[test]
fn a_name_that_suspects_yields_to_a_content_that_clears() {
    for (content, environment_file, settings_file) in [
        ("DEBUG=1\nCOMPOSE_PROJECT_NAME=shop\n", Some(Kind::SettingsFile), None),
        ("\n", None, None),
        ("# nothing yet\n\n", None, None),
        ("# SECRET_KEY=ant-7-bee-2\n", Some(Kind::EnvironmentFile), Some(Kind::SettingsFile)),
        ("DB_PASSWORD=ant\n", Some(Kind::EnvironmentFile), Some(Kind::SettingsFile)),
    ] {
        assert_eq!(in_file("a/.env.production", content.as_bytes()), environment_file, "{content}");
        assert_eq!(in_file("production.env", content.as_bytes()), settings_file, "{content}");
    }
    assert_eq!(in_file(".netrc", b"machine a"), Some(Kind::CredentialsFile));
    // A comment, as an editor of Windows saves it; and a value that is saved so.
    let utf16 = |text: &str| {
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect::<Vec<u8>>()
    };
    assert_eq!(in_file(".env_new", &utf16("# 環境変数のサンプル\r\n")), None);
    assert_eq!(in_file(".env_new", &utf16("KEY=ant-7-bee-2\r\n")), Some(Kind::EnvironmentFile));
    // There to be filled where it is used.
    assert_eq!(in_file("ssh/id_rsa", b""), None);
}

#[test]
fn kinds_survive_as_bits() {
    for (bit, kind) in ALL.into_iter().enumerate() {
        assert_eq!(kind as usize, bit);
        assert_eq!(Kinds::from_bits(1 << bit).iter().collect::<Vec<_>>(), [kind]);
    }
    assert_eq!(Kinds::from_bits(u32::MAX).iter().count(), ALL.len());
    assert!(MARKS.len() <= 64, "{}", MARKS.len());
}
