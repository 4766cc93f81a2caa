//! What a name says about the text under it: the name of a variable, a flag, a header, a query parameter or a key.
//!
//! The last word decides, as in English: a `TOKEN_URL` is an address, a `SECRET_NAME` a name, an `AWS_ACCESS_KEY_ID` no
//! secret. Words behind it that say nothing (`_JSON`, `_PROD`, `_2`) are passed over.

use super::words::{lists, words};

/// What stands under a name, as far as the name tells.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A secret that a person may have chosen: any text could be one.
    Chosen,
    /// A secret that a machine has made: no plain word is one.
    Made,
    /// A key of some kind, which many things are called.
    Key,
    /// Something that may hold a secret: `AUTH`, `SESSION`, `CREDENTIALS`.
    Near,
    /// Something of which it is not known.
    Unknown,
    /// Something else: what a secret is called, where it is, how long it lasts.
    Else,
}

/// Words for what a person chooses.
const CHOSEN: &str = "password passwords passwd passphrase pass pwd pw secret secrets pin mnemonic passcode userpass pswd \
    kennwort passwort";

/// Words for what a machine makes.
const MADE: &str = "token apikey apitoken accesstoken authtoken bearer oauth2bearer authorization pat jwt secretkey \
    accesskey privatekey appkey authkey apisecret licensekey sk xoxc xoxd xoxb";

/// How words end that are glued to others.
const GLUED_CHOSEN: [&str; 4] = ["password", "passwd", "passphrase", "secret"];
const GLUED_MADE: [&str; 4] = ["token", "apikey", "accesskey", "secretkey"];

/// Words before `key` that make it a secret's.
const OF_KEYS: &str = "api secret private access app application auth authentication encryption signing signature master admin \
    service role license licence subscription account storage shared client deploy server session webhook \
    integration developer personal security functions function ingest write read system root user bot jwt \
    cookie hmac aes rest provisioning maps";

/// Words before `key` that make it something else.
const OF_OTHER_KEYS: &str = "public publishable pub primary foreign partition sort range index natural composite project issue space \
    board epic cache object idempotency hot short shortcut translation locale i18n message routing dedup \
    deduplication lookup metadata config registry bucket row group tag label next leader modifier ssh gpg \
    answer state widget site";

/// Last words that say what is not the secret itself.
const ELSE: &str = "id ids sid uid guid uuid name names path paths file files filename dir directory folder url urls uri \
    uris endpoint endpoints host hostname port type types kind limit limits count max min ttl expiry expires \
    expire expiration exp timeout seconds minutes hours days ms lifetime duration age env var variable \
    region location algorithm alg length len size bits mode enabled disabled provider backend store storage \
    source header headers prefix suffix scope scopes issuer audience method methods version format command \
    cmd helper manager service arn ref reference user username login email mail domain policy policies \
    rotation refresh public hint description desc title label field fields param params parameter pattern \
    regex budget usage cost price threshold layout map word words ring chain vault pair alias status state \
    level action strategy class encoding server cache index column table schema attribute role group tool \
    tools org account project team tenant workspace address stdin interval retries attempts model windows \
    window rate per ratio share tokenizer keyboard key_id board fingerprint thumbprint checksum auth_url \
    stream registry";

/// Words anywhere that make the rest a switch, a number or a name.
const SWITCHES: &str = "max min num number total enable enabled disable use require required requires no skip show has is allow \
    allowed ignore print list without with reset rotate validate";

/// Last words that say nothing about what is there.
const NOTHING: &str = "value string text json base64 b64 raw data content contents plain prod production dev development test \
    testing live staging stage sandbox new old current backup default main primary secondary rw ro v1 v2 \
    local";

/// Words that are near a secret.
const NEAR: &str = "auth credential credentials creds cred cookie cookies session sessionid signature sig salt pepper nonce \
    seed otp code license licence hmac access login basic csrf csrftoken xsrf identity private tok \
    sessiontoken sess";

impl Meaning {
    /// Reads a name.
    pub(super) fn of(name: &str) -> Self {
        // No name is long, and nothing of a long text is worth the time.
        if name.len() > 256 {
            return Self::Unknown;
        }
        let words = words(name);
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        // A property of Java, `-Dapi.key`.
        if matches!(words.as_slice(), ["d", _, ..]) {
            words.remove(0);
        }
        while words.len() > 1 && words.last().is_some_and(|last| says_nothing(last)) {
            words.pop();
        }
        Self::of_words(&words)
    }

