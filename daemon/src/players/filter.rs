//! Runs the program that says what may be told of a song: argv without a shell, the song as a JSON object on its standard
//! input, and as another, or nothing at all, on its standard output. When it is asked, and what its answer does, is
//! the core's [`Sieve`].

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use tokio::process::Command;
use xmppd_core::players::{Asking, Decision, Question, Sieve, Verdict};
use xmppd_core::text;
use xmppd_core::time::{Moment, Now};
use xmppd_core::tune::{Metadata, Track};
use xmppd_proto::reply::{FilterReport, FilterVerdict};
use xmppd_proto::{Played, Tune};

use crate::hub::tune_to_proto;
use crate::places::Environment;
use crate::program::{self, Excess, Failed, Limits};

const LIMITS: Limits = Limits { time: Duration::from_secs(1), output: 64 * 1024, excess: Excess::Killed };
/// All that it is told of our environment.
const INHERITED: [&str; 5] = ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE"];

type Run = Pin<Box<dyn Future<Output = Verdict> + Send>>;

/// The program, and the one run of it that there may be.
pub(super) struct Filter {
    words: Vec<String>,
    environment: Environment,
    sieve: Sieve,
    /// With the number of its question. Dropped, it is killed.
    run: Option<(u64, Run)>,
}

impl Filter {
    /// `words` are the program and its arguments; there is a first.
    pub(super) fn new(words: Vec<String>, environment: Environment) -> Self {
        Self { words, environment, sieve: Sieve::new(), run: None }
    }

    /// Whether it is this program.
    pub(super) fn is(&self, words: &[String]) -> bool {
        self.words == words
    }

    /// Takes in what would be told without it, and asks about a song that is new. One that is not awaited any more ends.
    pub(super) fn handle(&mut self, now: Now, decision: &Decision) {
        self.sieve.handle(now.moment, decision);
        self.run.take_if(|(number, _)| !self.sieve.awaits(*number));
        if let Some(question) = self.sieve.question() {
            let number = question.number;
            let asked = ask(self.words.clone(), self.environment.clone(), question);
            self.run = Some((number, Box::pin(asked)));
        }
    }

    /// Waits for the answer, if one is awaited. May be given up at any time and called again.
    pub(super) async fn answer(&mut self) {
        let Some((number, run)) = &mut self.run else { return std::future::pending().await };
        let (number, verdict) = (*number, run.await);
        self.run = None;
        self.sieve.answered(number, verdict);
    }

    /// What is to be told.
    pub(super) fn decision(&self) -> Decision {
        self.sieve.decision()
    }

    /// When to call [`Filter::handle`] again, if nothing happens before.
    pub(super) fn deadline(&self) -> Option<Moment> {
        self.sieve.deadline()
    }

    /// What is to be told of it.
    pub(super) fn report(&self) -> FilterReport {
        let (verdict, reason) = match self.sieve.asking() {
            Asking::Idle => (None, None),
            Asking::Asked => (Some(FilterVerdict::Asked), None),
            Asking::Judged(Verdict::Told(_)) if self.sieve.is_unchanged() => (Some(FilterVerdict::Passed), None),
            Asking::Judged(Verdict::Told(_)) => (Some(FilterVerdict::Changed), None),
            Asking::Judged(Verdict::Withheld) => (Some(FilterVerdict::Withheld), None),
            Asking::Judged(Verdict::Failed(reason)) => (Some(FilterVerdict::Failed), Some(reason)),
        };
        FilterReport { program: self.words.first().cloned().unwrap_or_default(), verdict, reason }
    }
}

async fn ask(words: Vec<String>, environment: Environment, question: Question) -> Verdict {
    let Some((program, arguments)) = words.split_first() else {
        return Verdict::Failed("no program is configured".to_owned());
    };
    let mut command = Command::new(program);
    command.args(arguments).env_clear().current_dir("/");
    command.envs(INHERITED.iter().filter_map(|name| Some((name, environment.variable(name)?))));
    let played = Played { player: question.player, tune: tune_to_proto(&question.track) };
    let input = match serde_json::to_vec(&played) {
        Ok(input) => [&input[..], b"\n"].concat(),
        Err(error) => return Verdict::Failed(error.to_string()),
    };
    match program::run(command, &input, LIMITS).await {
        Ok(ended) if ended.status.success() => read(&ended.output),
        Ok(ended) if ended.complaint.is_empty() => Verdict::Failed(ended.status.to_string()),
        Ok(ended) => Verdict::Failed(clean(&format!("{}: {}", ended.status, ended.complaint))),
        Err(Failed::Io(error)) => Verdict::Failed(format!("it cannot be run: {error}")),
        Err(Failed::TimedOut) => Verdict::Failed("no answer within a second".to_owned()),
        Err(Failed::TooMuch) => Verdict::Failed("it printed more than 64 KiB".to_owned()),
    }
}

/// Nothing at all, `null` and an object without a title keep the song back.
fn read(output: &[u8]) -> Verdict {
    let output = output.trim_ascii();
    if output.is_empty() {
        return Verdict::Withheld;
    }
    match serde_json::from_slice::<Option<Tune>>(output) {
        Ok(None) => Verdict::Withheld,
        Ok(Some(tune)) => Verdict::Told(track(tune)),
        // What it printed may be what nobody is to know.
        Err(error) => {
            Verdict::Failed(format!("what it printed is no tune: line {}, column {}", error.line(), error.column()))
        }
    }
}

/// What of its answer may be told, cleaned as if a player said it.
fn track(tune: Tune) -> Track {
    let metadata = Metadata {
        title: tune.title,
        artists: tune.artist.into_iter().collect(),
        album: tune.source,
        length_micros: tune.length_ms.and_then(|length| i64::try_from(length).ok()?.checked_mul(1_000)),
        url: tune.uri,
        user_rating: tune.rating.map(|rating| f64::from(rating) / 10.0),
        ..Metadata::default()
    };
    let number = tune.track.as_deref().and_then(clean_part);
    Track { track: number, ..Track::from_metadata(&metadata) }
}

