//! The tokens of an account (XEP-0484): as secret as the password, each used with the mechanism it was issued for and
//! no other, and never given up before its successor has worked.

use crate::sasl::{BindingType, Mechanism};
use crate::secret::Secret;
use crate::stanza::sasl2::IssuedToken;
use crate::time::Wall;

/// A clock that is wrong by this much does not make a token useless, in milliseconds.
const TOLERANCE: i64 = 5 * 60 * 1_000;

/// One token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The mechanism it was issued for, by its name on the wire.
    pub mechanism: String,
    /// The token itself.
    pub secret: Secret,
    /// When it lapses, if that is known.
    pub expiry: Option<Wall>,
    /// How often it was used.
    pub count: u64,
}

/// The token to use next, and the one before until that has worked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tokens {
    /// To be used next, the newest first; two at most.
    kept: Vec<Token>,
}

impl Tokens {
    /// As they were kept, the newest first.
    pub(super) fn restored(kept: Vec<Token>) -> Self {
        Self { kept: kept.into_iter().filter(|token| mechanism(token).is_some()).take(2).collect() }
    }

    /// To be kept, the newest first.
    pub(super) fn kept(&self) -> &[Token] {
        &self.kept
    }

    /// The mechanism of the token that would be used next.
    pub(super) fn next_mechanism(&self) -> Option<&str> {
        self.kept.first().map(|token| token.mechanism.as_str())
    }

    /// The token to log in with, counted as used once more. One that has lapsed is not tried.
    pub(super) fn use_next(&mut self, now: Wall) -> Option<Token> {
        let lapsed = |token: &Token| {
            token.expiry.is_some_and(|expiry| expiry.as_unix_millis() + TOLERANCE < now.as_unix_millis())
        };
        self.kept.retain(|token| !lapsed(token));
        let token = self.kept.first_mut()?;
        token.count += 1;
        Some(token.clone())
    }

    /// The server took the token: the one before it is of no use any more.
    pub(super) fn worked(&mut self) {
        self.kept.truncate(1);
    }

    /// The server refused the token; the one before it may still be good, when the exchange was lost half-way.
    pub(super) fn refused(&mut self) {
        if !self.kept.is_empty() {
            self.kept.remove(0);
        }
    }

    /// The server issued a token of this mechanism.
    pub(super) fn issued(&mut self, mechanism: &str, token: IssuedToken) {
        self.kept.truncate(1);
        let token = Token { mechanism: mechanism.to_owned(), secret: token.secret, expiry: token.expiry, count: 0 };
        self.kept.insert(0, token);
    }
}

/// What the token's mechanism is; nothing for one that we do not speak.
pub(super) fn mechanism(token: &Token) -> Option<Mechanism> {
    Mechanism::named(&token.mechanism).filter(|mechanism| matches!(mechanism, Mechanism::Ht { .. }))
}

/// The mechanism to ask a token for: bound to this connection's kind, or none.
pub(super) fn mechanism_to_request(offered: &[String], exporter: bool, end_point: bool) -> Option<&str> {
    let bound = |wanted: BindingType| {
        offered.iter().map(String::as_str).find(|name| {
            matches!(Mechanism::named(name), Some(Mechanism::Ht { binding: Some(binding), .. }) if binding == wanted)
        })
    };
    let by_exporter = exporter.then(|| bound(BindingType::TlsExporter)).flatten();
    by_exporter.or_else(|| end_point.then(|| bound(BindingType::TlsServerEndPoint)).flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(secret: &str) -> IssuedToken {
        IssuedToken { secret: Secret::new(secret.into()), expiry: Some(Wall::from_unix_millis(1_000_000)) }
    }

    fn secrets(tokens: &Tokens) -> Vec<&str> {
        tokens.kept().iter().map(|token| token.secret.reveal()).collect()
    }

    #[test]
    fn a_token_is_kept_until_its_successor_has_worked() {
        let mut tokens = Tokens::default();
        tokens.issued("HT-SHA-256-EXPR", issued("a"));
        tokens.issued("HT-SHA-256-EXPR", issued("b"));
        assert_eq!(secrets(&tokens), ["b", "a"]);
        tokens.issued("HT-SHA-256-EXPR", issued("c"));
        assert_eq!(secrets(&tokens), ["c", "b"]);
        tokens.refused();
        assert_eq!(secrets(&tokens), ["b"]);
        tokens.issued("HT-SHA-256-EXPR", issued("d"));
        tokens.worked();
        assert_eq!(secrets(&tokens), ["d"]);
        tokens.refused();
        assert_eq!(tokens, Tokens::default());
    }

    #[test]
    fn each_use_is_counted_and_a_lapsed_token_is_not_used() {
        let mut tokens = Tokens::default();
        tokens.issued("HT-SHA-256-EXPR", issued("a"));
        let count = |tokens: &mut Tokens, at| tokens.use_next(Wall::from_unix_millis(at)).map(|token| token.count);
        assert_eq!(count(&mut tokens, 0), Some(1));
        assert_eq!(count(&mut tokens, 1_000_000 + TOLERANCE), Some(2));
        assert_eq!(count(&mut tokens, 1_000_001 + TOLERANCE), None);
    }

    #[test]
    fn a_token_is_asked_for_by_the_strongest_binding_and_never_without_one() {
        let check = |offered: &[&str], exporter, end_point, expected: Option<&str>| {
            let offered: Vec<String> = offered.iter().map(ToString::to_string).collect();
            assert_eq!(mechanism_to_request(&offered, exporter, end_point), expected, "{offered:?}");
        };
        let all = ["HT-SHA-256-NONE", "HT-SHA-256-UNIQ", "HT-SHA-256-ENDP", "HT-SHA-256-EXPR"];
        check(&all, true, true, Some("HT-SHA-256-EXPR"));
        check(&all, false, true, Some("HT-SHA-256-ENDP"));
        check(&all, false, false, None);
        check(&all[..2], true, true, None);
    }
}
