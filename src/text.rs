//! Escaping text from outside before it reaches a terminal or the log.
//!
//! Shows such characters by their number, and takes nothing away. Does not judge whether a text is one
//! that should be shown at all.

/// Makes a text from outside safe for a terminal: one line, nothing that acts on a terminal.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if acts_on_terminal(c) {
            safe.extend(c.escape_unicode());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Writes such characters of a JSON document as `\u` escapes (RFC 8259, section 7). Those below U+0020 are
/// escaped already, but for the newlines between the lines, which are JSON's own.
#[must_use]
pub fn escaped_json(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut units = [0_u16; 2];
    for c in text.chars() {
        if c == '\n' || !acts_on_terminal(c) {
            safe.push(c);
        } else {
            for unit in c.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    safe
}

/// Tells whether a character controls the terminal, ends a line, changes the direction of writing, or
/// hides (Unicode TR 36): controls, format characters, and what is ignored when it cannot be shown. The
/// sixteen variation selectors stay, which ordinary text has behind its emoji.
#[must_use]
pub fn acts_on_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_means_the_same_with_what_acts_on_a_terminal_escaped() {
        let note = "a\u{9b}b\u{202e}c\u{e0041}d\u{7f}\n";
        let text = serde_json::to_string_pretty(&[note]).expect("JSON");
        let safe = escaped_json(&text);
        let plain = |c| c == '\n' || !acts_on_terminal(c);
        assert!(safe.chars().all(plain), "{safe}");
        assert_eq!(
            serde_json::from_str::<Vec<String>>(&safe).expect("JSON"),
            [note]
        );
    }

    #[test]
    fn what_could_move_hide_or_turn_text_is_shown_as_its_number() {
        assert_eq!(escaped("a\x1b[2Jb\nc\0"), "a\\u{1b}[2Jb\\u{a}c\\u{0}");
        assert_eq!(
            escaped("\u{202e}x\u{200b}\u{feff}\u{9b}"),
            "\\u{202e}x\\u{200b}\\u{feff}\\u{9b}"
        );
        assert_eq!(escaped("grün 漢字 é ❤\u{fe0f}"), "grün 漢字 é ❤\u{fe0f}");
    }

    #[test]
    fn every_control_of_terminals_lines_and_directions_is_among_them() {
        let controls = (0..0x20).chain(0x7f..0xa0);
        let directions = [0x61c, 0x200e, 0x200f, 0x2028, 0x2029]
            .into_iter()
            .chain(0x202a..=0x202e)
            .chain(0x2066..=0x2069);
        let hidden = (0xe0000..0xe0080).chain([0xad, 0x200b, 0x200d, 0x2060, 0xfeff]);
        for number in controls.chain(directions).chain(hidden) {
            let c = char::from_u32(number).expect("a character");
            assert!(acts_on_terminal(c), "U+{number:04X}");
        }
        for c in (' '..='~').chain('\u{a1}'..='\u{ac}').chain('א'..='ת') {
            assert!(!acts_on_terminal(c), "{c}");
        }
    }
}
