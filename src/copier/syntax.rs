//! Syntax: the tree that an expression of Jinja is.

use std::collections::{BTreeMap, BTreeSet};

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

/// A piece of a template that is printed with arguments.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Macro {
    /// What it is called in a stack.
    pub(super) name: String,
    /// Arguments in their order, with what stands for one that is left out.
    pub(super) arguments: Vec<(String, Option<Expression>)>,
    /// Names that it takes from around it: a macro of the engine sees its arguments only.
    pub(super) passed: BTreeSet<String>,
}

/// The macros that a template knows, by what it calls them.
pub(super) type Macros = BTreeMap<String, Macro>;
