//! Kinds of secrets, sets of them, and how certain they are.

/// Kind of secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    PrivateKey,
    AwsKey,
    AwsSecret,
    GithubToken,
    GitlabToken,
    SlackToken,
    StripeKey,
    GoogleSecret,
    SendgridKey,
    PackageToken,
    AgeKey,
    ServiceToken,
    EnvironmentFile,
    KeyFile,
    CredentialsFile,
    StateFile,
    History,
    GoogleKey,
    WebToken,
    UrlPassword,
    NamedValue,
    Dump,
    PasswordHash,
    SettingsFile,
    Database,
    PlainDatabase,
}

/// Certainty that something is a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Worth a look: a warning.
    Likely,
    /// Refused, unless it is allowed by name.
    Sure,
}

pub(super) const ALL: [Kind; 26] = [
    Kind::PrivateKey,
    Kind::AwsKey,
    Kind::AwsSecret,
    Kind::GithubToken,
    Kind::GitlabToken,
    Kind::SlackToken,
    Kind::StripeKey,
    Kind::GoogleSecret,
    Kind::SendgridKey,
    Kind::PackageToken,
    Kind::AgeKey,
    Kind::ServiceToken,
    Kind::EnvironmentFile,
    Kind::KeyFile,
    Kind::CredentialsFile,
    Kind::StateFile,
    Kind::History,
    Kind::GoogleKey,
    Kind::WebToken,
    Kind::UrlPassword,
    Kind::NamedValue,
    Kind::Dump,
    Kind::PasswordHash,
    Kind::SettingsFile,
    Kind::Database,
    Kind::PlainDatabase,
];

impl Kind {
    pub(crate) fn certainty(self) -> Certainty {
        match self {
            Self::GoogleKey
            | Self::WebToken
            | Self::UrlPassword
            | Self::NamedValue
            | Self::Dump
            | Self::PasswordHash
            | Self::SettingsFile
            | Self::PlainDatabase => Certainty::Likely,
            _ => Certainty::Sure,
        }
    }

    /// Is it a database, as a whole?
    pub(crate) fn is_database(self) -> bool {
        matches!(self, Self::Database | Self::PlainDatabase)
    }

    /// The kind of which this is the sentence.
    pub(crate) fn of_sentence(sentence: &str) -> Option<Self> {
        ALL.into_iter().find(|kind| kind.sentence() == sentence)
    }

    /// Can whoever has it use it from anywhere, until it is revoked?
    pub(crate) fn is_revocable(self) -> bool {
        matches!(
            self,
            Self::AwsKey
                | Self::AwsSecret
                | Self::GithubToken
                | Self::GitlabToken
                | Self::SlackToken
                | Self::StripeKey
                | Self::SendgridKey
                | Self::PackageToken
                | Self::ServiceToken
        )
    }

    /// Is it a suspicion that a content without a secret clears?
    pub(super) fn yields_to_content(self) -> bool {
        matches!(self, Self::EnvironmentFile | Self::SettingsFile)
    }

    /// The end of a sentence that begins with the file.
    pub(crate) fn sentence(self) -> &'static str {
        match self {
            Self::PrivateKey => "holds a private key",
            Self::AwsKey => "holds an AWS access key",
            Self::AwsSecret => "holds an AWS secret key",
            Self::GithubToken => "holds a GitHub token",
            Self::GitlabToken => "holds a GitLab token",
            Self::SlackToken => "holds a Slack token",
            Self::StripeKey => "holds a Stripe key for real payments",
            Self::GoogleSecret => "holds a Google client secret",
            Self::SendgridKey => "holds a SendGrid key",
            Self::PackageToken => "holds a token of a package registry",
            Self::AgeKey => "holds an age key",
            Self::ServiceToken => "holds the token of a service",
            Self::EnvironmentFile => "is an environment file, which usually holds secrets",
            Self::KeyFile => "is a file of private keys",
            Self::CredentialsFile => "is a file of credentials",
            Self::StateFile => "is Terraform's state, which holds secrets in the clear",
            Self::History => "is the history of a shell",
            Self::GoogleKey => "holds a Google API key, which is a secret unless it is restricted",
            Self::WebToken => "holds a signed web token",
            Self::UrlPassword => "holds a URL with a password",
            Self::NamedValue => "gives a value to something that is called a secret",
            Self::Dump => "is the dump of a database",
            Self::SettingsFile => "is a file of settings, which often holds secrets",
            Self::PasswordHash => "holds hashes of passwords",
            Self::Database => "is an SQLite database that may hold data of people",
            Self::PlainDatabase => "is an SQLite database",
        }
    }
}

/// A set of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Kinds(u32);

impl Kinds {
    pub(crate) fn to_bits(self) -> u32 {
        self.0
    }

    /// Bits that mean nothing are left out.
    pub(crate) fn from_bits(bits: u32) -> Self {
        Self(bits & ((1 << ALL.len()) - 1))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Kind> {
        ALL.into_iter().filter(move |kind| self.0 >> *kind as u32 & 1 == 1)
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Those that are none of `others`.
    pub(crate) fn without(self, others: impl Iterator<Item = Kind>) -> Self {
        Self(others.fold(self.0, |bits, kind| bits & !(1 << kind as u32)))
    }

    pub(crate) fn insert(&mut self, kind: Kind) {
        self.0 |= 1 << kind as u32;
    }

    /// The first kind of that certainty.
    pub(crate) fn first(self, certainty: Certainty) -> Option<Kind> {
        self.iter().find(|kind| kind.certainty() == certainty)
    }
}
