//! A provider of the Secret Service API that misbehaves on demand.
//!
//! Real ones answer an empty search for a locked collection, never answer, answer late, return two
//! items for one key, leave in the middle of a call, or dismiss a prompt. This one does each of
//! these, speaks the encrypted session where it is not told otherwise, and writes down what it was
//! called.

use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use crypto_bigint::modular::runtime_mod::{DynResidue, DynResidueParams};
use crypto_bigint::{Encoding, U1024};
use futures_core::Stream;
use zbus::message::Type;
use zbus::{Connection, Message, MessageStream, OwnedObjectPath, OwnedVariant, Variant};

use super::bus::{block_on, connect};

const COLLECTION: &str = "/org/freedesktop/secrets/collection/fake";
const PROMPT: &str = "/org/freedesktop/secrets/prompt/p1";
const P: &str = "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74\
                 020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437\
                 4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
                 EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF";

/// How a prompt ends.
#[derive(Clone, Copy, Default)]
pub enum Prompting {
    /// The person unlocks.
    #[default]
    Unlocks,
    /// The person declines.
    Dismisses,
    /// The person says yes, and it stays locked.
    Lies,
    /// Nobody is there.
    Unanswered,
}

/// How the provider behaves.
#[derive(Clone, Default)]
pub struct Manner {
    /// Its collection is locked, and a search there finds nothing.
    pub locked: bool,
    /// A search in the locked collection lists what is locked.
    pub lists_locked: bool,
    /// How its prompts end.
    pub prompt: Prompting,
    /// It never answers this method.
    pub silent_on: Option<&'static str>,
    /// It answers everything this much later.
    pub late: Duration,
    /// It does this method only after a prompt.
    pub asks_on: Option<&'static str>,
    /// It leaves the bus when this method is called.
    pub leaves_on: Option<&'static str>,
    /// It refuses the encrypted session.
    pub plain_only: bool,
    /// It sends this as its public number.
    pub public: Option<Vec<u8>>,
    /// It has no default collection.
    pub no_default: bool,
    /// It answers this method with this error.
    pub refuses: Option<(&'static str, &'static str)>,
    /// It damages what it returns.
    pub damages: bool,
    /// It finds items and does not give their values.
    pub withholds: bool,
}

struct Item {
    path: String,
    account: String,
    value: Vec<u8>,
}

struct State {
    manner: Manner,
    locked: bool,
    items: Vec<Item>,
    next: u32,
    key: Option<[u8; 16]>,
    calls: Vec<String>,
    /// What the prompt is about.
    asked: Option<Asked>,
}

/// What is done once a prompt is answered.
enum Asked {
    Create(String, Vec<u8>),
    Delete(String),
}

