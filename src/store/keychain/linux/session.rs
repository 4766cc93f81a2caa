//! The encryption between broker and the Secret Service, so that no value is readable in the traffic
//! of the bus or in the memory of its daemon.
//!
//! Only `dh-ietf1024-sha256-aes128-cbc-pkcs7` of the Secret Service API, section "Transfer of
//! Secrets": a Diffie-Hellman exchange in the Second Oakley Group (RFC 2409, section 6.2), HKDF with
//! SHA-256, no salt and no info (RFC 5869) down to 16 bytes, then AES-128 in CBC mode with PKCS#7
//! padding. The algorithm `plain` is never offered and never accepted.

use std::fmt;

use aes::Aes128;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockDecryptMut, BlockEncryptMut, KeyIvInit};
use crypto_bigint::modular::constant_mod::{Residue, ResidueParams};
use crypto_bigint::{Encoding, U256, U1024, impl_modulus};
use hkdf::Hkdf;
use sha2::Sha256;
use zbus::OwnedObjectPath;
use zeroize::{Zeroize, Zeroizing};

use crate::secret::SecretValue;
use crate::sys;

/// The name of the exchange in `OpenSession`.
pub(super) const ALGORITHM: &str = "dh-ietf1024-sha256-aes128-cbc-pkcs7";

/// The bytes of a number of the group.
const GROUP_BYTES: usize = 128;
/// The bytes of an AES-128 key, and of the IV beside it.
const BLOCK: usize = 16;

impl_modulus!(
    Oakley2,
    U1024,
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74\
     020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437\
     4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
     EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"
);

/// Our half of an exchange.
pub(super) struct KeyPair {
    /// 256 bits: more than twice the strength of the group, which is estimated at 80 bits. A longer
    /// exponent would cost time and add nothing (RFC 2409, section 6.2, and RFC 3526, section 8).
    exponent: Zeroizing<U256>,
    public: [u8; GROUP_BYTES],
}

impl KeyPair {
    /// Makes a new pair.
    ///
    /// # Errors
    /// The system's name of the error where it has no random numbers.
    pub(super) fn generate() -> Result<Self, String> {
        let mut bytes = Zeroizing::new([0; 32]);
        sys::random(bytes.as_mut()).map_err(|_| "no-random-numbers".to_owned())?;
        Ok(Self::from_exponent(U256::from_be_bytes(*bytes)))
    }

    fn from_exponent(exponent: U256) -> Self {
        // The top bit set keeps it from being 0 and from being short.
        let exponent = Zeroizing::new(exponent.bitor(&U256::ONE.shl_vartime(255)));
        let public = power(&U1024::from_u8(2), &exponent).to_be_bytes();
        Self { exponent, public }
    }

    /// Returns the public number, big-endian and of full length.
    pub(super) fn public(&self) -> &[u8] {
        &self.public
    }

    /// Derives the key from the other side's public number `theirs`, big-endian of any length.
    ///
    /// Returns `None` where `theirs` is no number between 1 and p - 1, both excluded: those let
    /// anybody on the bus know the key.
    pub(super) fn agree(&self, theirs: &[u8]) -> Option<Key> {
        let start = theirs.iter().position(|b| *b != 0)?;
        let digits = theirs.get(start..)?;
        let mut padded = [0; GROUP_BYTES];
        let offset = GROUP_BYTES.checked_sub(digits.len())?;
        padded.get_mut(offset..)?.copy_from_slice(digits);
        let theirs = U1024::from_be_bytes(padded);
        let last = Oakley2::MODULUS.wrapping_sub(&U1024::ONE);
        if theirs <= U1024::ONE || theirs >= last {
            return None;
        }
        let mut shared = power(&theirs, &self.exponent);
        let secret = Zeroizing::new(shared.to_be_bytes());
        shared.zeroize();
        let mut key = Zeroizing::new([0; BLOCK]);
        Hkdf::<Sha256>::new(None, secret.as_slice())
            .expand(&[], key.as_mut())
            .ok()?;
        Some(Key(key))
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(hidden)")
    }
}

/// Raises `base` to `exponent` in the group, in constant time, by Montgomery multiplication.
fn power(base: &U1024, exponent: &U256) -> U1024 {
    Residue::<Oakley2, { U1024::LIMBS }>::new(base)
        .pow(exponent)
        .retrieve()
}

/// The key of a session.
pub(super) struct Key(Zeroizing<[u8; BLOCK]>);

impl Key {
    /// Encrypts `plain` under a new IV.
    ///
    /// # Errors
    /// The system's name of the error where it has no random numbers.
    fn seal(&self, plain: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
        let mut iv = [0; BLOCK];
        sys::random(&mut iv).map_err(|_| "no-random-numbers".to_owned())?;
        let sealed = cbc::Encryptor::<Aes128>::new((&*self.0).into(), (&iv).into())
            .encrypt_padded_vec_mut::<Pkcs7>(plain);
        Ok((iv.to_vec(), sealed))
    }

    /// Decrypts `sealed`; `None` where IV, length or padding are wrong.
    fn open(&self, iv: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let iv: [u8; BLOCK] = iv.try_into().ok()?;
        let mut buffer = Zeroizing::new(sealed.to_vec());
        let length = cbc::Decryptor::<Aes128>::new((&*self.0).into(), (&iv).into())
            .decrypt_padded_mut::<Pkcs7>(&mut buffer)
            .ok()?
            .len();
        buffer.truncate(length);
        Some(buffer)
    }
}

/// A secret as it travels, `(oayays)`: session, parameters (the IV), value, content type.
pub(super) type Sealed = (OwnedObjectPath, Vec<u8>, Vec<u8>, String);

