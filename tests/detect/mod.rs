//! The search for secrets in plain text, measured on labelled entries and tried on any text.

mod corpus;
mod made_up;
mod measure;
mod properties;
