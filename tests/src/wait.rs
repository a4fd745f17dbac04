//! Waiting for a condition, with a deadline: the only place of the tests that pauses.
//!
//! What the condition is, the caller says in words, so that a failure reads as a sentence.

use std::time::{Duration, Instant};

/// How long anything may take that is expected to happen: generous, since it is waited for only when it fails.
pub const SOON: Duration = Duration::from_secs(20);

const PAUSE: Duration = Duration::from_millis(10);

/// Asks `look` again and again until it answers `Some`, and gives that back.
///
/// # Panics
/// When `within` has passed: "waited 20s in vain until juliet is online".
#[track_caller]
pub fn eventually<T>(what: &str, within: Duration, look: impl FnMut() -> Option<T>) -> T {
    match until(within, look) {
        Some(found) => found,
        None => panic!("waited {within:?} in vain until {what}"),
    }
}

/// Like [`eventually`], with `None` instead of a panic when `within` has passed.
pub fn until<T>(within: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look() {
            return Some(found);
        }
        if Instant::now() >= deadline {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}

/// Holds a byte or an answer back for `time`: for relays and scripted parts that are slow on purpose.
pub fn delay(time: Duration) {
    if !time.is_zero() {
        std::thread::sleep(time);
    }
}

/// [`delay`] for code that runs beside other code on the same thread.
pub async fn delay_async(time: Duration) {
    tokio::time::sleep(time).await;
}
