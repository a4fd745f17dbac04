//! The publisher of our own tune (XEP-0118): one publish at a time, and the last wish wins. What the tune is, and when it
//! may change, is decided elsewhere.

use super::{Failed, Next, Node, Publication, Support};
use crate::stanza::{StanzaError, pubsub, tune};
use crate::tune::Track;
use crate::xml::Element;

/// The tune's one item.
const ITEM: &str = "current";

/// The publisher of one session.
#[derive(Debug, Default)]
pub struct Publisher {
    /// What the server has; unknown until the session's first publish.
    published: Option<Option<Track>>,
    busy: Option<Step>,
    /// What the server refused; it is not offered again.
    refused: Option<Option<Track>>,
}

/// What is under way. Each carries what is to be published.
#[derive(Debug)]
enum Step {
    Storing(Track),
    Publishing(Option<Track>, Publication),
}

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Tell our own account this, then hand in the answer.
    Set(Element),
    /// Remember durably whether a tune may stand at the server, then hand in that it is so.
    Store(bool),
    /// Tell watchers what became of this tune, or of the withdrawal.
    Report(Option<Track>, Result<(), String>),
}

impl Publisher {
    /// Whether `wanted` differs from what the server has, and what to do about it. `out` tells whether the store
    /// knows that a tune may stand at the server.
    pub fn advance(&mut self, support: Support, wanted: Option<&Track>, out: bool) -> Vec<Action> {
        if self.busy.is_some() || support == Support::Unknown {
            return Vec::new();
        }
        let done = self.published.as_ref().is_some_and(|published| published.as_ref() == wanted);
        let nothing_out = wanted.is_none() && !out && self.published.is_none();
        let refused = self.refused.as_ref().is_some_and(|refused| refused.as_ref() == wanted);
        if done || nothing_out || refused {
            return Vec::new();
        }
        match wanted {
            Some(track) if !out && support == Support::Options => {
                self.busy = Some(Step::Storing(track.clone()));
                vec![Action::Store(true)]
            }
            Some(_) | None => self.publish(support, wanted.cloned()),
        }
    }

    /// The store has taken, or could not take, the flag.
    pub fn stored(&mut self, result: Result<(), String>) -> Vec<Action> {
        match (self.busy.take(), result) {
            (Some(Step::Storing(track)), Ok(())) => self.publish(Support::Options, Some(track)),
            (Some(Step::Storing(track)), Err(reason)) => self.failed(Some(track), &reason),
            (busy, _) => {
                self.busy = busy;
                Vec::new()
            }
        }
    }

    /// The answer to the last [`Action::Set`].
    pub fn answered(&mut self, answer: Result<Option<&Element>, &StanzaError>) -> Vec<Action> {
        match self.busy.take() {
            Some(Step::Publishing(tune, mut publication)) => {
                let next = publication.answered(answer);
                self.go_on(tune, publication, next)
            }
            busy @ (Some(Step::Storing(_)) | None) => {
                self.busy = busy;
                Vec::new()
            }
        }
    }

    /// No answer came in time to the last [`Action::Set`].
    pub fn unanswered(&mut self) -> Vec<Action> {
        match self.busy.take() {
            Some(Step::Publishing(tune, _)) => {
                // It may have taken it all the same.
                self.published = None;
                self.failed(tune, "the server did not answer the tune")
            }
            busy @ (Some(Step::Storing(_)) | None) => {
                self.busy = busy;
                Vec::new()
            }
        }
    }

    /// What withdraws the tune at the end of a session, whatever is under way. Silence may be read by everybody, so it
    /// is said without a condition that could fail.
    pub fn farewell() -> Element {
        pubsub::publish(Node::Tune.name(), ITEM, tune::to_element(None), &[])
    }

    fn publish(&mut self, support: Support, tune: Option<Track>) -> Vec<Action> {
        // Contacts' programs listen for items only: an empty tune ends the song where a retraction would not.
        let mut publication = Publication::new(Node::Tune, ITEM, tune::to_element(tune.as_ref()));
        let next = publication.begin(support);
        self.go_on(tune, publication, next)
    }

    fn go_on(&mut self, tune: Option<Track>, publication: Publication, next: Next) -> Vec<Action> {
        match next {
            Next::Get(request) | Next::Set(request) => {
                self.busy = Some(Step::Publishing(tune, publication));
                vec![Action::Set(request)]
            }
            Next::Done => self.done(tune),
            Next::Failed(Failed::Refused(error)) => self.failed(tune, &format!("the server refused the tune: {error}")),
            Next::Failed(Failed::Open(error)) => {
                self.failed(tune, &format!("strangers may read the tune at the server, and it stays so: {error}"))
            }
            Next::Failed(Failed::Unsupported(reason)) => self.failed(tune, reason),
        }
    }

    fn done(&mut self, tune: Option<Track>) -> Vec<Action> {
        let mut actions = vec![Action::Report(tune.clone(), Ok(()))];
        if tune.is_none() {
            actions.push(Action::Store(false));
        }
        self.refused = None;
        self.published = Some(tune);
        actions
    }

