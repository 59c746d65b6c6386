//! Values of flags that choose between ways of the sandbox: their names and their help. The sandbox itself knows no command
//! line.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::sandbox::Speed;
use crate::sandbox::instance::{IsolationMode, ProxyKind};

/// Let a flag take the values of a type.
macro_rules! values {
    ($type:ty { $($value:ident => $name:literal, $help:literal;)+ }) => {
        impl ValueEnum for $type {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$value),+]
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(match self {
                    $(Self::$value => PossibleValue::new($name).help($help),)+
                })
            }
        }
    };
}

values!(Speed {
    Real => "real", "About as long as on AWS: minutes for an environment";
    Instant => "instant", "Over by the next call";
    Stepped => "stepped", "Environments move only when a test says so, by `POST /-/step`; the rest is over by the next call";
});

values!(ProxyKind {
    Auto => "auto", "nginx with the project's own files where it is installed, else the built-in proxy";
    BuiltIn => "built-in", "The built-in proxy, which reads two limits of the project's nginx files and no more";
});

values!(IsolationMode {
    Auto => "auto", "A mount namespace where bubblewrap can make one, else the prefix";
    Prefix => "prefix", "Rewrite the paths in commands and hooks";
});
