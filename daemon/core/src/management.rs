//! Stream management (XEP-0198): what we sent and the server has not acknowledged yet, and what we handled.
//! Asking in time and judging a silent server is [`crate::account`]'s; resuming a stream starts from this value.

use std::collections::VecDeque;

/// How many unacknowledged stanzas are kept at most; more must wait in front.
pub const QUEUE_LIMIT: usize = 1_000;

/// Both counters of one stream and the unacknowledged tail, each entry `T` standing for one stanza.
#[derive(Debug)]
pub struct Management<T> {
    /// Stanzas the server says it handled, modulo 2^32.
    acknowledged: u32,
    /// Stanzas we handled, modulo 2^32.
    handled: u32,
    tail: VecDeque<T>,
    /// How many of the tail, from its front, were written on this connection.
    written: usize,
    /// How many of the tail were ever written, on this connection or another.
    reached: usize,
    /// How many of those, from their end, no `<r/>` has followed yet.
    unasked: usize,
    backwards: u32,
}

/// The server acknowledged stanzas that were never sent (XEP-0198 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandledTooHigh {
    /// What it claimed.
    pub handled: u32,
    /// What was sent.
    pub sent: u32,
}

impl<T> Default for Management<T> {
    fn default() -> Self {
        Self::starting_at(0, 0)
    }
}

impl<T> Management<T> {
    /// Counters as they stand when a stream is taken up: what the server had handled, and what we had.
    pub fn starting_at(acknowledged: u32, handled: u32) -> Self {
        Self { acknowledged, handled, tail: VecDeque::new(), written: 0, reached: 0, unasked: 0, backwards: 0 }
    }

    /// Counts a stanza, to be written behind all before it.
    pub fn sent(&mut self, stanza: T) {
        self.tail.push_back(stanza);
    }

    /// The stanza that is to be written next on this connection.
    pub fn unwritten_mut(&mut self) -> Option<&mut T> {
        self.tail.get_mut(self.written)
    }

    /// Whether some are yet to be written on this connection.
    pub fn has_unwritten(&self) -> bool {
        self.written < self.tail.len()
    }

    /// The next one is being written now.
    pub fn wrote(&mut self) {
        debug_assert!(self.has_unwritten(), "only what was sent can be written");
        self.written += 1;
        self.reached = self.reached.max(self.written);
        self.unasked += 1;
    }

    /// Counts a stanza of the server's whose effects are done.
    pub fn handled(&mut self) {
        self.handled = self.handled.wrapping_add(1);
    }

    /// The `h` of our next `<a/>`.
    pub fn inbound(&self) -> u32 {
        self.handled
    }

    /// How many stanzas were sent in all, modulo 2^32.
    pub fn outbound(&self) -> u32 {
        self.acknowledged.wrapping_add(u32::try_from(self.tail.len()).unwrap_or(u32::MAX))
    }

    /// There is another connection, on which everything unacknowledged is to be written once more.
    pub fn reconnected(&mut self) {
        self.written = 0;
        self.unasked = 0;
    }

    /// Stanzas not acknowledged yet, oldest first.
    pub fn tail(&self) -> impl ExactSizeIterator<Item = &T> {
        self.tail.iter()
    }

    /// The same, to note what has become of one.
    pub fn tail_mut(&mut self) -> impl ExactSizeIterator<Item = &mut T> {
        self.tail.iter_mut()
    }

    /// Those of them that were written on this connection, oldest first.
    pub fn under_way(&self) -> impl Iterator<Item = &T> {
        self.tail.iter().take(self.written)
    }

