//! Somebody who stands between a program and the session bus, counts its calls, and does something at one of them.
//!
//! It takes messages apart as far as it has to: the header of the D-Bus specification, section "Message Protocol". What
//! it does not understand ends the connection, and with it the test.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

/// The bus itself, whose calls are not counted.
const BUS: &[u8] = b"org.freedesktop.DBus";

/// When something is done, counted from 0 over the calls to anybody but the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Before the call is handed on.
    Before(usize),
    /// Once the call was answered. The program is told what it is told of somebody who left before an answer.
    Answered(usize),
}

type Deed = Box<dyn FnOnce() + Send>;

/// What both directions know.
#[derive(Default)]
struct State {
    /// The methods that were called, in order.
    calls: Vec<String>,
    /// What is still to be done, and when.
    deed: Option<(When, Deed)>,
    /// The call whose answer is waited for, by its number on the connection.
    awaited: Option<u32>,
}

/// A socket that a program takes for the bus.
pub struct Between {
    folder: tempfile::TempDir,
    state: Arc<Mutex<State>>,
}

impl Between {
    /// Stands before the bus at `address`.
    pub fn new(address: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join("bus")).expect("a socket");
        let bus = path(address);
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        // It ends with the tests: a listener cannot be told to.
        thread::spawn(move || {
            for program in listener.incoming() {
                let (Ok(program), Ok(bus)) = (program, UnixStream::connect(&bus)) else {
                    return;
                };
                relay(program, bus, &shared);
            }
        });
        Self { folder, state }
    }

    /// Returns the address for the program.
    pub fn address(&self) -> String {
        format!("unix:path={}", self.folder.path().join("bus").display())
    }

    /// Forgets what was called, and does something at a call that is to come.
    pub fn plan(&self, when: When, deed: impl FnOnce() + Send + 'static) {
        let mut state = self.state.lock().expect("state");
        *state = State {
            deed: Some((when, Box::new(deed))),
            ..State::default()
        };
    }

    /// Returns the methods that were called since the last plan.
    pub fn calls(&self) -> Vec<String> {
        self.state.lock().expect("state").calls.clone()
    }

    /// Tells whether the last plan was carried out.
    pub fn is_done(&self) -> bool {
        self.state.lock().expect("state").deed.is_none()
    }
}

/// Returns the path in an address of a test's own bus.
fn path(address: &str) -> PathBuf {
    let path = address.strip_prefix("unix:path=").expect("a path");
    path.split(',').next().expect("a path").into()
}

fn relay(program: UnixStream, bus: UnixStream, state: &Arc<Mutex<State>>) {
    let (mut to_program, mut to_bus) = (clone(&program), clone(&bus));
    let (asking, answering) = (Arc::clone(state), Arc::clone(state));
    thread::spawn(move || {
        let mut from = BufReader::new(program);
        let _ended = ask(&mut from, &mut to_bus, &asking);
        let _ended = to_bus.shutdown(std::net::Shutdown::Both);
    });
    thread::spawn(move || {
        let mut from = BufReader::new(bus);
        let _ended = answer(&mut from, &mut to_program, &answering);
        let _ended = to_program.shutdown(std::net::Shutdown::Both);
    });
}

fn clone(stream: &UnixStream) -> UnixStream {
    stream.try_clone().expect("a stream")
}

/// Hands on what the program says.
fn ask(from: &mut impl BufRead, to: &mut impl Write, state: &Mutex<State>) -> io::Result<()> {
    loop {
        let line = line(from)?;
        to.write_all(&line)?;
        if line.ends_with(b"BEGIN\r\n") {
            break;
        }
    }
    loop {
        let message = Message::read(from)?;
        if message.is_call() && message.destination().is_some_and(|to| to != BUS) {
            let mut state = state.lock().expect("state");
            let number = state.calls.len();
            state.calls.push(message.member());
            match &state.deed {
                Some((When::Before(at), _)) if *at == number => state.act(),
                Some((When::Answered(at), _)) if *at == number => {
                    state.awaited = Some(message.serial());
                }
                _ => {}
            }
        }
        to.write_all(&message.0)?;
    }
}

