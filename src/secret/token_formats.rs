//! Marks by which secrets are known: what they begin with, or stand behind.

use super::kind::Kind;

/// No secret that a search finds is longer than this, as far as it has to be seen to be known. Whoever searches in pieces
/// lets them overlap by as much.
pub(crate) const LONGEST: usize = 512;

/// What a secret begins with, or stands behind.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mark {
    /// A prefix, and the least number of characters of an alphabet behind it.
    Prefix(Kind, Alphabet, usize),
    /// A prefix, and exactly so many characters.
    Exactly(Kind, Alphabet, usize),
    /// End of a key's first line.
    KeyHeader,
    /// The first line itself, in base64.
    EncodedHeader,
    Putty,
    AwsId,
    /// A scheme of URLs with users and passwords.
    Url,
    WebToken,
    Hash,
    /// A word in the name of something.
    Word,
    AwsSecret,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Alphabet {
    Word,
    /// Letters, digits, `_` and `-`.
    Url,
    Hex,
    /// Also points: several parts.
    Parts,
}

impl Alphabet {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Word => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Hex => byte.is_ascii_hexdigit(),
            Self::Parts => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
        }
    }
}

pub(super) const MARKS: &[(&str, Mark)] = &[
    ("PRIVATE KEY", Mark::KeyHeader),
    ("LS0tLS1CRUdJTi", Mark::EncodedHeader),
    ("PuTTY-User-Key-File-", Mark::Putty),
    ("AKIA", Mark::AwsId),
    ("ASIA", Mark::AwsId),
    ("secret_access_key", Mark::AwsSecret),
    ("SECRET_ACCESS_KEY", Mark::AwsSecret),
    ("ecretAccessKey", Mark::AwsSecret),
    // docs.github.com, "About authentication to GitHub"
    ("ghp_", Mark::Exactly(Kind::GithubToken, Alphabet::Word, 36)),
    ("gho_", Mark::Exactly(Kind::GithubToken, Alphabet::Word, 36)),
    ("ghu_", Mark::Exactly(Kind::GithubToken, Alphabet::Word, 36)),
    ("ghs_", Mark::Exactly(Kind::GithubToken, Alphabet::Word, 36)),
    ("ghr_", Mark::Prefix(Kind::GithubToken, Alphabet::Word, 36)),
    ("github_pat_", Mark::Exactly(Kind::GithubToken, Alphabet::Url, 82)),
    // docs.gitlab.com, "Token overview"
    ("glpat-", Mark::Prefix(Kind::GitlabToken, Alphabet::Parts, 20)),
    // api.slack.com, "Token types"
    ("xoxb-", Mark::Prefix(Kind::SlackToken, Alphabet::Url, 24)),
    ("xoxp-", Mark::Prefix(Kind::SlackToken, Alphabet::Url, 24)),
    ("xapp-1-", Mark::Prefix(Kind::SlackToken, Alphabet::Url, 24)),
    ("hooks.slack.com/services/T", Mark::Prefix(Kind::SlackToken, Alphabet::Word, 8)),
    // docs.stripe.com, "API keys"
    ("sk_live_", Mark::Prefix(Kind::StripeKey, Alphabet::Word, 20)),
    ("rk_live_", Mark::Prefix(Kind::StripeKey, Alphabet::Word, 20)),
    ("AIza", Mark::Exactly(Kind::GoogleKey, Alphabet::Url, 35)),
    ("GOCSPX-", Mark::Exactly(Kind::GoogleSecret, Alphabet::Url, 28)),
    ("SG.", Mark::Exactly(Kind::SendgridKey, Alphabet::Parts, 66)),
    ("npm_", Mark::Exactly(Kind::PackageToken, Alphabet::Word, 36)),
    ("pypi-AgE", Mark::Prefix(Kind::PackageToken, Alphabet::Url, 50)),
    ("AGE-SECRET-KEY-1", Mark::Exactly(Kind::AgeKey, Alphabet::Word, 58)),
    ("sk-ant-", Mark::Prefix(Kind::ServiceToken, Alphabet::Url, 80)),
    ("sk-proj-", Mark::Prefix(Kind::ServiceToken, Alphabet::Url, 40)),
    ("hvs.", Mark::Prefix(Kind::ServiceToken, Alphabet::Url, 24)),
    ("dop_v1_", Mark::Exactly(Kind::ServiceToken, Alphabet::Hex, 64)),
    ("shpat_", Mark::Exactly(Kind::ServiceToken, Alphabet::Hex, 32)),
    ("eyJ", Mark::WebToken),
    ("postgres://", Mark::Url),
    ("postgresql://", Mark::Url),
    ("mysql://", Mark::Url),
    ("redis://", Mark::Url),
    ("amqp://", Mark::Url),
    ("mongodb://", Mark::Url),
    ("mongodb+srv://", Mark::Url),
    ("pbkdf2_sha256$", Mark::Hash),
    ("argon2$argon2id$", Mark::Hash),
    ("SECRET", Mark::Word),
    ("secret", Mark::Word),
    ("PASSWORD", Mark::Word),
    ("password", Mark::Word),
    ("TOKEN", Mark::Word),
    ("_token", Mark::Word),
    ("API_KEY", Mark::Word),
    ("api_key", Mark::Word),
    // docs.newrelic.com, "New Relic API keys"
    ("LICENSE_KEY", Mark::Word),
    ("license_key", Mark::Word),
];

pub(super) fn run(bytes: &[u8], alphabet: Alphabet) -> usize {
    bytes.iter().take(LONGEST).take_while(|byte| alphabet.has(**byte)).count()
}

pub(super) fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    memchr::memmem::find(&bytes[..bytes.len().min(LONGEST)], wanted).is_some()
}
