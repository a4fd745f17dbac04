//! What a program of the person's says of each song before contacts are told: it may let it pass, change it, or keep it
//! back. A pure machine between the decision and who publishes it; running the program is the shell's.
//!
//! A song that the program has not passed is never told, also where it failed. It is asked once a song, no oftener than
//! songs may be published, and about the newest one only; until it has answered, the song before stays.

use super::budget::Budget;
use super::decision::{Decision, Reason};
use crate::time::Moment;
use crate::tune::Track;

/// A song to ask the program about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// To be handed back with the answer.
    pub number: u64,
    /// The song as it would be published.
    pub track: Track,
    /// The player it is from.
    pub player: String,
}

/// What the program said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This is to be told, the song or something else in its place.
    Told(Track),
    /// Nothing is to be told.
    Withheld,
    /// It said nothing that can be used; why.
    Failed(String),
}

/// How far the program is with the song.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asking {
    /// There is no song that it has to be asked about.
    Idle,
    /// It is to be asked, or is being asked.
    Asked,
    /// It has said so.
    Judged(Verdict),
}

/// What stands before the program.
#[derive(Debug)]
pub struct Sieve {
    decision: Decision,
    song: Option<Song>,
    /// What was told last, as long as it may stay.
    told: Option<Told>,
    questions: u64,
    budget: Budget,
    deadline: Option<Moment>,
}

#[derive(Debug)]
struct Song {
    track: Track,
    player: String,
    /// The number of the question, once it is asked.
    question: Option<u64>,
    handed_out: bool,
    verdict: Option<Verdict>,
}

#[derive(Clone, Debug)]
struct Told {
    track: Track,
    player: String,
}

impl Sieve {
    /// Nothing has been asked, and nothing is told.
    pub fn new() -> Self {
        let decision = Decision::nothing_yet();
        Self { decision, song: None, told: None, questions: 0, budget: Budget::new(), deadline: None }
    }

    /// Takes in what would be told without the program. To be called at the deadline, too.
    pub fn handle(&mut self, now: Moment, decision: &Decision) {
        self.decision = decision.clone();
        self.deadline = None;
        // What a person sets by hand is from no player, and not asked about.
        let Some((track, player)) = decision.tune.as_ref().zip(decision.player.as_ref()) else {
            (self.song, self.told) = (None, None);
            return;
        };
        let known = self.song.take().filter(|song| song.player == *player && song.track.is_same_song(track));
        let mut song = known.unwrap_or_else(|| Song {
            track: track.clone(),
            player: player.clone(),
            question: None,
            handed_out: false,
            verdict: None,
        });
        if song.question.is_none() {
            match self.budget.take(now) {
                Ok(()) => {
                    self.questions = self.questions.saturating_add(1);
                    song.question = Some(self.questions);
                }
                Err(at) => self.deadline = Some(at),
            }
        }
        self.song = Some(song);
    }

    /// The question to ask now, once. Whatever was asked before it is of no use any more.
    pub fn question(&mut self) -> Option<Question> {
        let song = self.song.as_mut().filter(|song| !song.handed_out)?;
        let number = song.question?;
        song.handed_out = true;
        Some(Question { number, track: song.track.clone(), player: song.player.clone() })
    }

    /// Whether the answer to this question is still of use.
    pub fn awaits(&self, number: u64) -> bool {
        self.song.as_ref().is_some_and(|song| song.question == Some(number) && song.verdict.is_none())
    }

    /// Takes the answer to a question; an answer that comes too late changes nothing.
    pub fn answered(&mut self, number: u64, verdict: Verdict) {
        if !self.awaits(number) {
            return;
        }
        let Some(song) = self.song.as_mut() else { return };
        let verdict = match &verdict {
            Verdict::Told(track) if !track.is_publishable() => Verdict::Withheld,
            Verdict::Told(_) | Verdict::Withheld | Verdict::Failed(_) => verdict,
        };
        self.told = match &verdict {
            Verdict::Told(track) => Some(Told { track: track.clone(), player: song.player.clone() }),
            Verdict::Withheld | Verdict::Failed(_) => None,
        };
        song.verdict = Some(verdict);
    }

    /// When to be called again, if nothing happens before.
    pub fn deadline(&self) -> Option<Moment> {
        self.deadline
    }

    /// How far the program is.
    pub fn asking(&self) -> Asking {
        match self.song.as_ref().map(|song| &song.verdict) {
            None => Asking::Idle,
            Some(None) => Asking::Asked,
            Some(Some(verdict)) => Asking::Judged(verdict.clone()),
        }
    }

    /// Whether the song that is told is what the player says.
    pub fn is_unchanged(&self) -> bool {
        let song = self.song.as_ref().map(|song| &song.track);
        song == self.told.as_ref().map(|told| &told.track)
    }