/// An open session with the service. It ends with the connection it was opened on.
pub(super) struct Session {
    path: OwnedObjectPath,
    key: Key,
}

impl Session {
    pub(super) fn new(path: OwnedObjectPath, key: Key) -> Self {
        Self { path, key }
    }

    /// Returns the object path of the session.
    pub(super) fn path(&self) -> &OwnedObjectPath {
        &self.path
    }

    /// Encrypts `value` for `CreateItem`.
    ///
    /// # Errors
    /// The system's name of the error where it has no random numbers.
    #[expect(clippy::disallowed_methods, reason = "written to the store, encrypted")]
    pub(super) fn seal(&self, value: &SecretValue) -> Result<Sealed, String> {
        let (iv, sealed) = self.key.seal(value.expose())?;
        let content = "application/octet-stream".to_owned();
        Ok((self.path.clone(), iv, sealed, content))
    }

    /// Decrypts what `GetSecrets` gave; `None` where it is not of this session or is damaged.
    pub(super) fn open(&self, (session, iv, sealed, _): &Sealed) -> Option<SecretValue> {
        if session != &self.path {
            return None;
        }
        self.key.open(iv, sealed).map(SecretValue::new)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Session(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "f654f7ce6abcf7659a6b903dffd3c8824502b47b2ac7fa31591565e41eed3258";
    const PUBLIC_A: &str = "7f96cc316be7673e312fa61bc515dc13477d52d70d4b6a786dbe0851ddfde30c\
        2e14460f329a04718d08c5d59c3f052cf03115f128b2ea103c1448b0bd16a4f3\
        4be0861810a0132aabdbf10706108e6e0743a3627c39e309df841d42cd9eee22\
        78db36ef8407af7afa2b44fed95aa7aeba88b6338a2aed4619665a629af66da";
    const PUBLIC_B: &str = "3e0fec3a2532b02e46d09eaf7bca1091b79df4e326cbfcdaf2a1457cade80c3d\
        ca008593a60a069954ccab7cbdf99a31765106ac95816673487ad228757c1f1a\
        8e2b4c5218312d3ff1f0212eb623ba5595e4017365487b9b50382bafa1022d30\
        195ab6b1e4736cc82d2d6c1ce470b675a4b08f6b79c5bc452b10574ade57608a";

    /// Reads hexadecimal digits; where their number is odd, the first is a byte of its own.
    fn bytes(hex: &str) -> Vec<u8> {
        let hex = if hex.len().is_multiple_of(2) {
            hex.to_owned()
        } else {
            format!("0{hex}")
        };
        hex.as_bytes()
            .chunks(2)
            .map(|pair| {
                let pair = str::from_utf8(pair).expect("digits");
                u8::from_str_radix(pair, 16).expect("hex")
            })
            .collect()
    }

    /// The vectors of both tests below were computed with Python's `pow` and `hmac`.
    #[test]
    fn the_exchange_agrees_with_an_independent_computation() {
        let pair = KeyPair::from_exponent(U256::from_be_hex(A));
        assert_eq!(pair.public(), bytes(PUBLIC_A));
        let key = pair.agree(&bytes(PUBLIC_B)).expect("a key");
        assert_eq!(key.0.as_slice(), bytes("da928d36cea4cc276592a3e766daf544"));
    }

    #[test]
    fn a_shared_number_with_leading_zeros_is_derived_from_at_full_length() {
        let pair = KeyPair::from_exponent(U256::from_u16(420));
        let key = pair.agree(&bytes(PUBLIC_B)).expect("a key");
        assert_eq!(key.0.as_slice(), bytes("dec4ae8c0d345b94f75f7c5e146e7865"));
    }

    #[test]
    fn numbers_that_give_the_key_away_are_refused() {
        let pair = KeyPair::generate().expect("a pair");
        let p = Oakley2::MODULUS;
        let refused = [
            U1024::ZERO,
            U1024::ONE,
            p.wrapping_sub(&U1024::ONE),
            p,
            p.wrapping_add(&U1024::ONE),
        ];
        for number in refused {
            assert!(pair.agree(&number.to_be_bytes()).is_none(), "{number}");
        }
        assert!(pair.agree(&[]).is_none());
        assert!(pair.agree(&[1; GROUP_BYTES + 1]).is_none());
        assert!(pair.agree(&[2]).is_some());
    }

    #[test]
    fn two_sides_open_what_the_other_sealed() {
        let (ours, theirs) = (
            KeyPair::generate().expect("a pair"),
            KeyPair::generate().expect("a pair"),
        );
        assert_ne!(ours.public(), theirs.public());
        let (one, other) = (
            ours.agree(theirs.public()).expect("a key"),
            theirs.agree(ours.public()).expect("a key"),
        );
        for plain in [
            &b""[..],
            b"0123456789abcde",
            b"0123456789abcdef",
            b"\0\xff\n",
        ] {
            let (iv, sealed) = one.seal(plain).expect("sealed");
            assert_eq!(sealed.len() % BLOCK, 0);
            assert!(sealed.len() > plain.len(), "there is always padding");
            assert_eq!(other.open(&iv, &sealed).expect("opened").as_slice(), plain);
        }
    }

    #[test]
    fn what_is_cut_or_not_padded_is_not_opened() {
        let key = Key(Zeroizing::new([7; BLOCK]));
        let (iv, sealed) = key.seal(b"0123456789abcdef").expect("sealed");
        assert!(key.open(&iv, &sealed[..BLOCK]).is_none(), "no padding");
        assert!(key.open(&iv, &sealed[..20]).is_none(), "half a block");
        assert!(key.open(&iv, &[]).is_none(), "nothing");
        assert!(key.open(&iv[..15], &sealed).is_none(), "a short IV");
    }
}
