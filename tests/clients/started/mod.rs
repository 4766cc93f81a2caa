//! Every server of every client is started as its client would start it, before and after its file is protected, and has to
//! see the same.
//!
//! What reads the files and starts the programs is written from the facts about the clients (`ways`) and shares nothing
//! with broker, which could be wrong in the same way twice.

mod around;
mod asked;
mod expanding;
mod protected;
mod reading;
mod real;
mod refused;
mod stage;
mod starting;
mod vectors;
mod ways;

use crate::support::home::Home;
use stage::Stage;
use starting::given;
use ways::WAYS;

#[test]
fn every_server_gets_its_secrets_from_a_file_in_plain_text() {
    for way in &WAYS {
        let stage = Stage::new(Home::empty(), way);
        let started = stage.start_all();
        assert!(
            reading::entries(way, &stage.before).len() >= 4,
            "{}",
            way.vector
        );
        let mut seen_all = 0;
        for (entry, seen) in &started {
            let whole = entry.whole.to_string();
            let given = given(seen);
            let texts: Vec<_> = given.variables.values().chain(&given.arguments).collect();
            for made in stage
                .made
                .iter()
                .filter(|made| made.is_in(whole.as_bytes()))
            {
                let has_it = texts.iter().any(|text| text.contains(&made.value));
                assert!(
                    has_it,
                    "{}: {}: {} in {seen:?}",
                    way.vector, entry.name, made.value
                );
                seen_all += 1;
            }
        }
        assert!(
            seen_all >= 2,
            "{}: {seen_all} secrets in {} servers",
            way.vector,
            started.len()
        );
        let moving = stage
            .made
            .iter()
            .filter(|made| made.fate == vectors::Fate::Moves);
        let is_yaml = way.format == ways::Format::Yaml;
        assert!(is_yaml || moving.count() >= 2, "{}", way.vector);
    }
}