/// Hands on what the bus says.
fn answer(from: &mut impl BufRead, to: &mut impl Write, state: &Mutex<State>) -> io::Result<()> {
    while !matches!(from.fill_buf()?.first(), Some(b'l' | b'B')) {
        to.write_all(&line(from)?)?;
    }
    loop {
        let mut message = Message::read(from)?;
        let mut state = state.lock().expect("state");
        if state.awaited.is_some() && message.answers() == state.awaited {
            state.awaited = None;
            state.act();
            message = message.unanswered();
        }
        drop(state);
        to.write_all(&message.0)?;
    }
}

impl State {
    fn act(&mut self) {
        if let Some((_, deed)) = self.deed.take() {
            deed();
        }
    }
}

fn line(from: &mut impl BufRead) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    from.read_until(b'\n', &mut line)?;
    match line.is_empty() {
        true => Err(io::ErrorKind::UnexpectedEof.into()),
        false => Ok(line),
    }
}

/// A message, as it goes over the socket. Only little-endian ones are known: every machine of the tests is.
struct Message(Vec<u8>);

impl Message {
    fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut bytes = vec![0; 16];
        from.read_exact(&mut bytes)?;
        if bytes[0] != b'l' {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four"));
        let (body, fields) = (number(4) as usize, number(12) as usize);
        let whole = 16 + fields.next_multiple_of(8) + body;
        bytes.resize(whole, 0);
        from.read_exact(&mut bytes[16..])?;
        Ok(Self(bytes))
    }

    fn number(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.0[at..at + 4].try_into().expect("four"))
    }

    fn is_call(&self) -> bool {
        self.0[1] == 1
    }

    fn serial(&self) -> u32 {
        self.number(8)
    }

    /// Returns the place of a header field's value, behind its signature.
    fn field(&self, wanted: u8) -> Option<usize> {
        let end = 16 + self.number(12) as usize;
        let mut at = 16;
        while at < end {
            at = at.next_multiple_of(8);
            let (code, length, kind) = (self.0[at], self.0[at + 1] as usize, self.0[at + 2]);
            at += 2 + length + 1;
            let value = match kind {
                b'g' => at,
                _ => at.next_multiple_of(4),
            };
            at = match kind {
                b'g' => value + 2 + self.0[value] as usize,
                b's' | b'o' => value + 4 + self.number(value) as usize + 1,
                b'u' => value + 4,
                other => panic!("a header field of the kind {other}"),
            };
            if code == wanted {
                return Some(value);
            }
        }
        None
    }

    fn text(&self, field: u8) -> Option<&[u8]> {
        let at = self.field(field)?;
        Some(&self.0[at + 4..at + 4 + self.number(at) as usize])
    }

    fn destination(&self) -> Option<&[u8]> {
        self.text(6)
    }

    fn member(&self) -> String {
        String::from_utf8_lossy(self.text(3).unwrap_or_default()).into_owned()
    }

    /// Returns the number of the call that it answers.
    fn answers(&self) -> Option<u32> {
        self.field(5).map(|at| self.number(at))
    }

    /// Returns what the bus says in the place of this answer where who was to give it has left.
    fn unanswered(&self) -> Self {
        let mut fields = Vec::new();
        let mut put = |code: u8, kind: u8, value: &[u8]| {
            fields.resize(fields.len().next_multiple_of(8), 0);
            fields.extend([code, 1, kind, 0]);
            fields.extend(value);
        };
        let text = |text: &[u8]| {
            let length = u32::try_from(text.len()).expect("short").to_le_bytes();
            [&length, text, b"\0"].concat()
        };
        put(4, b's', &text(b"org.freedesktop.DBus.Error.NoReply"));
        put(5, b'u', &self.answers().expect("an answer").to_le_bytes());
        put(6, b's', &text(self.destination().expect("to somebody")));
        put(7, b's', &text(BUS));
        let length = u32::try_from(fields.len()).expect("short").to_le_bytes();
        let serial = self.serial().to_le_bytes();
        let mut bytes = [&b"l\x03\x01\x01\0\0\0\0"[..], &serial, &length, &fields].concat();
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        Self(bytes)
    }
}
