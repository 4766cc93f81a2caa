//! How much is found, and how much of what is found is right.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use broker::clients::detect::{Confidence, Finding, detect};

use super::corpus::{Label, Labelled, read};

/// How often each entry is filled anew.
const SEEDS: u64 = 25;

#[derive(Default)]
struct Measured {
    entries: usize,
    secrets: usize,
    /// Findings of high confidence, and those of them that are right.
    high: usize,
    high_right: usize,
    /// Secrets that were found with high or medium confidence.
    found: usize,
    /// Wrong findings that are not of high confidence.
    noise: BTreeMap<Confidence, usize>,
    /// What went wrong, and how often.
    missed: BTreeMap<String, usize>,
}

impl Measured {
    fn of(is_held_out: bool) -> Self {
        let mut all = Self::default();
        for seed in 0..SEEDS {
            for labelled in read(is_held_out, seed) {
                all.add(&labelled);
            }
        }
        all
    }

    fn add(&mut self, labelled: &Labelled) {
        let findings = detect(&labelled.entry);
        self.entries += 1;
        let at = |label: &Label, finding: &Finding| {
            label.place == finding.place && label.span == finding.span
        };
        for label in &labelled.secrets {
            self.secrets += 1;
            let finding = findings.iter().find(|finding| at(label, finding));
            let is_found = finding.is_some_and(|finding| finding.confidence >= Confidence::Medium);
            self.found += usize::from(is_found);
            if !is_found {
                let how = finding.map_or("missed", |finding| finding.confidence.word());
                self.note(labelled, &format!("{how}: {:?}", label.place));
            }
            if let (Some(wanted), Some(finding)) = (&label.kind, finding)
                && wanted != finding.kind.word()
            {
                self.note(
                    labelled,
                    &format!(
                        "kind {} instead of {wanted}: {:?}",
                        finding.kind, label.place
                    ),
                );
            }
        }
        for finding in &findings {
            let may_be = |label: &Label| {
                label.place == finding.place
                    && label.span.start < finding.span.end
                    && finding.span.start < label.span.end
            };
            if labelled.either.iter().any(may_be) {
                continue;
            }
            let is_right = labelled.secrets.iter().any(|label| at(label, finding));
            if finding.confidence == Confidence::High {
                self.high += 1;
                self.high_right += usize::from(is_right);
            } else if !is_right {
                *self.noise.entry(finding.confidence).or_default() += 1;
            }
            if !is_right && finding.confidence > Confidence::Low {
                let word = finding.confidence.word();
                self.note(
                    labelled,
                    &format!(
                        "no secret, but {word}: {:?} {:?}",
                        finding.place, finding.kind
                    ),
                );
            }
        }
    }

    fn note(&mut self, labelled: &Labelled, what: &str) {
        let line = format!("{}: {}: {what}", labelled.file, labelled.entry.server);
        *self.missed.entry(line).or_default() += 1;
    }

    fn precision(&self) -> f64 {
        share(self.high_right, self.high)
    }

    fn recall(&self) -> f64 {
        share(self.found, self.secrets)
    }

    /// The figures, and what went wrong.
    fn shown(&self, name: &str) -> String {
        let mut text = format!(
            "{name}: {} entries, {} secrets: precision at high {:.4}, recall {:.4}, recall at high alone {:.4}, noise {:?}\n",
            self.entries,
            self.secrets,
            self.precision(),
            self.recall(),
            share(self.high_right, self.secrets),
            self.noise,
        );
        for (line, count) in &self.missed {
            writeln!(text, "  {count}x {line}").expect("a line");
        }
        text
    }
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

fn is_good(name: &str, is_held_out: bool) {
    let measured = Measured::of(is_held_out);
    let shown = measured.shown(name);
    println!("{shown}");
    assert!(measured.secrets > 0, "nothing was measured");
    assert!(measured.precision() >= 0.99, "{shown}");
    assert!(measured.recall() >= 0.95, "{shown}");
}

#[test]
fn what_is_found_is_right_and_little_is_missed() {
    is_good("entries", false);
}
