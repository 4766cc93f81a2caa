//! What broker finds out about the files of clients.

mod accepting;
mod add;
mod baseline;
mod check;
mod doctor;
mod elsewhere;
mod gaps;
mod history;
mod hostile;
mod repository;
mod scan;
mod scan_hostile;
mod setup;
mod started;
mod trust;
