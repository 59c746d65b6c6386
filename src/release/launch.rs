//! Launch: what is described and not there is created. What lives is looked at, and left as it is.
//!
//! Three steps. A `survey` asks AWS what is true; a [`Plan`] is made of it and of the descriptions, without touching
//! anything; [`launch`] carries it out, or in a dry run writes down its calls. Nothing has to be remembered in between:
//! names are unique, so the same command again finds what an earlier one began, and goes on with it.

mod apply;
mod create;
mod dns;
mod error;
mod launched;
mod plan;
mod profile;
mod release;
mod roles;
mod survey;
mod wanted;

pub use self::apply::{Event, Options, launch};
pub use self::dns::Cname;
pub use self::error::{Error, Problem, Problems};
pub use self::launched::{Launched, LaunchedEnvironment, Outcome};
pub use self::plan::{Launch, Plan, PlanOptions, There, plan};
pub use self::profile::profile_lines;
pub use self::release::{Bundle, Chosen, Why, bundle, choose, registered};
pub use self::roles::{NotChecked, look_for_roles};
pub use self::survey::{Survey, survey};
pub use self::wanted::{Target, Wanted};