    fn of_words(words: &[&str]) -> Self {
        let Some((last, before)) = words.split_last() else {
            return Self::Unknown;
        };
        let last = last.trim_end_matches(|c: char| c.is_ascii_digit());
        let behind = before.last().copied().unwrap_or_default();
        if before.iter().any(|word| lists(SWITCHES, word)) {
            return Self::Else;
        }
        match (behind, last) {
            ("seed" | "recovery" | "secret", "phrase") => return Self::Chosen,
            ("api" | "app", "hash") => return Self::Made,
            ("connection", "string") | ("database" | "db", "url") => return Self::Unknown,
            ("page" | "next" | "continuation" | "sync" | "cursor" | "resume", "token") => {
                return Self::Else;
            }
            ("client" | "app" | "api", "code") | ("postal" | "zip" | "country" | "status", _) => {
                return Self::Else;
            }
            _ => {}
        }
        if lists(CHOSEN, last) {
            return Self::Chosen;
        }
        if lists(MADE, last) {
            return Self::Made;
        }
        if last == "key" {
            return Self::of_key(before);
        }
        if lists(ELSE, last) {
            return Self::Else;
        }
        if GLUED_CHOSEN.iter().any(|end| last.ends_with(end)) {
            return Self::Chosen;
        }
        if GLUED_MADE.iter().any(|end| last.ends_with(end)) {
            return Self::Made;
        }
        match last {
            "tokens" | "keys" | "apikeys" | "ak" => Self::Key,
            _ if lists(NEAR, last) => Self::Near,
            _ if last.ends_with("key") && !is_ordinary(last) => Self::Key,
            _ => Self::of_inner(before),
        }
    }

    /// Reads what stands before `key`.
    fn of_key(before: &[&str]) -> Self {
        match before.last() {
            Some(word) if lists(OF_OTHER_KEYS, word) => Self::Else,
            Some(word) if lists(OF_KEYS, word) => {
                let is_public = before.contains(&"public") || before.contains(&"publishable");
                if is_public { Self::Else } else { Self::Made }
            }
            Some(&"anon") => Self::Near,
            Some(_) | None => Self::Key,
        }
    }

    /// Reads a name whose last word is not known: `TOKEN_GITHUB`, `API_KEY_OPENAI`, `PASSWORD_DB`.
    fn of_inner(before: &[&str]) -> Self {
        let is_of = |list: &str| before.iter().any(|word| lists(list, word));
        let has_key = before
            .windows(2)
            .any(|pair| matches!(pair, [of, "key"] if lists(OF_KEYS, of)));
        if is_of(CHOSEN) || is_of(MADE) || has_key {
            Self::Key
        } else {
            Self::Unknown
        }
    }

    /// Tells whether a secret is to be expected under the name.
    pub(super) fn is_strong(self) -> bool {
        matches!(self, Self::Chosen | Self::Made)
    }
}

/// Ordinary words that end in `key`.
fn is_ordinary(word: &str) -> bool {
    [
        "monkey", "turkey", "donkey", "hockey", "jockey", "whiskey", "hotkey", "passkey",
    ]
    .contains(&word)
}

fn says_nothing(word: &str) -> bool {
    lists(NOTHING, word) || word.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_stands_under_it() {
        for (names, meaning) in [
            (
                "PASSWORD DB_PASSWORD db-password PGPASSWORD MYSQL_PWD MYSQL_PASS clientSecret CLIENT_SECRET JWT_SECRET \
                 seedPhrase WALLET_MNEMONIC PASSWORD_2 SECRET_VALUE ALARM_PIN",
                Meaning::Chosen,
            ),
            (
                "TOKEN GITHUB_PERSONAL_ACCESS_TOKEN api_key API_KEY x-api-key APIKEY apiKey tavilyApiKey accesstoken \
                 AWS_SECRET_ACCESS_KEY SERVICE_ROLE_KEY AZURE_DEVOPS_PAT oauth2Bearer Authorization PRIVATE_KEY \
                 STRIPE_KEY_API_KEY API_KEY_PROD api.token Dapi.token TELEGRAM_API_HASH DATADOG_APP_KEY",
                Meaning::Made,
            ),
            (
                "BRAVE_KEY key KEY WEATHER_KEY TOKENS TOKEN_GITHUB API_KEY_OPENAI",
                Meaning::Key,
            ),
            (
                "AUTH REDIS_AUTH COOKIE SESSION CREDENTIALS HASH_SALT ANON_KEY",
                Meaning::Near,
            ),
            (
                "HOME OPENWEATHER CITY CONNECTION_STRING DATABASE_URL lang",
                Meaning::Unknown,
            ),
            (
                "KEY_ID AWS_ACCESS_KEY_ID PUBLIC_KEY NEXT_PUBLIC_API_KEY KEYBOARD_LAYOUT MAX_TOKENS TOKEN_LIMIT \
                 AUTH_URL TOKEN_URL CREDENTIALS_FILE CREDENTIALS_PATH TOKEN_ENDPOINT REGION API_KEY_HEADER SECRET_NAME \
                 PASSWORD_MIN_LENGTH TOKEN_TTL PRIMARY_KEY JIRA_PROJECT_KEY no-token require-token password-stdin \
                 use-keychain-token page_token api-key-env bearer_token_env_var AUTH_TYPE SECRET_ARN client_id",
                Meaning::Else,
            ),
        ] {
            for name in names.split_whitespace() {
                assert_eq!(Meaning::of(name), meaning, "{name}");
            }
        }
    }
}