    fn failed(&mut self, tune: Option<Track>, reason: &str) -> Vec<Action> {
        self.refused = Some(tune.clone());
        vec![Action::Report(tune, Err(reason.to_owned()))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stanza::disco::Identity;
    use crate::stanza::disco::Info;
    use crate::stanza::error::{Condition, ErrorKind};
    use crate::xml::{ns, writer};

    /// What happens to a publisher, one letter each; see [`play`].
    type Course<'a> = &'a [(&'a str, &'a str)];

    fn song(title: &str) -> Track {
        Track { title: Some(title.to_owned()), ..Track::default() }
    }

    fn refusal(specific: Option<&str>) -> StanzaError {
        let specific = specific.map(|name| (name.to_owned(), ns::PUBSUB_ERRORS.to_owned()));
        StanzaError { specific, ..StanzaError::new(ErrorKind::Cancel, Condition::Conflict) }
    }

    fn supporting(pep: bool, options: bool) -> Support {
        let identity = Identity { category: "pubsub".into(), kind: "pep".into(), ..Identity::default() };
        let feature = ns::PUBSUB_PUBLISH_OPTIONS.to_owned();
        let info = Info {
            identities: pep.then_some(identity).into_iter().collect(),
            features: options.then_some(feature).into_iter().collect(),
            ..Info::default()
        };
        Support::told(Ok(Some(&info.to_element())))
    }

    fn words(action: &Action) -> String {
        match action {
            Action::Set(payload) => {
                let text = writer::to_string(payload);
                let title = text.split("<title>").nth(1).and_then(|rest| rest.split('<').next()).unwrap_or("silence");
                if text.contains("<delete ") { "delete".into() } else { format!("publish {title}") }
            }
            Action::Store(out) => format!("store {out}"),
            Action::Report(track, Ok(())) => {
                format!("told {}", track.as_ref().and_then(|track| track.title.as_deref()).unwrap_or("silence"))
            }
            Action::Report(_, Err(reason)) => format!("failed: {reason}"),
        }
    }

    /// Plays a course: the title that is wanted (`-` for none), or `stored`, `full` (the disk is), `ok`, `no`, `open`
    /// (the node is not as it must be), `late` (no answer came); and what is done about it.
    fn check(support: Support, mut out: bool, course: Course<'_>) {
        let (mut publisher, mut wanted) = (Publisher::default(), None);
        for (number, (happens, expected)) in course.iter().enumerate() {
            let (open, refused) = (refusal(Some("precondition-not-met")), refusal(None));
            let mut actions = match *happens {
                "stored" => publisher.stored(Ok(())),
                "full" => publisher.stored(Err("the disk is full".into())),
                "ok" => publisher.answered(Ok(None)),
                "no" => publisher.answered(Err(&refused)),
                "open" => publisher.answered(Err(&open)),
                "late" => publisher.unanswered(),
                "-" => {
                    wanted = None;
                    Vec::new()
                }
                title => {
                    wanted = Some(song(title));
                    Vec::new()
                }
            };
            out = match *happens {
                "stored" => true,
                "full" => false,
                _ => out && !actions.contains(&Action::Store(false)),
            };
            actions.extend(publisher.advance(support, wanted.as_ref(), out));
            let done: Vec<_> = actions.iter().map(words).collect();
            assert_eq!(done.join(", "), *expected, "step {number}, {happens}, of {course:?}");
        }
    }

    #[test]
    fn a_tune_is_noted_then_published_then_withdrawn() {
        let course: Course<'_> = &[
            ("-", ""),
            ("One", "store true"),
            ("stored", "publish One"),
            ("One", ""),
            ("ok", "told One"),
            ("Two", "publish Two"),
            ("ok", "told Two"),
            ("-", "publish silence"),
            ("ok", "told silence, store false"),
            ("-", ""),
        ];
        check(supporting(true, true), false, course);
        check(supporting(true, true), true, &[("-", "publish silence"), ("ok", "told silence, store false")]);
    }

    #[test]
    fn one_publish_at_a_time_and_the_last_wish_wins() {
        let course: Course<'_> = &[
            ("One", "store true"),
            ("Two", ""),
            ("stored", "publish One"),
            ("Three", ""),
            ("Four", ""),
            ("ok", "told One, publish Four"),
            ("-", ""),
            ("Four", ""),
            ("ok", "told Four"),
        ];
        check(supporting(true, true), false, course);
    }

    #[test]
    fn a_node_that_is_open_is_made_anew_once_or_left_alone() {
        let start = [("One", "publish One"), ("open", "delete")];
        let check = |rest: Course<'_>| check(supporting(true, true), true, &[&start, rest].concat());
        check(&[("ok", "publish One"), ("ok", "told One")]);
        check(&[("ok", "publish One"), ("open", "failed: the server refused the tune: conflict"), ("One", "")]);
        let stays = "failed: strangers may read the tune at the server, and it stays so: conflict";
        check(&[("no", stays), ("One", ""), ("Two", "publish Two")]);
        check(&[("late", "failed: the server did not answer the tune"), ("One", "")]);
    }

    #[test]
    fn what_failed_is_not_tried_again_and_what_is_unknown_is_withdrawn() {
        let late = "failed: the server did not answer the tune";
        let course: Course<'_> = &[("One", "publish One"), ("late", late), ("One", ""), ("-", "publish silence")];
        check(supporting(true, true), true, course);
        let known: Course<'_> = &[("One", "publish One"), ("ok", "told One"), ("Two", "publish Two"), ("late", late)];
        check(supporting(true, true), true, &[known, &[("One", "publish One")]].concat());
        let full: Course<'_> = &[("One", "store true"), ("full", "failed: the disk is full"), ("Two", "store true")];
        check(supporting(true, true), false, full);
    }

    #[test]
    fn without_the_means_nothing_is_published_and_that_is_told_once() {
        let check = |support, reason: &str| {
            let told = format!("failed: {reason}");
            check(support, false, &[("-", ""), ("One", &told), ("One", ""), ("ok", ""), ("stored", "")]);
        };
        check(supporting(false, true), "the server has no personal eventing");
        check(supporting(true, false), "the server cannot keep it from strangers (no publish-options)");
        check(Support::told(Ok(None)), "the server does not say what it supports");
        assert_eq!(Publisher::default().advance(Support::Unknown, Some(&song("One")), true), []);
    }
}
