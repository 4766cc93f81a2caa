//! What broker finds out about the files of clients.

mod add;
mod gaps;
mod history;
mod hostile;
mod repository;
mod scan;
mod scan_hostile;
mod setup;
mod started;
mod trust;
