//! Image reference: the name by which Docker knows an image, in its parts.
//!
//! Source: Docker's documentation of image names, and that its own images are below `library`, which nobody has to write.

/// `docker.io/library/python:3.13-slim@sha256:…`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ImageReference<'a> {
    /// Registry and folder, as they are written.
    pub(crate) place: &'a str,
    pub(crate) name: &'a str,
    pub(crate) tag: Option<&'a str>,
    pub(crate) has_digest: bool,
}

impl<'a> ImageReference<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let (text, has_digest) = text.split_once('@').map_or((text, false), |(text, _)| (text, true));
        let (place, last) = text.rsplit_once('/').unwrap_or(("", text));
        let (name, tag) = last.split_once(':').map_or((last, None), |(name, tag)| (name, Some(tag)));
        Self { place, name, tag, has_digest }
    }

    /// The same, but where it is one of Docker's own with a tool beside: then it is that. uv has images that stand on those of Python
    /// (its guide to Docker, "Available images"), as `ghcr.io/astral-sh/uv:0.8-python3.12-bookworm-slim`.
    pub(crate) fn below(text: &'a str) -> Self {
        let whole = Self::of(text);
        let of_uv = whole.place == "ghcr.io/astral-sh" && whole.name == "uv" && !whole.has_digest;
        match whole.tag.filter(|_| of_uv).and_then(|tag| Some((tag, tag.find("python3.")?))) {
            Some((tag, at)) if at == 0 || tag[..at].ends_with('-') => {
                Self { place: "", name: "python", tag: Some(&tag[at + "python".len()..]), has_digest: false }
            }
            _ => whole,
        }
    }

    /// Is it one of Docker's own? Others have images of these names as well.
    pub(crate) fn is_official(&self) -> bool {
        matches!(self.place, "" | "library" | "docker.io" | "docker.io/library" | "public.ecr.aws/docker/library")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_their_parts() {
        let of = |text| {
            let ImageReference { place, name, tag, has_digest } = ImageReference::of(text);
            (place, name, tag, has_digest)
        };
        assert_eq!(of("python"), ("", "python", None, false));
        assert_eq!(of("docker.io/library/python:3.13-slim"), ("docker.io/library", "python", Some("3.13-slim"), false));
        assert_eq!(of("localhost:5000/me/a@sha256:ab"), ("localhost:5000/me", "a", None, true));
        assert_eq!(of("a:1@sha256:ab"), ("", "a", Some("1"), true));
        assert_eq!(ImageReference::below("python:3.12"), ImageReference::of("python:3.12"));
        for tag in ["python3.12-bookworm-slim", "0.8.1-python3.12-bookworm-slim"] {
            let below = format!("ghcr.io/astral-sh/uv:{tag}");
            assert_eq!(ImageReference::below(&below), ImageReference::of("python:3.12-bookworm-slim"));
        }
        assert_eq!(ImageReference::below("ghcr.io/astral-sh/uv:latest").name, "uv");
        assert_eq!(ImageReference::below("me/uv:python3.12").name, "uv");
        assert!(ImageReference::of("library/postgres:17").is_official());
        assert!(!ImageReference::of("me/postgres:17").is_official());
    }
}
