//! What Python itself had, before 3 or before a later one.

use super::error;
use crate::check::django::loaded::Import;

/// Names of a module of Python's.
pub(in crate::check::rules::code) struct OfPython {
    module: &'static str,
    names: &'static [&'static str],
    /// The minor version of Python 3; 0 for what was in Python 2 only.
    pub(in crate::check::rules::code) since: u32,
    /// Packages that bring it back.
    pub(in crate::check::rules::code) brought: &'static [&'static str],
    pub(in crate::check::rules::code) fix: &'static str,
}

impl OfPython {
    pub(in crate::check::rules::code) fn error(&self, import: &Import) -> Option<String> {
        error(self.module, self.names, import)
    }
}

const fn python(module: &'static str, names: &'static [&'static str], since: u32, fix: &'static str) -> OfPython {
    OfPython { module, names, since, brought: &[], fix }
}

const fn brought(module: &'static str, since: u32, brought: &'static [&'static str], fix: &'static str) -> OfPython {
    OfPython { module, names: &[], since, brought, fix }
}

const ABC: &str = "`from collections.abc import …`";
const SETUPTOOLS: &[&str] = &["setuptools"];

pub(in crate::check::rules::code) const PYTHON: &[OfPython] = &[
    python(
        "collections",
        &[
            "Awaitable",
            "Callable",
            "Container",
            "Coroutine",
            "Generator",
            "Hashable",
            "ItemsView",
            "Iterable",
            "Iterator",
            "KeysView",
            "Mapping",
            "MappingView",
            "MutableMapping",
            "MutableSequence",
            "MutableSet",
            "Sequence",
            "Set",
            "Sized",
            "ValuesView",
        ],
        10,
        ABC,
    ),
    python("fractions", &["gcd"], 9, "`from math import gcd`"),
    python("cgi", &["escape"], 8, "`from html import escape`"),
    python("cgi", &["parse_qs", "parse_qsl"], 8, "`urllib.parse` has it"),
    python("platform", &["linux_distribution", "dist"], 8, "the package `distro`"),
    python("time", &["clock"], 8, "`time.perf_counter`"),
    python("base64", &["encodestring", "decodestring"], 9, "`encodebytes` and `decodebytes`"),
    python("formatter", &[], 10, "nothing has taken its place"),
    python("inspect", &["getargspec", "formatargspec"], 11, "`inspect.signature`"),
    python("asyncio", &["coroutine"], 11, "`async def`"),
    python("imp", &[], 12, "`importlib`"),
    python("asyncore", &[], 12, "`asyncio`"),
    python("asynchat", &[], 12, "`asyncio`"),
    python("smtpd", &[], 12, "`aiosmtpd`"),
    brought(
        "distutils",
        12,
        SETUPTOOLS,
        "`packaging.version`, `shutil` and `subprocess` have what is mostly used; for `strtobool` write your own",
    ),
    brought(
        "cgi",
        13,
        &["legacy-cgi"],
        "`urllib.parse` and `email.message` have what is mostly used; or install `legacy-cgi`",
    ),
    brought("imghdr", 13, &["standard-imghdr"], "`filetype`, or Pillow"),
    brought("telnetlib", 13, &["standard-telnetlib"], "`telnetlib3`"),
    brought("crypt", 13, &["crypt-r", "legacycrypt"], "`hashlib`, or `bcrypt`"),
    brought("audioop", 13, &["audioop-lts"], "`audioop-lts`"),
    brought("cgitb", 13, &["legacy-cgi"], "`traceback`; or install `legacy-cgi`"),
    brought("chunk", 13, &["standard-chunk"], "`standard-chunk`"),
    brought("mailcap", 13, &["standard-mailcap"], "`mimetypes`"),
    brought("nntplib", 13, &["standard-nntplib"], "`standard-nntplib`"),
    brought("sndhdr", 13, &["standard-sndhdr"], "`filetype`"),
    brought("uu", 13, &["standard-uu"], "`base64`, or `binascii`"),
    brought("xdrlib", 13, &["standard-xdrlib"], "`struct`"),
    python("lib2to3", &[], 13, "`libcst`, or `fissix`"),
    brought("pipes", 13, &["standard-pipes"], "`shlex.quote` and `subprocess`"),
    python(
        "urllib",
        &["urlencode", "quote", "quote_plus", "unquote", "unquote_plus"],
        0,
        "`urllib.parse` has it in Python 3",
    ),
    python("urllib", &["urlopen", "urlretrieve"], 0, "`urllib.request` has it in Python 3"),
    python("urllib2", &[], 0, "`urllib.request` has it in Python 3"),
    python("urlparse", &[], 0, "`urllib.parse` has it in Python 3"),
    python("ConfigParser", &[], 0, "it is `configparser` in Python 3"),
    python("StringIO", &[], 0, "`from io import StringIO`"),
    python("cStringIO", &[], 0, "`from io import BytesIO`"),
    python("cPickle", &[], 0, "it is `pickle` in Python 3"),
    python("Queue", &[], 0, "it is `queue` in Python 3"),
    python("httplib", &[], 0, "it is `http.client` in Python 3"),
    python("cookielib", &[], 0, "it is `http.cookiejar` in Python 3"),
    python("HTMLParser", &[], 0, "it is `html.parser` in Python 3"),
    python("xmlrpclib", &[], 0, "it is `xmlrpc.client` in Python 3"),
    python("__builtin__", &[], 0, "it is `builtins` in Python 3"),
    python(
        "itertools",
        &["izip", "imap", "ifilter", "izip_longest"],
        0,
        "`zip`, `map`, `filter` and `zip_longest` in Python 3",
    ),
    python(
        "string",
        &["maketrans", "letters", "lowercase", "uppercase", "join", "replace"],
        0,
        "texts have methods for it, and `string` the `ascii_…` names",
    ),
    python("types", &["StringType", "ListType", "DictType"], 0, "`str`, `list` and `dict` themselves"),
];
