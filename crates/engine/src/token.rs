//! Client tokens: the same operation of the same plan always sends the same one.

use sha2::{Digest, Sha256};
use stack_core::ids::{Address, ClientToken};
use stack_core::provider::Verb;
use std::fmt::Write;

/// The token of one round of one operation: a hash of (plan nonce, address, operation, round), as DESIGN section 6
/// has it. Never of content: delete, create and delete again within 36 hours would share a token (trap 93).
///
/// 64 hexadecimal digits, inside the charset and length of cloud-control 1.3.
pub fn client_token(nonce: &str, address: &Address, verb: Verb, round: u32, undo: bool) -> ClientToken {
    let mut hash = Sha256::new();
    let direction = if undo { "undo" } else { "do" };
    for part in [nonce, address.as_str(), &verb.to_string(), &round.to_string(), direction] {
        // The length in front keeps neighbours apart: ("a", "bc") is not ("ab", "c").
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    ClientToken::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_same_operation_has_the_same_token_and_every_part_counts() {
        let token = |nonce, address: &str, verb, round, undo| {
            client_token(nonce, &address.into(), verb, round, undo).as_str().to_owned()
        };
        let base = token("n", "queue", Verb::Create, 0, false);
        assert_eq!(base, token("n", "queue", Verb::Create, 0, false));
        let all: BTreeSet<String> = [
            base,
            token("m", "queue", Verb::Create, 0, false),
            token("n", "topic", Verb::Create, 0, false),
            token("n", "queue", Verb::Delete, 0, false),
            token("n", "queue", Verb::Create, 1, false),
            token("n", "queue", Verb::Create, 0, true),
            token("nq", "ueue", Verb::Create, 0, false),
        ]
        .into();
        assert_eq!(all.len(), 7);
    }

    #[test]
    fn a_token_fits_the_service_whatever_the_address() {
        let token = client_token("n", &"topic[\"ä/|\"]".into(), Verb::Delete, 3, false);
        assert_eq!(token.as_str().len(), 64);
        assert!(token.as_str().bytes().all(|b| b.is_ascii_hexdigit()));
    }
}
