//! Built-in validators: what a good name looks like to Python, DNS and AWS.

use std::sync::LazyLock;

use regex::Regex;
use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Kind {
    PythonPackage,
    ApplicationName,
    EnvironmentName,
    Hostname,
    Region,
    InstanceType,
    Ami,
    Arn,
    CertificateArn,
    BucketName,
    TimeZone,
    Repository,
}

/// Words that Python keeps for itself. See: Python's `keyword.kwlist` and `keyword.softkwlist`.
const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "case", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "match",
    "nonlocal", "not", "or", "pass", "raise", "return", "try", "type", "while", "with", "yield",
];

/// Modules that a package of the same name would hide: Python's own (`sys.stdlib_module_names` of 3.11 to 3.14 without the
/// private ones), Django and what comes with it, and the folders that the stacks write.
const MODULES: &[&str] = &[
    "abc",
    "aifc",
    "annotationlib",
    "antigravity",
    "argparse",
    "array",
    "ast",
    "asynchat",
    "asyncio",
    "asyncore",
    "atexit",
    "audioop",
    "base64",
    "bdb",
    "binascii",
    "bisect",
    "builtins",
    "bz2",
    "cProfile",
    "calendar",
    "cgi",
    "cgitb",
    "chunk",
    "cmath",
    "cmd",
    "code",
    "codecs",
    "codeop",
    "collections",
    "colorsys",
    "compileall",
    "compression",
    "concurrent",
    "configparser",
    "contextlib",
    "contextvars",
    "copy",
    "copyreg",
    "crypt",
    "csv",
    "ctypes",
    "curses",
    "dataclasses",
    "datetime",
    "dbm",
    "decimal",
    "difflib",
    "dis",
    "distutils",
    "doctest",
    "email",
    "encodings",
    "ensurepip",
    "enum",
    "errno",
    "faulthandler",
    "fcntl",
    "filecmp",
    "fileinput",
    "fnmatch",
    "fractions",
    "ftplib",
    "functools",
    "gc",
    "genericpath",
    "getopt",
    "getpass",
    "gettext",
    "glob",
    "graphlib",
    "grp",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "idlelib",
    "imaplib",
    "imghdr",
    "imp",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "lib2to3",
    "linecache",
    "locale",
    "logging",
    "lzma",
    "mailbox",
    "mailcap",
    "marshal",
    "math",
    "mimetypes",
    "mmap",
    "modulefinder",
    "msilib",
    "msvcrt",
    "multiprocessing",
    "netrc",
    "nis",
    "nntplib",
    "nt",
    "ntpath",
    "nturl2path",
    "numbers",
    "opcode",
    "operator",
    "optparse",
    "os",
    "ossaudiodev",
    "pathlib",
    "pdb",
    "pickle",
    "pickletools",
    "pipes",
    "pkgutil",
    "platform",
    "plistlib",
    "poplib",
    "posix",
    "posixpath",
    "pprint",
    "profile",
    "pstats",
    "pty",
    "pwd",
    "py_compile",
    "pyclbr",
    "pydoc",
    "pydoc_data",
    "pyexpat",
    "queue",
    "quopri",
    "random",
    "re",
    "readline",
    "reprlib",
    "resource",
    "rlcompleter",
    "runpy",
    "sched",
    "secrets",
    "select",
    "selectors",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "site",
    "smtpd",
    "smtplib",
    "sndhdr",
    "socket",
    "socketserver",
    "spwd",
    "sqlite3",
    "sre_compile",
    "sre_constants",
    "sre_parse",
    "ssl",
    "stat",
    "statistics",
    "string",
    "stringprep",
    "struct",
    "subprocess",
    "sunau",
    "symtable",
    "sys",
    "sysconfig",
    "syslog",
    "tabnanny",
    "tarfile",
    "telnetlib",
    "tempfile",
    "termios",
    "test",
    "textwrap",
    "this",
    "threading",
    "time",
    "timeit",
    "tkinter",
    "token",
    "tokenize",
    "tomllib",
    "trace",
    "traceback",
    "tracemalloc",
    "tty",
    "turtle",
    "turtledemo",
    "types",
    "typing",
    "unicodedata",
    "unittest",
    "urllib",
    "uu",
    "uuid",
    "venv",
    "warnings",
    "wave",
    "weakref",
    "webbrowser",
    "winreg",
    "winsound",
    "wsgiref",
    "xdrlib",
    "xml",
    "xmlrpc",
    "zipapp",
    "zipfile",
    "zipimport",
    "zlib",
    "zoneinfo", // Python
    "asgiref",
    "boto3",
    "botocore",
    "celery",
    "django",
    "gunicorn",
    "kombu",
    "pip",
    "psycopg",
    "pymysql",
    "redis",
    "setuptools",
    "sqlparse",
    "storages",
    "uvicorn",
    "whitenoise", // what the stacks install
    "application",
    "bin",
    "locale",
    "manage",
    "media",
    "static",
    "staticfiles",
    "templates",
    "tests",
    "welcome",
];

