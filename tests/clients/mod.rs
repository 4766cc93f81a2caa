//! What broker finds out about the files of clients.

mod history;
mod hostile;
mod repository;
