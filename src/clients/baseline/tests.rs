//! The baseline, on entries made up for it.