fn clean_part(part: &str) -> Option<String> {
    text::line(part, text::PUBLISHED)
}

fn clean(reason: &str) -> String {
    text::line(reason, text::REASON).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;
    use xmppd_core::players::State;

    use super::*;
    use crate::host;

    fn song(title: &str) -> Decision {
        let track = Track {
            title: Some(title.to_owned()),
            artist: Some("Ada".to_owned()),
            length: Some(Duration::from_secs(241)),
            rating: Some(8),
            ..Track::default()
        };
        Decision { state: State::Playing, tune: Some(track), player: Some("mpv".to_owned()), reason: None }
    }

    fn filter(script: &str) -> Filter {
        let environment = Environment::of([("PATH", "/usr/bin:/bin"), ("HOME", "/h"), ("SECRET", "canary")]);
        Filter::new(["sh", "-c", script].map(String::from).into(), environment)
    }

    /// What is told of a song, and what is said of the program.
    async fn told(script: &str) -> (Option<Track>, FilterReport) {
        let mut filter = filter(script);
        filter.handle(host::now(), &song("A"));
        filter.answer().await;
        (filter.decision().tune, filter.report())
    }

    #[tokio::test]
    async fn a_song_passes_is_changed_or_kept_back() {
        let check = async |script: &str, title: Option<&str>, verdict| {
            let (tune, report) = told(script).await;
            assert_eq!(tune.and_then(|tune| tune.title).as_deref(), title, "{script}: {report:?}");
            assert_eq!((report.verdict, report.reason), (Some(verdict), None), "{script}");
        };
        check("cat", Some("A"), FilterVerdict::Passed).await;
        check("sed s/Ada/Eve/", Some("A"), FilterVerdict::Changed).await;
        check("sed 's/\"A\"/\"B\"/'", Some("B"), FilterVerdict::Changed).await;
        check("echo '{\"title\":\" B\\u0007 \",\"uri\":\"file:///etc/passwd\"}'", Some("B"), FilterVerdict::Changed)
            .await;
        for script in ["true", "echo", "echo null", "echo {}", "echo '{\"artist\":\"Ada\"}'", "cat >/dev/null"] {
            check(script, None, FilterVerdict::Withheld).await;
        }
        let (tune, _) = told("cat").await;
        assert_eq!(tune, song("A").tune);
    }

    #[tokio::test]
    async fn a_program_that_fails_lets_nothing_pass() {
        let check = async |script: &str, part: &str| {
            let (tune, report) = told(script).await;
            assert_eq!((tune, report.verdict), (None, Some(FilterVerdict::Failed)), "{script}");
            let reason = report.reason.unwrap_or_default();
            assert!(reason.contains(part) && !reason.contains("canary"), "{script}: {reason}");
        };
        check("cat; exit 3", "exit status: 3").await;
        check("cat; echo 'no list' >&2; exit 1", "exit status: 1: no list").await;
        check("kill -9 $$", "signal: 9").await;
        check("echo canary", "no tune: line 1, column 1").await;
        check("echo '{\"title\": 5}'", "no tune").await;
        check("cat; cat /dev/zero", "more than 64 KiB").await;
        check("cat; sleep 60 & sleep 60", "no answer within a second").await;
        let mut missing = Filter::new(vec!["/nonexistent/filter".to_owned()], Environment::default());
        missing.handle(host::now(), &song("A"));
        missing.answer().await;
        let reason = missing.decision().reason.map(|reason| reason.to_string()).unwrap_or_default();
        assert!(reason.contains("it cannot be run: No such file"), "{reason}");
    }

    #[tokio::test]
    async fn it_has_little_of_an_environment_and_no_more_than_three_descriptors() {
        let script = "echo \"{\\\"title\\\":\\\"${SECRET-none} ${HOME-none} $(pwd)\\\"}\"";
        let (tune, _) = told(script).await;
        assert_eq!(tune.and_then(|tune| tune.title).as_deref(), Some("none /h /"));
        let (_, report) = told("ls /proc/self/fd >&2; exit 1").await;
        assert_eq!(report.reason.as_deref(), Some("exit status: 1: 0; 1; 2; 3"), "the last one is of ls itself");
    }

    #[tokio::test]
    async fn the_newest_song_ends_the_run_for_the_one_before_with_its_group() {
        let folder = crate::testing::Folder::new();
        let note = folder.path().join("note");
        assert!(std::process::Command::new("mkfifo").arg(&note).status().unwrap().success());
        // Whoever has it open lives.
        let script = format!(
            "grep -q '\"A\"' || {{ echo '{{\"title\":\"B\"}}'; exit; }}; exec 3>{}; echo A >&3; sleep 60 & sleep 60",
            note.display()
        );
        let mut filter = filter(&script);
        let mut open = tokio::net::unix::pipe::OpenOptions::new().open_receiver(&note).unwrap();
        filter.handle(host::now(), &song("A"));
        let mut begun = [0; 2];
        tokio::select! {
            () = filter.answer() => panic!("it is still asked about A"),
            read = open.read_exact(&mut begun) => assert_eq!(read.unwrap(), 2),
        }
        filter.handle(host::now(), &song("B"));
        filter.answer().await;
        assert_eq!(filter.decision().tune.and_then(|tune| tune.title).as_deref(), Some("B"));
        let ended = tokio::time::timeout(Duration::from_secs(10), open.read(&mut begun)).await;
        assert_eq!(ended.expect("its children are gone with it").unwrap(), 0);
    }
}
