//! Source of a stack, as `--stack` says it: a name from the box, a folder, a git repository at a revision, or an archive with its SHA-256.

use std::fmt;

use super::Error;

/// A place that a stack can be opened from, as it was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// In the box.
    Name(String),
    Folder(String),
    Git(GitSource),
    Archive(ArchiveSource),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GitSource {
    /// Address for `git fetch`.
    pub(crate) url: String,
    /// A branch, a tag or a commit. Without it: what the repository has as its `HEAD`.
    pub(crate) revision: Option<String>,
    /// Folder of the stack in the repository, if not the top.
    pub(crate) subdirectory: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArchiveSource {
    pub(crate) path: String,
    pub(crate) format: ArchiveFormat,
    /// In lower-case letters.
    pub(crate) sha256: Option<String>,
    pub(crate) subdirectory: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArchiveFormat {
    TarGz,
    Zip,
}

/// Prefix that makes a text a git repository for certain, as for pip.
const GIT: &str = "git+";

impl Source {
    /// Read what was typed. `is_folder` says whether there is a folder of this name.
    pub(crate) fn parse(typed: &str, is_folder: impl Fn(&str) -> bool) -> Result<Self, Error> {
        let is_path = Self::is_path;
        if !typed.starts_with(GIT) && !typed.contains("://") && is_path(typed) && is_folder(typed) {
            // A bare repository is a folder too, and no stack.
            if !typed.trim_end_matches('/').ends_with(".git") {
                return Ok(Self::Folder(typed.to_owned()));
            }
        }
        let (body, fragment) = typed.split_once('#').unwrap_or((typed, ""));
        if let Some(format) = ArchiveFormat::of(body) {
            if body.contains("://") {
                return Err(Error::ArchiveUrl { url: body.to_owned() });
            }
            let Fragment { sha256, subdirectory } = Fragment::parse(typed, fragment)?;
            return Ok(Self::Archive(ArchiveSource { path: body.to_owned(), format, sha256, subdirectory }));
        }
        let certain = body.strip_prefix(GIT);
        let (url, revision) = split_revision(certain.unwrap_or(body));
        let is_git = certain.is_some()
            || url.contains("://")
            || is_scp(url)
            || url.trim_end_matches('/').ends_with(".git")
            || (revision.is_some() && is_path(url) && is_folder(url));
        if is_git {
            let Fragment { sha256: None, subdirectory } = Fragment::parse(typed, fragment)? else {
                return Err(Error::SpecFragment { spec: typed.to_owned(), key: "sha256".to_owned() });
            };
            check_url(url)?;
            let git = GitSource { url: url.to_owned(), revision: None, subdirectory };
            return Ok(Self::Git(match revision {
                Some(revision) => git.at(revision)?,
                None => git,
            }));
        }
        // Neither git nor an archive: a `#` may be part of a folder's name.
        Ok(if is_path(typed) { Self::Folder(typed.to_owned()) } else { Self::Name(typed.to_owned()) })
    }

    /// Does it say where something is, rather than what it is called in the box?
    pub(crate) fn is_path(text: &str) -> bool {
        text.contains('/') || text.starts_with('.')
    }

    /// The same place, whichever folder it is looked at from. `absolute` makes a path of one that is seen from here.
    #[must_use]
    pub(crate) fn anchored(mut self, absolute: impl Fn(&str) -> String) -> Self {
        match &mut self {
            Self::Folder(path) | Self::Archive(ArchiveSource { path, .. }) => *path = absolute(path),
            Self::Git(git) if !git.url.contains("://") && !is_scp(&git.url) => git.url = absolute(&git.url),
            Self::Name(_) | Self::Git(_) => {}
        }
        self
    }
}

/// Text that [`Source::parse`] reads again.
impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fragment = match self {
            Self::Name(text) | Self::Folder(text) => return f.write_str(text),
            Self::Git(git) => {
                write!(f, "{GIT}{}", git.url)?;
                if let Some(revision) = &git.revision {
                    write!(f, "@{revision}")?;
                }
                [("subdirectory", &git.subdirectory), ("sha256", &None)]
            }
            Self::Archive(archive) => {
                f.write_str(&archive.path)?;
                [("sha256", &archive.sha256), ("subdirectory", &archive.subdirectory)]
            }
        };
        let said = fragment.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        for (number, (key, value)) in said.enumerate() {
            write!(f, "{}{key}={value}", if number == 0 { '#' } else { '&' })?;
        }
        Ok(())
    }
}

