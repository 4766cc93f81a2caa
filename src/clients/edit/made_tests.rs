//! Documents that are made up, of parts that a person could have written.
#![expect(clippy::arithmetic_side_effects, reason = "helpers of tests may abort")]

use crate::clients::document::BYTE_ORDER_MARK;

/// Chooses, from a list of numbers that proptest makes and shrinks.
pub(in crate::clients) struct Dice {
    rolls: Vec<u32>,
    at: usize,
}

impl Dice {
    pub(in crate::clients) fn new(rolls: Vec<u32>) -> Self {
        Self { rolls, at: 0 }
    }

    fn roll(&mut self, sides: usize) -> usize {
        let roll = self.rolls.get(self.at).copied().unwrap_or(0);
        self.at += 1;
        usize::try_from(roll).expect("fits") % sides
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.roll(of.len())]
    }

    fn chance(&mut self, in_ten: usize) -> bool {
        self.roll(10) >= 10 - in_ten
    }
}

const TEXTS: [&str; 12] = [
    "x",
    "",
    "-y",
    "grün 漢字 🦀",
    "a\"b\\c",
    "it's",
    "//no",
    "/* no */",
    "# no",
    "${VAR}",
    "a\tb\nc\u{1}",
    "[{,}]",
];
pub(in crate::clients) const SECRET: &str = "sk-q7Rk2Xv9";

/// A text, which may be a secret.
fn text(dice: &mut Dice, is_secret: bool) -> String {
    let text = dice.one(&TEXTS);
    if is_secret {
        format!("{text}{SECRET}{text}")
    } else {
        text.to_owned()
    }
}

struct Json<'d> {
    dice: &'d mut Dice,
    out: String,
    new_line: &'static str,
    comments: bool,
}

impl Json<'_> {
    fn gap(&mut self) {
        for _ in 0..self.dice.roll(3) {
            let gap = match self.dice.roll(if self.comments { 7 } else { 4 }) {
                0 => " ".to_owned(),
                1 => "\t".to_owned(),
                2 => format!("{}  ", self.new_line),
                3 => self.new_line.to_owned(),
                4 => format!("// \"a\": [{{, */ é{}", self.new_line),
                5 => "/* // } , \" */".to_owned(),
                _ => format!("/*{}*/", self.new_line),
            };
            self.out.push_str(&gap);
        }
    }

    fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            let mut units = [0; 2];
            match c {
                _ if self.dice.chance(2) => {
                    for unit in c.encode_utf16(&mut units) {
                        let escape = if self.dice.chance(5) {
                            format!("\\u{unit:04x}")
                        } else {
                            format!("\\u{unit:04X}")
                        };
                        self.out.push_str(&escape);
                    }
                }
                '"' | '\\' => self.out.extend(['\\', c]),
                '/' if self.dice.chance(3) => self.out.push_str("\\/"),
                '\n' => self.out.push_str("\\n"),
                '\t' => self.out.push_str("\\t"),
                c if c < ' ' => self.out.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
    }

    fn between(
        &mut self,
        open: char,
        close: char,
        count: usize,
        each: &mut dyn FnMut(&mut Self, usize),
    ) {
        self.out.push(open);
        for number in 0..count {
            self.gap();
            each(self, number);
            self.gap();
            if number + 1 < count || self.dice.chance(3) {
                self.out.push(',');
            }
        }
        self.gap();
        self.out.push(close);
    }

    fn pair(&mut self, key: &str, value: &mut dyn FnMut(&mut Self)) {
        self.string(key);
        self.gap();
        self.out.push(':');
        self.gap();
        value(self);
    }

    fn junk(&mut self, depth: usize) {
        match self.dice.roll(if depth == 0 { 5 } else { 7 }) {
            0 => self.out.push_str("null"),
            1 => self.out.push_str("-1.5e3"),
            2 => self.out.push_str("true"),
            3 | 4 => {
                let text = text(self.dice, false);
                self.string(&text);
            }
            5 => {
                let count = self.dice.roll(3);
                self.between('[', ']', count, &mut |json, _| json.junk(depth - 1));
            }
            _ => {
                let count = self.dice.roll(3);
                self.between('{', '}', count, &mut |json, number| {
                    let key = ["env", "args", ""][number];
                    json.pair(key, &mut |json| json.junk(depth - 1));
                });
            }
        }
    }

    fn texts(&mut self, least: usize) {
        let count = least + self.dice.roll(3);
        self.between('[', ']', count, &mut |json, _| {
            let is_secret = json.dice.chance(3);
            let text = text(json.dice, is_secret);
            json.string(&text);
        });
    }

    fn variables(&mut self) {
        let count = self.dice.roll(4);
        self.between('{', '}', count, &mut |json, number| {
            let again = json.dice.roll(40) == 1;
            let key = if again {
                "K"
            } else {
                ["K", "L", "é\"", "N"][number]
            };
            json.pair(key, &mut |json| {
                let is_secret = json.dice.chance(6);
                let text = text(json.dice, is_secret);
                json.string(&text);
            });
        });
    }

    fn entry(&mut self, list: bool) {
        let mut keys = vec![
            "command", "args", "env", "type", "junk", "disabled", "headers", "url",
        ];
        let mut chosen = Vec::new();
        while !keys.is_empty() {
            let key = keys.remove(self.dice.roll(keys.len()));
            if key == "command" || self.dice.chance(5) {
                chosen.push(key);
            }
            // A key that stands there twice.
            if self.dice.roll(60) == 1 {
                chosen.push(key);
            }
        }
        let names = chosen.clone();
        self.between('{', '}', chosen.len(), &mut |json, number| {
            let key = names[number];
            match key {
                "command" if list => json.pair(key, &mut |json| json.texts(1)),
                "command" | "url" | "type" => json.pair(key, &mut |json| {
                    let text = text(json.dice, false);
                    json.string(&text);
                }),
                "args" if list => json.pair(key, &mut |json| json.junk(1)),
                "args" => json.pair(key, &mut |json| json.texts(0)),
                "env" if list => json.pair("environment", &mut |json| json.variables()),
                "env" | "headers" => json.pair(key, &mut |json| json.variables()),
                _ => json.pair(key, &mut |json| json.junk(2)),
            }
        });
    }
}

