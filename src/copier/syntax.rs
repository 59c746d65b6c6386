//! Syntax: the tree that an expression of Jinja is.

/// What cannot be said, as the end of "… cannot be carried over:".
pub(super) type Unsaid = String;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Name(String),
    Text(String),
    Number(String),
    Flag(bool),
    List(Vec<Self>),
    Attribute(Box<Self>, String),
    Index(Box<Self>, Box<Self>),
    Call(Box<Self>, Vec<Argument>),
    Filter(Box<Self>, String, Vec<Argument>),
    Test(Box<Self>, bool, String, Vec<Self>),
    Not(Box<Self>),
    Negative(Box<Self>),
    Binary(String, Box<Self>, Box<Self>),
    /// `yes if condition else no`
    Either {
        condition: Box<Self>,
        yes: Box<Self>,
        no: Option<Box<Self>>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Argument {
    pub(super) name: Option<String>,
    pub(super) value: Expression,
}