impl GitSource {
    /// The same, at this revision.
    pub(crate) fn at(self, revision: &str) -> Result<Self, Error> {
        // git would read it as an option, or as more than one name.
        if revision.is_empty() || revision.starts_with('-') || revision.contains([':', '*', '^', ' ', '@', '#']) {
            return Err(Error::RevisionRefused { name: revision.to_owned() });
        }
        Ok(Self { revision: Some(revision.to_owned()), ..self })
    }
}

impl ArchiveFormat {
    fn of(path: &str) -> Option<Self> {
        let lower = path.to_ascii_lowercase();
        if lower.ends_with(".tar.gz") || lower.ends_with(".tgz") {
            Some(Self::TarGz)
        } else if lower.ends_with(".zip") {
            Some(Self::Zip)
        } else {
            None
        }
    }
}

/// Options after `#`: `key=value`, joined by `&`.
#[derive(Default)]
struct Fragment {
    sha256: Option<String>,
    subdirectory: Option<String>,
}

impl Fragment {
    fn parse(spec: &str, text: &str) -> Result<Self, Error> {
        let mut fragment = Self::default();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let refuse = || Error::SpecFragment { spec: spec.to_owned(), key: pair.to_owned() };
            match pair.split_once('=').ok_or_else(refuse)? {
                ("sha256", digest) if digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                    fragment.sha256 = Some(digest.to_ascii_lowercase());
                }
                ("subdirectory", folder) if is_plain(folder.trim_end_matches('/')) => {
                    fragment.subdirectory = Some(folder.trim_end_matches('/').to_owned());
                }
                _ => return Err(refuse()),
            }
        }
        Ok(fragment)
    }
}