impl Kind {
    /// `Err` holds what is wrong, as the end of a sentence that begins with the value.
    pub(crate) fn check(self, value: &str) -> Result<(), String> {
        match self {
            Self::PythonPackage => python_package(value),
            Self::ApplicationName => {
                let fits = !value.is_empty() && value.chars().count() <= 100 && !value.contains('/');
                demand(fits && value.trim() == value, "is not 1 to 100 characters without `/`")
            }
            Self::EnvironmentName => demand(
                matches(r"^[A-Za-z0-9][A-Za-z0-9-]{2,38}[A-Za-z0-9]$", value),
                "is not 4 to 40 letters, digits and hyphens, with no hyphen at either end",
            ),
            Self::Hostname => demand(
                value.len() <= 253 && matches(r"^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$", value),
                "is not a host name such as `www.example.com`, in lower-case letters",
            ),
            Self::Region => demand(
                matches(r"^[a-z]{2}(?:-[a-z]+){1,2}-\d$", value),
                "is not an AWS region such as `us-east-1` or `ap-northeast-1`",
            ),
            Self::InstanceType => {
                demand(matches(r"^[a-z][a-z0-9-]*\.[a-z0-9-]+$", value), "is not an instance type such as `t3.small`")
            }
            Self::Ami => demand(
                matches(r"^ami-(?:[0-9a-f]{8}|[0-9a-f]{17})$", value),
                "is not an image id such as `ami-0123456789abcdef0`",
            ),
            Self::Arn => demand(
                matches(
                    r"^arn:aws(?:-cn|-us-gov)?:(?:secretsmanager|ssm):[a-z0-9-]+:\d{12}:(?:secret:|parameter/)\S+$",
                    value,
                ),
                "is not the ARN of a Secrets Manager secret or an SSM parameter",
            ),
            Self::CertificateArn => demand(
                matches(
                    r"^arn:aws(?:-cn|-us-gov)?:(?:acm:[a-z0-9-]+|iam:):\d{12}:(?:certificate|server-certificate)/\S+$",
                    value,
                ),
                "is not the ARN of a certificate in ACM or IAM",
            ),
            Self::BucketName => demand(
                matches(r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", value) && !value.contains(".."),
                "is not a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens",
            ),
            Self::TimeZone => demand(
                matches(r"^(?:UTC|[A-Z][A-Za-z_]+(?:/[A-Z][A-Za-z0-9_+-]+){1,2})$", value),
                "is not a time zone such as `UTC` or `Asia/Tokyo`",
            ),
            Self::Repository => demand(
                matches(r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$", value),
                "is not a repository such as `owner/name`",
            ),
        }
    }
}

fn demand(fits: bool, complaint: &str) -> Result<(), String> {
    if fits { Ok(()) } else { Err(complaint.to_owned()) }
}

fn matches(pattern: &'static str, value: &str) -> bool {
    Regex::new(pattern).expect("the patterns of this file are regular expressions").is_match(value)
}

fn python_package(value: &str) -> Result<(), String> {
    static FORM: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^[A-Za-z][A-Za-z0-9_]*$").expect("this is a regular expression"));
    if !value.is_ascii() {
        return Err("has letters outside ASCII; use a to z, digits and `_`".to_owned());
    }
    if !FORM.is_match(value) {
        return Err("is not a Python package name: a letter, then letters, digits and `_`".to_owned());
    }
    if value.len() > 50 {
        return Err("is longer than 50 letters".to_owned());
    }
    if KEYWORDS.contains(&value) {
        return Err("is a word of the Python language".to_owned());
    }
    // Compared without case: on macOS and Windows `Django` and `django` are one folder.
    match MODULES.iter().find(|module| module.eq_ignore_ascii_case(value)) {
        Some(module) => Err(format!("would hide the module `{module}`")),
        None => Ok(()),
    }
}

/// The nearest good package name to a folder's name.
pub(crate) fn package_from(folder: &str) -> String {
    let mut name: String =
        folder.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    while name.contains("__") {
        name = name.replace("__", "_");
    }
    let name: String = name.trim_start_matches(|c: char| c == '_' || c.is_ascii_digit()).chars().take(40).collect();
    let name = name.trim_end_matches('_');
    if name.is_empty() {
        return "mysite".to_owned();
    }
    match python_package(name) {
        Ok(()) => name.to_owned(),
        Err(_) => format!("{name}_site"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn package_names() {
        #[track_caller]
        fn case(name: &str, complaint: Option<&str>) {
            match (python_package(name), complaint) {
                (Ok(()), None) => (),
                (Err(said), Some(part)) if said.contains(part) => (),
                (said, _) => panic!("{name}: {said:?}"),
            }
        }
        case("mysite", None);
        case("shop2", None);
        case("class", Some("word of the Python language"));
        case("match", Some("word of the Python language"));
        case("test", Some("hide the module `test`"));
        case("Django", Some("hide the module `django`"));
        case("サイト", Some("outside ASCII"));
        case("my-site", Some("not a Python package name"));
        case("2fast", Some("not a Python package name"));
        case("", Some("not a Python package name"));
        case("welcome", Some("hide the module"));
    }

    #[test]
    fn folders_become_packages() {
        #[track_caller]
        fn case(folder: &str, name: &str) {
            assert_eq!(package_from(folder), name);
            assert_eq!(python_package(name), Ok(()));
        }
        case("My Site", "my_site");
        case("shop", "shop");
        case("django", "django_site");
        case("2024-class", "class_site");
        // Another project than `shop`.
        case("shop2", "shop2");
        case("サイト", "mysite");
        case("", "mysite");
    }

    #[test]
    fn names_of_aws() {
        #[track_caller]
        fn case(kind: Kind, value: &str, fits: bool) {
            assert_eq!(kind.check(value).is_ok(), fits, "{kind:?} {value}");
        }
        case(Kind::Region, "us-gov-west-1", true);
        case(Kind::Region, "tokyo", false);
        case(Kind::EnvironmentName, "shop-production", true);
        case(Kind::EnvironmentName, "-shop", false);
        case(Kind::Hostname, "www.example.com", true);
        case(Kind::Hostname, "https://example.com", false);
        case(Kind::CertificateArn, "arn:aws:acm:us-east-1:123456789012:certificate/ab-c", true);
        case(Kind::CertificateArn, "certificate", false);
        case(Kind::Arn, "arn:aws:ssm:us-east-1:123456789012:parameter/shop/key", true);
        case(Kind::Ami, "ami-0123456789abcdef0", true);
        case(Kind::TimeZone, "Asia/Tokyo", true);
        case(Kind::TimeZone, "tokyo", false);
    }
}
