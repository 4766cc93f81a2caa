//! How the last line of the newest file ends: whole, or as a crash in the middle of its write leaves it.
//!
//! Only the beginning of an entry counts as torn. Anything else was not written by broker.

/// How a file ends.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tail {
    /// With a newline.
    Whole,
    /// With an entry that lacks its newline.
    NoNewline,
    /// With so many bytes of an entry that was not written to its end.
    Cut(u64),
}

/// Judges what stands behind the last newline, where entry `seq` would follow; `None` if it is neither an
/// entry nor the beginning of one. A file system may have kept the length of a write and lost its end, which
/// then reads as NUL bytes.
pub(super) fn judge(tail: &[u8], seq: u64) -> Option<Tail> {
    let end = tail.iter().rposition(|b| *b != 0);
    let text = tail.get(..end.map_or(0, |at| at.saturating_add(1)))?;
    let head = format!("{{\"seq\":{seq},\"time\":\"");
    if !text.iter().zip(head.as_bytes()).all(|(a, b)| a == b) {
        return None;
    }
    if let Err(e) = std::str::from_utf8(text)
        && e.error_len().is_some()
    {
        return None;
    }
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            0..=0x1f => return None,
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            let is_last = at.checked_add(1) == Some(tail.len());
            return is_last.then_some(Tail::NoNewline);
        }
    }
    Some(Tail::Cut(u64::try_from(tail.len()).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str =
        r#"{"seq":7,"time":"2027-01-31T00:00:00Z","detail":"}\"é\\","chain":[{"pid":1}]}"#;

    #[test]
    fn every_beginning_of_an_entry_is_torn_and_the_whole_lacks_its_newline() {
        let whole = ENTRY.as_bytes();
        for length in 1..whole.len() {
            let cut = Some(Tail::Cut(u64::try_from(length).expect("small")));
            assert_eq!(judge(&whole[..length], 7), cut, "{length}");
        }
        assert_eq!(judge(whole, 7), Some(Tail::NoNewline));
    }

    #[test]
    fn a_lost_end_that_reads_as_nul_is_torn() {
        assert_eq!(judge(b"{\"seq\":7,\"ti\0\0\0", 7), Some(Tail::Cut(15)));
        assert_eq!(judge(b"\0\0", 7), Some(Tail::Cut(2)));
    }

    #[test]
    fn anything_else_was_not_written_by_broker() {
        for tail in [
            format!("{ENTRY}x"),
            format!("{ENTRY} "),
            format!("{ENTRY}\0"),
            ENTRY[1..].to_owned(),
            ENTRY.replace('7', "8"),
            ENTRY[..30].replace("time", "tame"),
            format!("{}\t", &ENTRY[..50]),
            format!("{}\0x", &ENTRY[..50]),
            "x".to_owned(),
        ] {
            assert_eq!(judge(tail.as_bytes(), 7), None, "{tail:?}");
        }
        assert_eq!(
            judge(&[&ENTRY.as_bytes()[..50], b"\xff\xff"].concat(), 7),
            None
        );
    }
}