pub(in crate::clients) fn json(dice: &mut Dice, list: bool, comments: bool) -> String {
    let new_line = if dice.chance(3) { "\r\n" } else { "\n" };
    let mark = if dice.chance(3) { BYTE_ORDER_MARK } else { "" };
    let mut json = Json {
        dice,
        out: mark.to_owned(),
        new_line,
        comments,
    };
    json.gap();
    let (before, after) = (json.dice.roll(2), json.dice.roll(2));
    json.between('{', '}', before + 1 + after, &mut |json, number| {
        if number != before {
            let key = ["theme", "é", "other"][number];
            return json.pair(key, &mut |json| json.junk(2));
        }
        json.pair(if list { "mcp" } else { "mcpServers" }, &mut |json| {
            let count = 1 + json.dice.roll(3);
            json.between('{', '}', count, &mut |json, number| {
                let name = if json.dice.roll(30) == 1 {
                    "0".to_owned()
                } else {
                    number.to_string()
                };
                json.pair(&name, &mut |json| json.entry(list));
            });
        });
    });
    json.gap();
    json.out
}

struct Toml<'d> {
    dice: &'d mut Dice,
    out: String,
    new_line: &'static str,
}

impl Toml<'_> {
    fn space(&mut self) {
        let space = self.dice.one(&["", " ", "\t", "  "]);
        self.out.push_str(space);
    }

    /// Between the values of a list, where lines may end.
    fn gap(&mut self) {
        for _ in 0..self.dice.roll(3) {
            let gap = match self.dice.roll(4) {
                0 => " ".to_owned(),
                1 => "\t".to_owned(),
                2 => self.new_line.to_owned(),
                _ => format!("# ], \" ''' é{}", self.new_line),
            };
            self.out.push_str(&gap);
        }
    }

    fn end(&mut self) {
        self.space();
        if self.dice.chance(3) {
            self.out.push_str("# = [ \" 'é");
        }
        self.out.push_str(self.new_line);
        if self.dice.chance(2) {
            self.out.push_str(self.new_line);
        }
    }

    fn string(&mut self, text: &str) {
        let plain = |c: char| !c.is_control();
        let token = match self.dice.roll(4) {
            0 if text.chars().all(plain) && !text.contains('\'') => format!("'{text}'"),
            1 if text.chars().all(plain) && !text.contains('\'') => {
                format!("'''{}{text}'''", self.new_line)
            }
            2 => format!("\"\"\"{}{}\"\"\"", self.new_line, escaped(text)),
            _ => format!("\"{}\"", escaped(text)),
        };
        self.out.push_str(&token);
    }

    fn word(&mut self) {
        let word = self
            .dice
            .one(&["1", "true", "1.5", "1979-05-27", "[]", "{}", "[ 1, 2 ]"]);
        self.out.push_str(word);
    }

    fn text(&mut self, in_ten: usize) {
        let is_secret = self.dice.chance(in_ten);
        let text = text(self.dice, is_secret);
        self.string(&text);
    }

    fn texts(&mut self) {
        self.out.push('[');
        let count = self.dice.roll(4);
        for number in 0..count {
            self.gap();
            self.text(3);
            self.gap();
            if number + 1 < count || self.dice.chance(3) {
                self.out.push(',');
            }
        }
        self.gap();
        self.out.push(']');
    }

    fn inline(&mut self, count: usize, each: &mut dyn FnMut(&mut Self, usize)) {
        self.out.push('{');
        for number in 0..count {
            self.space();
            each(self, number);
            self.space();
            if number + 1 < count {
                self.out.push(',');
            }
        }
        self.out.push('}');
    }

    fn assign(&mut self, key: &str) {
        self.out.push_str(key);
        self.space();
        self.out.push('=');
        self.space();
    }

    fn variables(&mut self) {
        let count = self.dice.roll(4);
        self.inline(count, &mut |toml, number| {
            toml.assign(["K", "\"é x\"", "'M'", "N"][number]);
            toml.text(6);
        });
    }

    /// The pairs of a server, each with what comes before its key.
    fn pairs(&mut self, before: &str, in_braces: bool) {
        let quoted = self.dice.chance(2);
        let mut keys = vec!["command", "args", "env", "junk"];
        let mut chosen = Vec::new();
        while !keys.is_empty() {
            let key = keys.remove(self.dice.roll(keys.len()));
            if key == "command" || self.dice.chance(5) {
                chosen.push(key);
            }
        }
        let write = |toml: &mut Self, key: &str| {
            let name = if quoted {
                format!("\"{key}\"")
            } else {
                key.to_owned()
            };
            toml.assign(&format!("{before}{name}"));
            match key {
                "command" => toml.text(0),
                "args" => toml.texts(),
                "env" => toml.variables(),
                _ => toml.word(),
            }
        };
        if in_braces {
            let names = chosen.clone();
            self.inline(chosen.len(), &mut |toml, number| write(toml, names[number]));
            return;
        }
        for key in chosen {
            self.space();
            write(self, key);
            self.end();
        }
    }
}

fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}

pub(in crate::clients) fn toml(dice: &mut Dice) -> String {
    let new_line = if dice.chance(3) { "\r\n" } else { "\n" };
    let mark = if dice.chance(3) { BYTE_ORDER_MARK } else { "" };
    let mut toml = Toml {
        dice,
        out: mark.to_owned(),
        new_line,
    };
    toml.end();
    toml.assign("model");
    toml.text(0);
    toml.end();
    // First what needs no header, then what has one.
    toml.pairs("mcp_servers.dotted . ", false);
    toml.assign("mcp_servers.inline");
    toml.pairs("", true);
    toml.end();
    for number in 0..toml.dice.roll(3) {
        toml.space();
        toml.out
            .push_str(&format!("[ mcp_servers . \"server {number}\" ]"));
        toml.end();
        toml.pairs("", false);
        if toml.dice.chance(3) {
            toml.out
                .push_str(&format!("[mcp_servers.\"server {number}\".http_headers]"));
            toml.end();
            toml.assign("K");
            toml.text(9);
            toml.end();
        }
        if toml.dice.chance(3) {
            toml.out.push_str("[[other]]");
            toml.end();
            toml.assign("command");
            toml.text(0);
            toml.end();
        }
    }
    if toml.dice.chance(3) {
        let end = toml.out.trim_end_matches(['\r', '\n']).len();
        toml.out.truncate(end);
    }
    toml.out
}