    /// What is to be told.
    pub fn decision(&self) -> Decision {
        let nothing = |reason| Decision { tune: None, reason: Some(reason), ..self.decision.clone() };
        let verdict = self.song.as_ref().map(|song| &song.verdict);
        match (verdict, &self.told) {
            (None, _) => self.decision.clone(),
            (Some(Some(Verdict::Withheld)), _) => nothing(Reason::Filtered),
            (Some(Some(Verdict::Failed(reason))), _) => nothing(Reason::FilterFailed(reason.clone())),
            (Some(_), Some(told)) => Decision {
                tune: Some(told.track.clone()),
                player: Some(told.player.clone()),
                reason: None,
                state: self.decision.state,
            },
            (Some(_), None) => nothing(Reason::Filtering),
        }
    }
}

impl Default for Sieve {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::State;
    use super::*;

    fn track(title: &str) -> Track {
        Track { title: Some(title.to_owned()).filter(|title| !title.is_empty()), ..Track::default() }
    }

    fn plays(title: &str) -> Decision {
        let player = Some("mpv".to_owned());
        Decision { state: State::Playing, tune: Some(track(title)), player, reason: None }
    }

    fn at(millis: u64) -> Moment {
        Moment::from_millis(millis)
    }

    #[track_caller]
    fn shows(sieve: &Sieve, expected: Result<&str, &str>) {
        let decision = sieve.decision();
        assert_eq!(decision.tune.is_none(), decision.reason.is_some());
        let title = decision.tune.and_then(|tune| tune.title).ok_or(decision.reason.map(|reason| reason.to_string()));
        let title = title.as_deref().map_err(|reason| reason.as_deref().unwrap_or_default());
        assert_eq!(title, expected);
    }

    const ASKED: Result<&str, &str> = Err("the filter is being asked");

    #[test]
    fn a_song_is_told_as_the_program_says_and_not_before() {
        for (verdict, expected) in [
            (Verdict::Told(track("A")), Ok("A")),
            (Verdict::Told(track("a")), Ok("a")),
            (Verdict::Told(track("")), Err("the filter leaves this song out")),
            (Verdict::Withheld, Err("the filter leaves this song out")),
            (
                Verdict::Failed("exit status: 1".into()),
                Err("the filter failed, so this song is not told: exit status: 1"),
            ),
        ] {
            let mut sieve = Sieve::new();
            sieve.handle(at(0), &plays("A"));
            shows(&sieve, ASKED);
            let question = sieve.question().expect("a question");
            assert_eq!((question.track, question.player.as_str()), (track("A"), "mpv"));
            assert_eq!(sieve.question(), None);
            sieve.answered(question.number, verdict);
            shows(&sieve, expected);
            // The same song again, longer than before, is not asked about again.
            let mut longer = plays("A");
            longer.tune.as_mut().expect("a tune").length = Some(Duration::from_secs(9));
            sieve.handle(at(1000), &longer);
            assert_eq!(sieve.question(), None);
            shows(&sieve, expected);
        }
    }

    #[test]
    fn the_newest_song_wins_and_the_one_before_stays_until_it_is_judged() {
        let mut sieve = Sieve::new();
        sieve.handle(at(0), &plays("A"));
        let first = sieve.question().expect("a question").number;
        sieve.handle(at(1), &plays("B"));
        let second = sieve.question().expect("a question").number;
        assert!(!sieve.awaits(first) && sieve.awaits(second));
        sieve.answered(first, Verdict::Told(track("A")));
        shows(&sieve, ASKED);
        sieve.answered(second, Verdict::Told(track("B")));
        shows(&sieve, Ok("B"));
        sieve.handle(at(2), &plays("C"));
        shows(&sieve, Ok("B"));
        let third = sieve.question().expect("a question").number;
        sieve.answered(third, Verdict::Failed("it hung".into()));
        shows(&sieve, Err("the filter failed, so this song is not told: it hung"));
        sieve.handle(at(3), &plays("D"));
        shows(&sieve, ASKED);
    }

    #[test]
    fn what_is_withdrawn_goes_at_once_and_what_is_set_by_hand_is_not_asked_about() {
        let mut sieve = Sieve::new();
        sieve.handle(at(0), &plays("A"));
        let number = sieve.question().expect("a question").number;
        sieve.answered(number, Verdict::Told(track("A")));
        let paused = Decision { tune: None, reason: Some(Reason::Paused), ..plays("A") };
        sieve.handle(at(1), &paused);
        assert_eq!(sieve.decision(), paused);
        // It is asked about again when it goes on, for the program may look at the clock.
        sieve.handle(at(2), &plays("A"));
        shows(&sieve, ASKED);
        let by_hand = Decision { player: None, ..plays("Vinyl") };
        sieve.handle(at(3), &by_hand);
        assert_eq!((sieve.decision(), sieve.asking(), sieve.question()), (by_hand, Asking::Idle, None));
    }

    #[test]
    fn it_is_asked_no_oftener_than_songs_may_be_published() {
        let mut sieve = Sieve::new();
        let mut asked = 0;
        for song in 0..1000 {
            sieve.handle(at(song), &plays(&song.to_string()));
            asked += u32::from(sieve.question().is_some());
        }
        assert_eq!((asked, sieve.deadline()), (5, Some(at(5000))));
        sieve.handle(at(5000), &plays("999"));
        assert_eq!(sieve.question().map(|question| question.track), Some(track("999")));
        assert_eq!(sieve.deadline(), None);
    }
}