    /// The same, to note what has become of one.
    pub fn under_way_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.tail.iter_mut().take(self.written)
    }

    /// Takes out all of them: the stream that they were sent on is over.
    pub fn drain(&mut self) -> Vec<T> {
        self.reconnected();
        self.reached = 0;
        std::mem::take(&mut self.tail).into()
    }

    /// How many were written since the last [`asked`](Self::asked).
    pub fn unasked(&self) -> usize {
        self.unasked
    }

    /// An `<r/>` is being written now.
    pub fn asked(&mut self) {
        self.unasked = 0;
    }

    /// Takes the server's `h` and gives back what it acknowledges, oldest first. A number that went backwards
    /// acknowledges nothing and is counted as misbehaviour.
    pub fn acknowledge(&mut self, h: u32) -> Result<Vec<T>, HandledTooHigh> {
        let count = h.wrapping_sub(self.acknowledged);
        if count >= 1 << 31 {
            self.backwards += 1;
            return Ok(Vec::new());
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > self.reached {
            let sent = u32::try_from(self.reached).unwrap_or(u32::MAX);
            return Err(HandledTooHigh { handled: h, sent: self.acknowledged.wrapping_add(sent) });
        }
        self.acknowledged = h;
        let taken: Vec<T> = self.tail.drain(..count).collect();
        self.written = self.written.saturating_sub(count);
        self.reached = self.reached.saturating_sub(count);
        self.unasked = self.unasked.min(self.written);
        Ok(taken)
    }

    /// How often the server's `h` went backwards.
    pub fn misbehaviours(&self) -> u32 {
        self.backwards
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(start: u32, sent: usize, h: u32, expected: Result<usize, HandledTooHigh>) {
        let mut management = Management::starting_at(start, 0);
        for number in 0..sent {
            management.sent(number);
            management.wrote();
        }
        // What was never written is acknowledged by nobody.
        management.sent(sent);
        let taken = management.acknowledge(h);
        assert_eq!(taken.as_ref().map(Vec::len), expected.as_ref().map(|n| *n), "start {start}, sent {sent}, h {h}");
        if let Ok(taken) = taken {
            assert_eq!(management.tail().len(), sent + 1 - taken.len());
            assert_eq!(management.tail().next(), Some(&taken.len()));
        }
    }

    #[test]
    fn h_acknowledges_the_oldest_stanzas() {
        check(0, 3, 0, Ok(0));
        check(0, 3, 2, Ok(2));
        check(0, 3, 3, Ok(3));
        check(7, 3, 9, Ok(2));
    }

    #[test]
    fn h_beyond_what_was_sent_is_an_error_that_names_both_counts() {
        check(0, 3, 4, Err(HandledTooHigh { handled: 4, sent: 3 }));
        check(u32::MAX, 1, 1, Err(HandledTooHigh { handled: 1, sent: 0 }));
    }

    #[test]
    fn h_that_went_backwards_changes_nothing_and_is_counted() {
        check(5, 3, 4, Ok(0));
        let mut management = Management::<()>::starting_at(5, 0);
        assert_eq!(management.acknowledge(4), Ok(Vec::new()));
        assert_eq!(management.misbehaviours(), 1);
    }

    #[test]
    fn counters_wrap_at_2_to_the_32() {
        let start = u32::MAX - 2;
        check(start, 6, u32::MAX, Ok(2));
        check(start, 6, 0, Ok(3));
        check(start, 6, 3, Ok(6));
        let mut management = Management::<()>::starting_at(0, u32::MAX);
        management.handled();
        assert_eq!(management.inbound(), 0);
    }

    #[test]
    fn asking_covers_what_was_sent_before() {
        let mut management = Management::default();
        write(&mut management, "ab");
        assert_eq!(management.unasked(), 2);
        management.asked();
        write(&mut management, "c");
        assert_eq!(management.unasked(), 1);
        assert_eq!(management.acknowledge(3), Ok(vec!['a', 'b', 'c']));
        assert_eq!(management.unasked(), 0);
    }

    #[test]
    fn another_connection_has_nothing_of_the_tail_yet() {
        let mut management = Management::default();
        write(&mut management, "abc");
        management.sent('d');
        assert_eq!(management.acknowledge(1), Ok(vec!['a']));
        assert_eq!(String::from_iter(management.under_way()), "bc");
        assert_eq!(management.unwritten_mut(), Some(&mut 'd'));
        management.reconnected();
        assert_eq!((management.under_way().count(), management.unasked()), (0, 0));
        assert_eq!(management.unwritten_mut(), Some(&mut 'b'));
    }

    fn write(management: &mut Management<char>, stanzas: &str) {
        for stanza in stanzas.chars() {
            management.sent(stanza);
            management.wrote();
        }
    }
}
