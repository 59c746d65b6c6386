//! Launch: what is described and not there is created. What lives is looked at, and left as it is.
//!
//! Three steps. A `survey` asks AWS what is true; a [`Plan`] is made of it and of the descriptions, without touching
//! anything; [`launch`] carries it out, or in a dry run writes down its calls. Nothing has to be remembered in between:
//! names are unique, so the same command again finds what an earlier one began, and goes on with it.

mod apply;
mod create;
mod error;
mod plan;
mod release;
mod survey;

pub use self::apply::{Event, Launched, LaunchedEnvironment, Options, Outcome, launch};
pub use self::error::{Error, Problem, Problems};
pub use self::plan::{Cname, Launch, Plan, PlanOptions, Target, There, Wanted, plan};
pub use self::release::{Bundle, Chosen, Why, bundle, choose, registered};
pub use self::survey::{Survey, survey};
