//! The clients as data: where each keeps its files, how an entry is spelled in them, and what the client does
//! with it.
//!
//! Only says where files would be and how they are read; opens none. A client that is not here is still read
//! when it spells its entries like one of these ([`recognise_content`]).

mod list;
mod locate;
mod place;
mod recognise;
mod shapes;
pub use list::{CLIENTS, OTHER};
pub use locate::{Located, Surroundings, locate, target};
pub use place::{Base, Rule};
pub use recognise::{recognise, recognise_content};

use super::document::Format;
use super::entry::Place;

/// Keys, from the outermost to the innermost; in [`ClientFile::servers`], `*` stands for any key.
pub type Keys = &'static [&'static str];

/// A client.
#[derive(Debug)]
pub struct Client {
    /// What the command line calls it.
    pub id: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// Its files.
    pub files: &'static [ClientFile],
    /// What it puts in the place of references to variables.
    pub expansion: Expansion,
    /// Whether it writes these files itself while it runs, so that it can undo a change.
    pub rewrites: bool,
    /// The names its processes have.
    pub processes: &'static [&'static str],
    /// What a person does so that it takes a change up.
    pub reload: &'static str,
    /// What of its own environment it hands to a server, beside what the entry names.
    pub hands_down: HandsDown,
}

/// A file, or several of one kind, in which a client looks for servers.
#[derive(Debug)]
pub struct ClientFile {
    /// Whom it is for.
    pub scope: Scope,
    /// Where it is: every place is looked at; the first that there can be is where the client writes.
    pub rules: &'static [Rule],
    /// How it is written.
    pub format: Format,
    /// Under which keys the servers stand.
    pub servers: &'static [Keys],
    /// How an entry is spelled.
    pub shape: &'static Shape,
}

/// Whom a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The user, everywhere.
    User,
    /// Everybody who works in a project; often in version control.
    Project,
    /// One agent of the user.
    Agent,
    /// One agent of a project.
    ProjectAgent,
}

impl Scope {
    /// Tells whether the file belongs to a project, which others share.
    #[must_use]
    pub const fn is_shared(self) -> bool {
        matches!(self, Self::Project | Self::ProjectAgent)
    }
}

/// How an entry is spelled: the keys of each of its parts, below the entry. The first of each is what the client
/// writes itself; the others are older, or of another of its versions.
#[derive(Debug)]
pub struct Shape {
    /// The program: a text, or a list that holds the arguments too.
    pub command: &'static [Keys],
    /// The arguments: a list.
    pub arguments: &'static [Keys],
    /// The variables: names and values.
    pub variables: &'static [Keys],
    /// The headers of requests to a remote server: names and values.
    pub headers: &'static [Keys],
    /// The address of a remote server.
    pub url: &'static [Keys],
    /// The file that variables are read from.
    pub env_file: &'static [Keys],
    /// How a server is switched off.
    pub switch: Switch,
    /// The key that holds the server's name, where servers are a list.
    pub name: Option<&'static str>,
    /// What else the client wants to read in an entry that starts a program: keys and texts, before all others.
    pub fixed: &'static [(&'static str, &'static str)],
    /// Whether something counts as an entry only where it has a program or an address: it is not known that this is the
    /// place of servers.
    pub is_guess: bool,
}

/// How a server is switched off in its entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Not in its entry.
    None,
    /// By this key being true.
    Disabled(&'static str),
    /// By this key being false.
    Enabled(&'static str),
    /// By either.
    Either,
}

/// What a client puts in the place of references to variables.
#[derive(Debug)]
pub struct Expansion {
    /// What it takes for a reference.
    pub forms: &'static [Form],
    /// In which parts of an entry.
    pub parts: &'static [Part],
    /// Whether it does so only for variables that the user named in its settings, and hands on the text of the
    /// reference otherwise.
    pub only_approved: bool,
}

impl Expansion {
    /// A client that takes every text as it is.
    pub const NONE: Self = Self {
        forms: &[],
        parts: &[],
        only_approved: false,
    };

    /// Tells whether references at `place` are looked for.
    #[must_use]
    pub fn applies_to(&self, place: &Place) -> bool {
        let part = match place {
            Place::Command => Part::Command,
            Place::Argument(_) => Part::Arguments,
            Place::Variable(_) => Part::Variables,
            Place::Header(_) => Part::Headers,
            Place::Url => Part::Url,
            Place::EnvFile | Place::Other(_) => Part::Others,
        };
        self.parts.contains(&part)
    }
}

/// A part of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The program.
    Command,
    /// The arguments.
    Arguments,
    /// The values of variables.
    Variables,
    /// The values of headers.
    Headers,
    /// The address of a remote server.
    Url,
    /// All other texts.
    Others,
}

/// How a reference is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `${VAR}`
    Braces,
    /// `${VAR:-text}`
    BracesOrText,
    /// `${env:VAR}`
    BracesEnv,
    /// `$VAR`
    Dollar,
    /// `%VAR%`, on Windows
    Percent,
    /// `{env:VAR}`
    CurlyEnv,
    /// `{file:PATH}`
    CurlyFile,
    /// `${input:ID}`: the client asks, and keeps the answer
    Input,
    /// `${{ secrets.NAME }}`: from the client's own store
    OwnSecret,
    /// `${workspaceFolder}` and the like, which are no variables
    Folder,
    /// `~` in front of a path
    Tilde,
}

/// What of its own environment a client hands to a server, beside what the entry names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandsDown {
    /// The six of the SDKs, or a list like them.
    Few,
    /// Everything.
    Everything,
    /// Everything but what looks like a secret.
    AllButSecrets,
    /// Everything, and it wins over what the entry names.
    EverythingFirst,
    /// That is not known.
    Unknown,
}

/// Returns the client of that id.
#[must_use]
pub fn client(id: &str) -> Option<&'static Client> {
    CLIENTS.iter().copied().find(|client| client.id == id)
}

#[cfg(all(test, unix))]
mod tests;
