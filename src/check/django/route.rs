//! Route: what one line of a URL configuration says.

/// `path("x/", …)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) text: String,
    /// Is the text a regular expression?
    pub(crate) regex: bool,
    /// Does it answer with a redirect?
    pub(crate) redirects: bool,
    pub(crate) leads: Leads,
    /// Where it leads to one that has a name.
    pub(crate) view: Option<View>,
    pub(crate) name: Name,
    /// Are the names below it in a namespace, whatever that is called?
    pub(crate) apart: bool,
}

/// Where a URL leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Leads {
    /// To a view: what comes after the text is no part of it.
    View,
    /// To the URLs of this module.
    Module(String),
    /// To those of a router.
    Router,
    /// Perhaps to more URLs, and nobody knows which.
    Unknown,
}

/// A view as the URLs call it: `views.index`, `Home` of `Home.as_view()`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) name: String,
    /// Does `login_required` stand around it?
    pub(crate) logged_in: bool,
}

/// The name of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    None,
    Given(String),
    /// It has one, and nobody knows which.
    Unknown,
}