/// A relative path that only leads down.
pub(crate) fn is_plain(path: &str) -> bool {
    !path.contains(['\\', '\0']) && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

/// `user@host:path`, as ssh has it.
fn is_scp(url: &str) -> bool {
    url.split_once(':').is_some_and(|(before, _)| before.contains('@') && !before.contains('/'))
}

/// The text before the `@` of a revision, and the text after. The `@` of a user stands before the host's end.
fn split_revision(text: &str) -> (&str, Option<&str>) {
    let path_from = if let Some((scheme, rest)) = text.split_once("://") {
        scheme.len() + 3 + rest.find('/').unwrap_or(rest.len())
    } else if is_scp(text) {
        text.find(':').unwrap_or(0)
    } else {
        0
    };
    match text[path_from..].rfind('@') {
        Some(at) => (&text[..path_from + at], Some(&text[path_from + at + 1..])),
        None => (text, None),
    }
}

/// A URL is remembered in a file that everybody reads, and some of git's transports run programs.
fn check_url(url: &str) -> Result<(), Error> {
    if url.is_empty() || url.starts_with('-') || url.contains("::") {
        return Err(Error::UrlRefused { url: url.to_owned() });
    }
    let authority = url.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    match authority.and_then(|authority| authority.rsplit_once('@')) {
        Some((user, host)) if user.contains(':') => Err(Error::UrlPassword { host: host.to_owned() }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(typed: &str) -> Result<Source, Error> {
        Source::parse(typed, |path| matches!(path, "./here" | "./a@b" | "./bare.git" | "../x.zip"))
    }

    fn git(url: &str, revision: Option<&str>, subdirectory: Option<&str>) -> Source {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Source::Git(GitSource { url: url.to_owned(), revision: owned(revision), subdirectory: owned(subdirectory) })
    }

    #[test]
    fn what_was_typed_says_what_it_is() {
        #[track_caller]
        fn case(typed: &str, expected: Source) {
            assert_eq!(parse(typed).unwrap(), expected, "{typed}");
            // What is remembered leads to the same place.
            assert_eq!(parse(&expected.to_string()).unwrap(), expected, "{expected}");
        }
        let folder = |path: &str| Source::Folder(path.to_owned());
        case("python", Source::Name("python".to_owned()));
        case("py@thon", Source::Name("py@thon".to_owned()));
        case("./here", folder("./here"));
        case("./gone", folder("./gone"));
        case(".", folder("."));
        case("./a@b", folder("./a@b"));
        case("../x.zip", folder("../x.zip"));
        case("./odd#name", folder("./odd#name"));
        case("./here@v1", git("./here", Some("v1"), None));
        case("./bare.git", git("./bare.git", None, None));
        case("./bare.git@main", git("./bare.git", Some("main"), None));
        case("git+./here", git("./here", None, None));
        case("https://example.com/stacks.git", git("https://example.com/stacks.git", None, None));
        case("https://example.com/stacks@feature/x", git("https://example.com/stacks", Some("feature/x"), None));
        case("git+https://me@example.com/a", git("https://me@example.com/a", None, None));
        case("ssh://git@example.com:22/a@v1", git("ssh://git@example.com:22/a", Some("v1"), None));
        case("git@example.com:me/a.git", git("git@example.com:me/a.git", None, None));
        case("git@example.com:me/a.git@v1", git("git@example.com:me/a.git", Some("v1"), None));
        case("file:///srv/a@v1#subdirectory=b/c/", git("file:///srv/a", Some("v1"), Some("b/c")));
    }

    #[test]
    fn archives_are_known_by_their_names() {
        #[track_caller]
        fn case(typed: &str, path: &str, format: ArchiveFormat, sha256: Option<&str>, subdirectory: Option<&str>) {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let (path, sha256, subdirectory) = (path.to_owned(), owned(sha256), owned(subdirectory));
            let expected = Source::Archive(ArchiveSource { path, format, sha256, subdirectory });
            assert_eq!(parse(typed).unwrap(), expected, "{typed}");
            assert_eq!(parse(&expected.to_string()).unwrap(), expected, "{expected}");
        }
        let digest = "a".repeat(64);
        case("a.zip", "a.zip", ArchiveFormat::Zip, None, None);
        case("./a.TGZ", "./a.TGZ", ArchiveFormat::TarGz, None, None);
        case(&format!("a.tar.gz#sha256={}", "A".repeat(64)), "a.tar.gz", ArchiveFormat::TarGz, Some(&digest), None);
        let both = format!("a.tar.gz#subdirectory=s&sha256={digest}");
        case(&both, "a.tar.gz", ArchiveFormat::TarGz, Some(&digest), Some("s"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        #[track_caller]
        fn case(typed: &str, expected: fn(&Error) -> bool) {
            let error = parse(typed).unwrap_err();
            assert!(expected(&error), "{typed}: {error:?}");
        }
        case("https://example.com/a.tar.gz", |error| matches!(error, Error::ArchiveUrl { .. }));
        case("https://me:secret@example.com/a", |error| matches!(error, Error::UrlPassword { .. }));
        case("git+ext::sh -c x", |error| matches!(error, Error::UrlRefused { .. }));
        case("git+--upload-pack=x", |error| matches!(error, Error::UrlRefused { .. }));
        case("https://example.com/a@--x", |error| matches!(error, Error::RevisionRefused { .. }));
        case("https://example.com/a@", |error| matches!(error, Error::RevisionRefused { .. }));
        case("https://example.com/a@x:y", |error| matches!(error, Error::RevisionRefused { .. }));
        case("https://example.com/a#sha256=0", |error| matches!(error, Error::SpecFragment { .. }));
        case("a.zip#md5=0", |error| matches!(error, Error::SpecFragment { .. }));
        case("a.zip#sha256=0", |error| matches!(error, Error::SpecFragment { .. }));
        case("a.zip#subdirectory=../b", |error| matches!(error, Error::SpecFragment { .. }));
    }

    #[test]
    fn a_relative_place_is_found_from_anywhere() {
        #[track_caller]
        fn case(typed: &str, expected: &str) {
            let anchored = parse(typed).unwrap().anchored(|path| format!("/w/{path}"));
            assert_eq!(anchored.to_string(), expected);
        }
        case("python", "python");
        case("./here", "/w/./here");
        case("a.zip", "/w/a.zip");
        case("./bare.git@v1", "git+/w/./bare.git@v1");
        case("git@example.com:me/a", "git+git@example.com:me/a");
    }
}
