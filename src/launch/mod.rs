//! From a request and values to a running server.
//!
//! [`Plan::make`] turns what was asked into what will be done, without any value: the one program that
//! will be executed, its arguments, where each variable comes from. The caller then checks
//! permission, reads the values in one batch, and hands both to [`start`], which becomes the server.
#![forbid(unsafe_code)]

mod again;
mod assignment;
mod bind;
mod child;
mod collect;
mod dangerous;
mod environment;
mod history;
mod identity;
pub mod launcher;
mod plan;
mod program;
mod project;
mod review;
mod start;
mod supervise;

pub use bind::{
    BindError, KnownContents, bind, content_now, finds_elsewhere, prepare, reading, renew,
};
pub use child::{Piped, spawn_piped};
pub use collect::{Collected, Reading, collect};
pub use dangerous::is_dangerous;
pub use environment::base_list;
pub use history::{Commit, Gap, Held, History, Limits, NotLooked, Wanted, history};
pub use identity::Known;
pub use plan::{
    Argument, Assignment, Caller, Plan, PlanError, Request, Source, called, is_conventional,
};
pub use program::{ProgramError, SkipReason, Skipped, find_program, safe_search_path};
pub use project::project;
pub use review::review;
pub use start::{StartError, Values, check_values, start};
pub use supervise::{Input, Supervised, Waited, supervise};

pub use crate::sys::{Exit, HeldSignals};
