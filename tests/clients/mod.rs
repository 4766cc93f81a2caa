//! What broker finds out about the files of clients.

mod gaps;
mod history;
mod hostile;
mod repository;
mod scan;
mod scan_hostile;
mod started;
mod trust;