/// A provider on a bus; it leaves when dropped.
pub struct Provider {
    state: Arc<Mutex<State>>,
    end: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Provider {
    /// Puts a provider of this `manner` on the bus at `address`, holding `items` as account and
    /// value.
    pub fn start(address: &str, manner: Manner, items: &[(&str, &[u8])]) -> Self {
        let mut state = State {
            locked: manner.locked,
            manner,
            items: Vec::new(),
            next: 0,
            key: None,
            calls: Vec::new(),
            asked: None,
        };
        for (account, value) in items {
            state.add(account, value.to_vec());
        }
        let state = Arc::new(Mutex::new(state));
        let end = Arc::new(AtomicBool::new(false));
        let (ready, is_ready) = mpsc::channel();
        let thread = thread::spawn({
            let (state, end, address) = (Arc::clone(&state), Arc::clone(&end), address.to_owned());
            move || {
                block_on(async {
                    let bus = connect(&address).await;
                    let mut calls = MessageStream::from(&bus);
                    bus.request_name("org.freedesktop.secrets")
                        .await
                        .expect("the name");
                    ready.send(()).expect("awaited");
                    while !end.load(Ordering::Relaxed) {
                        let next = poll_fn(|cx| Pin::new(&mut calls).poll_next(cx));
                        match tokio::time::timeout(Duration::from_millis(20), next).await {
                            Err(_) => {}
                            Ok(Some(Ok(call))) if call.message_type() == Type::MethodCall => {
                                if !serve(&bus, &state, &call).await {
                                    break;
                                }
                            }
                            Ok(Some(Ok(_))) => {}
                            Ok(_) => break,
                        }
                    }
                });
            }
        });
        is_ready.recv().expect("a provider");
        Self {
            state,
            end,
            thread: Some(thread),
        }
    }

    /// Returns the methods called so far, in order.
    pub fn calls(&self) -> Vec<String> {
        self.state.lock().expect("state").calls.clone()
    }

    /// Behaves otherwise from now on.
    pub fn behave(&self, manner: Manner) {
        self.state.lock().expect("state").manner = manner;
    }

    /// Returns the values held for `account`.
    pub fn held(&self, account: &str) -> Vec<Vec<u8>> {
        let state = self.state.lock().expect("state");
        let items = state.items.iter().filter(|i| i.account == account);
        items.map(|i| i.value.clone()).collect()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.end.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl State {
    fn add(&mut self, account: &str, value: Vec<u8>) -> String {
        self.next += 1;
        let path = format!("{COLLECTION}/{}", self.next);
        self.items.push(Item {
            path: path.clone(),
            account: account.to_owned(),
            value,
        });
        path
    }

    /// Adds an item or replaces the value of the one there is; returns its path.
    fn put(&mut self, account: &str, value: Vec<u8>) -> String {
        let found = self.items.iter_mut().find(|item| item.account == account);
        if let Some(item) = found {
            item.value = value;
            return item.path.clone();
        }
        self.add(account, value)
    }

    /// Agrees on a key with `theirs` and returns our public number.
    fn agree(&mut self, theirs: &[u8]) -> Vec<u8> {
        let mut padded = [0; 128];
        padded[128 - theirs.len()..].copy_from_slice(theirs);
        let params = DynResidueParams::new(&U1024::from_be_hex(P));
        let exponent = U1024::from_be_slice(&[0x5a; 128]);
        let power = |base: U1024| {
            let power = DynResidue::new(&base, params).pow(&exponent);
            power.retrieve().to_be_bytes()
        };
        let mut key = [0; 16];
        hkdf::Hkdf::<sha2::Sha256>::new(None, &power(U1024::from_be_bytes(padded)))
            .expand(&[], &mut key)
            .expect("a key");
        self.key = Some(key);
        power(U1024::from_u8(2)).to_vec()
    }

    fn seal(&self, value: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let (key, iv) = (self.key.expect("a session"), [9; 16]);
        let sealed = cbc::Encryptor::<aes::Aes128>::new(&key.into(), &iv.into())
            .encrypt_padded_vec_mut::<Pkcs7>(value);
        (iv.to_vec(), sealed)
    }

    fn open(&self, iv: &[u8], sealed: &[u8]) -> Vec<u8> {
        let key = self.key.expect("a session");
        let iv: [u8; 16] = iv.try_into().expect("an IV");
        cbc::Decryptor::<aes::Aes128>::new(&key.into(), &iv.into())
            .decrypt_padded_vec_mut::<Pkcs7>(sealed)
            .expect("a value")
    }

    fn search(
        &self,
        wanted: &HashMap<String, String>,
    ) -> (Vec<OwnedObjectPath>, Vec<OwnedObjectPath>) {
        let user = wanted.get("username");
        let paths = self
            .items
            .iter()
            .filter(|item| user.is_none_or(|user| *user == item.account))
            .map(|item| path(&item.path))
            .collect();
        match (self.locked, self.manner.lists_locked) {
            (false, _) => (paths, vec![]),
            (true, true) => (vec![], paths),
            (true, false) => (vec![], vec![]),
        }
    }
}

fn path(text: &str) -> OwnedObjectPath {
    OwnedObjectPath::try_from(text).expect("a path")
}

fn variant<'a>(value: impl Into<Variant<'a>>) -> OwnedVariant {
    OwnedVariant::try_from(value.into()).expect("a variant")
}

/// Serves one call. Returns whether to go on.
async fn serve(bus: &Connection, state: &Mutex<State>, call: &Message) -> bool {
    let header = call.header();
    let member = header.member().expect("a member").to_string();
    let object = header.path().expect("a path").to_string();
    let (manner, reply) = {
        let mut state = state.lock().expect("state");
        state.calls.push(member.clone());
        let manner = state.manner.clone();
        if manner.leaves_on == Some(member.as_str()) {
            return false;
        }
        if manner.silent_on == Some(member.as_str()) {
            return true;
        }
        (manner, answer(&mut state, &member, &object, call))
    };
    tokio::time::sleep(manner.late).await;
    if let Some((method, error)) = manner.refuses
        && method == member
    {
        bus.reply_error(&header, error, &"foreign-text")
            .await
            .expect("sent");
        return true;
    }
    match reply {
        Some(reply) => bus.send(&reply).await.expect("sent"),
        None => {
            let name = "org.freedesktop.DBus.Error.NotSupported";
            bus.reply_error(&header, name, &"foreign-text")
                .await
                .expect("sent");
        }
    }
    if member == "Prompt" {
        let (dismissed, result) = match manner.prompt {
            Prompting::Unlocks => {
                let mut state = state.lock().expect("state");
                match state.asked.take() {
                    None => {
                        state.locked = false;
                        (false, variant(vec![path(COLLECTION)]))
                    }
                    Some(Asked::Create(account, value)) => {
                        let created = state.put(&account, value);
                        (false, variant(path(&created).into_inner()))
                    }
                    Some(Asked::Delete(object)) => {
                        state.items.retain(|item| item.path != object);
                        (false, variant(""))
                    }
                }
            }
            Prompting::Unanswered => return true,
            Prompting::Lies => (false, variant(vec![path(COLLECTION)])),
            Prompting::Dismisses => (true, variant("")),
        };
        bus.emit_signal(
            None::<&str>,
            PROMPT,
            "org.freedesktop.Secret.Prompt",
            "Completed",
            &(dismissed, Variant::from(result)),
        )
        .await
        .expect("sent");
    }
    true
}

/// Makes the answer to `call`; `None` is an error that it is not supported.
fn answer(state: &mut State, member: &str, object: &str, call: &Message) -> Option<Message> {
    let header = call.header();
    let reply = Message::method_return(&header);
    let body = call.body();
    let message = match member {
        "OpenSession" => {
            let (algorithm, input): (String, OwnedVariant) = body.deserialize().ok()?;
            if state.manner.plain_only || algorithm == "plain" {
                return None;
            }
            let theirs = Vec::<u8>::try_from(input).ok()?;
            let ours = state.agree(&theirs);
            let public = state.manner.public.clone().unwrap_or(ours);
            reply.build(&(
                Variant::from(public),
                path("/org/freedesktop/secrets/session/s1"),
            ))
        }
        "SearchItems" => reply.build(&state.search(&body.deserialize().ok()?)),
        "GetSecrets" => {
            let (wanted, session): (Vec<OwnedObjectPath>, OwnedObjectPath) =
                body.deserialize().ok()?;
            let mut secrets = HashMap::new();
            let given = !state.locked && !state.manner.withholds;
            for item in state.items.iter().filter(|_| given) {
                if wanted.iter().any(|w| w.as_str() == item.path) {
                    let (iv, mut sealed) = state.seal(&item.value);
                    if state.manner.damages {
                        sealed.pop();
                    }
                    let secret = (session.clone(), iv, sealed, "text/plain");
                    secrets.insert(path(&item.path), secret);
                }
            }
            reply.build(&secrets)
        }
        "ReadAlias" if state.manner.no_default => reply.build(&path("/")),
        "ReadAlias" => reply.build(&path(COLLECTION)),
        "Get" => {
            let (_, name): (String, String) = body.deserialize().ok()?;
            let value = match name.as_str() {
                "Collections" => variant(vec![path(COLLECTION)]),
                "Locked" => variant(state.locked),
                "Attributes" => {
                    let item = state.items.iter().find(|item| item.path == object)?;
                    variant(HashMap::from([
                        ("service", "broker"),
                        ("username", item.account.as_str()),
                    ]))
                }
                _ => return None,
            };
            reply.build(&Variant::from(value))
        }
        "Unlock" => reply.build(&(Vec::<OwnedObjectPath>::new(), path(PROMPT))),
        "Prompt" | "Dismiss" => reply.build(&()),
        "CreateItem" => {
            type Secret = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);
            let (mut properties, secret, _): (HashMap<String, OwnedVariant>, Secret, bool) =
                body.deserialize().ok()?;
            let attributes = properties.remove("org.freedesktop.Secret.Item.Attributes")?;
            let attributes = HashMap::<String, String>::try_from(attributes).ok()?;
            let account = attributes.get("username")?;
            let value = state.open(&secret.1, &secret.2);
            if state.manner.asks_on == Some("CreateItem") {
                state.asked = Some(Asked::Create(account.clone(), value));
                return reply.build(&(path("/"), path(PROMPT))).ok();
            }
            let created = state.put(account, value);
            reply.build(&(path(&created), path("/")))
        }
        "Delete" if state.manner.asks_on == Some("Delete") => {
            state.asked = Some(Asked::Delete(object.to_owned()));
            reply.build(&path(PROMPT))
        }
        "Delete" => {
            state.items.retain(|item| item.path != object);
            reply.build(&path("/"))
        }
        _ => return None,
    };
    Some(message.expect("a message"))
}
