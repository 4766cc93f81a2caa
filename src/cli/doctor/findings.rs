//! What the checks of `doctor` found.

use serde::Serialize;

use super::super::failure::Failure;
use crate::text::escaped;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Ok,
    Warning,
    Failed,
}

/// One line of the answer. The fields are part of the command contract.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) code: &'static str,
    pub(super) state: State,
    message: String,
    hint: Option<String>,
}

/// What was found, in order.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn ok(&mut self, code: &'static str, message: impl Into<String>) {
        self.0.push(Finding {
            code,
            state: State::Ok,
            message: message.into(),
            hint: None,
        });
    }

    pub(super) fn warning(&mut self, code: &'static str, message: impl Into<String>, hint: &str) {
        let hint = (!hint.is_empty()).then(|| hint.to_owned());
        self.0.push(Finding {
            code,
            state: State::Warning,
            message: message.into(),
            hint,
        });
    }

    pub(super) fn failed(&mut self, failure: Failure) {
        let Failure {
            code,
            message,
            hint,
            ..
        } = failure;
        self.0.push(Finding {
            code,
            state: State::Failed,
            message,
            hint,
        });
    }

    /// Adds the failure of a step, and goes on with the next.
    pub(super) fn take<T>(&mut self, result: Result<T, Failure>) -> Option<T> {
        result.map_err(|failure| self.failed(failure)).ok()
    }
}

pub(super) fn text(findings: &[Finding]) -> String {
    let mut text = String::new();
    for finding in findings {
        let word = match finding.state {
            State::Ok => "ok",
            State::Warning => "warning",
            State::Failed => "failed",
        };
        let message = escaped(&finding.message);
        text.push_str(&format!("{word:<8} {:<18} {message}\n", finding.code));
        if let Some(hint) = &finding.hint {
            text.push_str(&format!("{:<8} {:<18} hint: {hint}\n", "", ""));
        }
    }
    text
}
