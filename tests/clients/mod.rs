//! What broker finds out about the files of clients.

mod accepting;
mod baseline;
mod gaps;
mod history;
mod hostile;
mod repository;
mod trust;
