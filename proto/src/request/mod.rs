//! What can be asked: one variant and one parameter type a method. Doing it is the daemon's `api`.

mod condition;
mod contacts;
mod params;
mod personal;
mod room;
mod status;
mod tune;
mod upload;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

pub use condition::{BadCondition, Condition};
pub use contacts::{
    BlockAdd, BlockListing, BlockRemove, RosterAdd, RosterApprove, RosterDeny, RosterGroup, RosterPending,
    RosterRemove, RosterRename, RosterShow, RosterSubscribe, RosterUnsubscribe,
};
pub use params::{
    AccountConnect, AccountDisconnect, AccountListing, AccountShow, ConfigCheck, ConfigGet, ConfigReload, DaemonHello,
    DaemonRestart, DaemonShow, DaemonStop, Doctor, History, OutboxCancel, OutboxListing, OutboxRetry, Ping, Probe,
    Question, Roster, RpcDescribe, Send, Unread, UnreadClear, Wait, WatchStart, WatchStop, XmlWatch,
};
pub use personal::{
    ActivityClear, ActivitySet, ActivityShow, AvatarClear, AvatarSet, AvatarShow, MoodClear, MoodSet, MoodShow,
    NickClear, NickSet, NickShow, TuneGet,
};
pub use room::{RoomInvite, RoomJoin, RoomLeave, RoomListing, RoomMembers};
pub use status::{
    Scroll, ScrollOff, ScrollPreview, Status, StatusClear, StatusHold, StatusLayers, StatusRelease, StatusSet,
    StatusThen,
};
pub use tune::{
    TuneClear, TuneExplain, TuneHold, TuneOff, TuneOn, TunePlayers, TuneRender, TuneResume, TuneSet, TuneShow,
    TuneSkip, TuneUse,
};
pub use upload::{UploadCancel, UploadFinish, UploadStart, UploadWrite};

use crate::jsonrpc::Error;
use crate::reply::{
    AccountList, BlockReport, ConfigReport, ConfigValues, ContactTunes, DaemonStatus, DoctorReport, Done, Hello,
    HistoryReport, Message, OutboxList, PendingReport, PersonalReport, PlayerList, Pong, ProbeReport,
    RoomMembersReport, RoomReport, RosterReport, ScrollFrames, SendReport, StatusReport, TuneExplanation, TuneReport,
    TuneText, UnreadReport, UploadDone, UploadProgress, UploadStarted, WaitReport, WatchReport, XmlWatching,
};

/// A method's parameters, with the method's name and the type of its answer.
pub trait Call: Serialize + DeserializeOwned {
    /// The method's name.
    const METHOD: &'static str;
    /// What it answers.
    type Reply: Serialize + DeserializeOwned;
}

/// A method, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
}

/// One line a method: name, parameters (and variant), answer, summary.
macro_rules! methods {
    ($($name:literal $call:ident -> $reply:ty, $summary:literal;)*) => {
        /// Everything that can be asked.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Request {
            $(#[doc = $summary] $call($call),)*
        }

        /// The answers, each of the method of the same name.
        #[derive(Clone, Debug, PartialEq, Serialize)]
        #[serde(untagged)]
        pub enum Reply {
            $(#[doc = concat!("What `", $name, "` answers.")] $call($reply),)*
        }

        /// Every method, in the order in which documentation names them.
        pub const METHODS: &[Method] = &[$(Method { name: $name, summary: $summary },)*];

        impl Request {
            /// The method's name.
            pub const fn method(&self) -> &'static str {
                match self {
                    $(Self::$call(_) => $name,)*
                }
            }

            /// Reads a request strictly: an unknown method, an unknown or repeated parameter, a wrong type or parameters
            /// by position are refused with JSON-RPC's codes.
            pub fn parse(method: &str, params: Option<&RawValue>) -> Result<Self, Error> {
                match method {
                    $($name => read(method, params).map(Self::$call),)*
                    _ => Err(Error::method_not_found(method)),
                }
            }
        }

        $(
            impl Call for $call {
                const METHOD: &'static str = $name;
                type Reply = $reply;
            }

            impl From<$call> for Request {
                fn from(call: $call) -> Self {
                    Self::$call(call)
                }
            }
        )*

        #[cfg(feature = "schema")]
        pub(crate) fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(Method, schemars::Schema, schemars::Schema)> {
            vec![$((
                Method { name: $name, summary: $summary },
                <$call as schemars::JsonSchema>::json_schema(generator),
                generator.subschema_for::<$reply>(),
            ),)*]
        }
    };
}

methods! {
    "status" Status -> StatusReport, "Shows what contacts see now, and why";
    "status.set" StatusSet -> StatusReport, "Asks for an availability, with an optional text, priority and end";
    "status.clear" StatusClear -> StatusReport, "Takes back what was asked for, a layer or all";
    "status.layers" StatusLayers -> StatusReport, "Shows every layer: what it says, until when, what it decides and why";
    "status.hold" StatusHold -> StatusReport, "Asks for an availability that lasts as long as this connection";
    "status.release" StatusRelease -> Done, "Ends what status.hold began on this connection";
    "scroll" Scroll -> StatusReport, "Lets a text run through the status, within the budget";
    "scroll.preview" ScrollPreview -> ScrollFrames, "Shows what would be seen of a scrolling text, to nobody else";
    "scroll.off" ScrollOff -> StatusReport, "Ends the scrolling";
    "tune" TuneShow -> TuneReport, "Shows the tune that is published, or why none is";
    "tune.set" TuneSet -> TuneReport, "Publishes a tune given by hand, in place of a player's";
    "tune.clear" TuneClear -> TuneReport, "Withdraws the tune given by hand";
    "tune.on" TuneOn -> TuneReport, "Switches the publishing of tunes on";
    "tune.off" TuneOff -> TuneReport, "Withdraws the tune and switches publishing off";
    "tune.hold" TuneHold -> TuneReport, "Withdraws the tune and publishes none for a time, or until tune.resume";
    "tune.resume" TuneResume -> TuneReport, "Ends what tune.hold began";
    "tune.skip" TuneSkip -> TuneReport, "Withdraws the track that plays; the player's next one is published";
    "tune.use" TuneUse -> TuneReport, "Lets a player go before all others, or none";
    "tune.explain" TuneExplain -> TuneExplanation, "Tells why each player is chosen or not, and how the last publish went";
    "tune.render" TuneRender -> TuneText, "Tries a template with the present tune, or a sample, to nobody else";
    "tune.players" TunePlayers -> PlayerList, "Lists the media players and the rule that decides about each";
    "tune.get" TuneGet -> ContactTunes, "Asks what a contact listens to";
    "mood" MoodShow -> PersonalReport, "Shows the mood that contacts see";
    "mood.set" MoodSet -> PersonalReport, "Tells contacts a mood, with an optional text";
    "mood.clear" MoodClear -> PersonalReport, "Tells contacts no mood any longer";
    "activity" ActivityShow -> PersonalReport, "Shows the activity that contacts see";
    "activity.set" ActivitySet -> PersonalReport, "Tells contacts an activity, with an optional text";
    "activity.clear" ActivityClear -> PersonalReport, "Tells contacts no activity any longer";
    "nick" NickShow -> PersonalReport, "Shows the nickname that contacts see";
    "nick.set" NickSet -> PersonalReport, "Tells contacts a nickname";
    "nick.clear" NickClear -> PersonalReport, "Tells contacts no nickname any longer";
    "avatar" AvatarShow -> PersonalReport, "Shows what is known of the picture that contacts see";
    "avatar.set" AvatarSet -> PersonalReport, "Shows contacts a picture";
    "avatar.clear" AvatarClear -> PersonalReport, "Shows contacts no picture any longer";
    "roster" Roster -> RosterReport, "Lists contacts and what they show";
    "roster.show" RosterShow -> RosterReport, "Shows all that is known of a contact";
    "roster.add" RosterAdd -> RosterReport, "Adds a contact and asks to see their presence";
    "roster.remove" RosterRemove -> RosterReport, "Removes a contact; neither sees the other any longer";
    "roster.rename" RosterRename -> RosterReport, "Gives a contact another name, or none";
    "roster.group" RosterGroup -> RosterReport, "Puts a contact into groups and takes it out of others";
    "roster.pending" RosterPending -> PendingReport, "Lists who asks to see us, and who has not answered us";
    "roster.approve" RosterApprove -> RosterReport, "Lets somebody see our presence";
    "roster.deny" RosterDeny -> RosterReport, "Does not let somebody see our presence, or not any longer";
    "roster.subscribe" RosterSubscribe -> RosterReport, "Asks to see a contact's presence";
    "roster.unsubscribe" RosterUnsubscribe -> RosterReport, "Ends seeing a contact's presence";
    "block.list" BlockListing -> BlockReport, "Lists who is blocked";
    "block.add" BlockAdd -> BlockReport, "Has the server let nothing through from and to somebody";
    "block.remove" BlockRemove -> BlockReport, "Ends that";
    "room.list" RoomListing -> RoomReport, "Lists the rooms that are bookmarked or entered";
    "room.join" RoomJoin -> RoomReport, "Enters a room, now and at the start of each session";
    "room.members" RoomMembers -> RoomMembersReport, "Lists who is in a room";
    "room.invite" RoomInvite -> Done, "Has a room invite somebody";
    "room.leave" RoomLeave -> RoomReport, "Leaves a room, and does not enter it by itself any more";
    "account.list" AccountListing -> AccountList, "Lists accounts and the state of their connections";
    "account.show" AccountShow -> AccountList, "Shows how an account's login went and how its connection stands";
    "account.connect" AccountConnect -> AccountList, "Connects now, also after a failed login";
    "account.disconnect" AccountDisconnect -> AccountList, "Closes the stream until account.connect";
    "send" Send -> SendReport, "Sends a message";
"ask" Question -> Message, "Sends a message and answers with what comes back";
    "history" History -> HistoryReport, "Shows messages that came and went";
    "unread" Unread -> UnreadReport, "Counts the messages that nobody has read";
    "unread.clear" UnreadClear -> UnreadReport, "Takes the messages of a chat as read";
    "upload.start" UploadStart -> UploadStarted, "Finds a place at the server for a file, and opens the way there";
    "upload.write" UploadWrite -> UploadProgress, "Sends the next piece of the file";
    "upload.finish" UploadFinish -> UploadDone, "Ends an upload; answers where the file is";
    "upload.cancel" UploadCancel -> Done, "Gives an upload up";
    "outbox.list" OutboxListing -> OutboxList, "Lists the messages that no server is known to have";
    "outbox.cancel" OutboxCancel -> Done, "Does not send a message that has not left yet, or forgets one that was set aside";
    "outbox.retry" OutboxRetry -> SendReport, "Sends a message that was set aside";
    "wait" Wait -> WaitReport, "Answers once a condition holds";
    "watch.start" WatchStart -> WatchReport, "Sends a snapshot and then every event as a notification";
    "watch.stop" WatchStop -> Done, "Ends the notifications";
    "xml.watch" XmlWatch -> XmlWatching, "Tells what crosses an account's wire, secrets masked unless asked for";
    "ping" Ping -> Pong, "Measures how long a server or a contact takes to answer";
    "probe" Probe -> ProbeReport, "Looks at a domain's servers without an account: DNS, TLS, certificate, features";
    "doctor" Doctor -> DoctorReport, "Looks at the daemon and its surroundings";
    "config.check" ConfigCheck -> ConfigReport, "Reads the configuration file and says whether it is sound";
    "config.reload" ConfigReload -> ConfigReport, "Puts the configuration file into force";
    "config.get" ConfigGet -> ConfigValues, "Shows the configuration in force, without secrets";
    "daemon.hello" DaemonHello -> Hello, "Tells the protocol version, and refuses another";
    "daemon.status" DaemonShow -> DaemonStatus, "Tells about the daemon itself";
    "daemon.stop" DaemonStop -> Done, "Says goodbye on every account and ends the daemon";
    "daemon.restart" DaemonRestart -> Done, "Exchanges the running program for the installed one; contacts see nothing";
    "rpc.describe" RpcDescribe -> serde_json::Value, "Answers an OpenRPC document of these methods";
}

fn read<T: DeserializeOwned>(method: &str, params: Option<&RawValue>) -> Result<T, Error> {
    let text = params.map_or("{}", RawValue::get);
    if !text.starts_with('{') {
        return Err(Error::invalid_params(format!("{method}: parameters are given by name, as an object")));
    }
    serde_json::from_str(text).map_err(|error| Error::invalid_params(format!("{method}: {}", without_place(&error))))
}

/// The parser's message without its line and column, which are those of a text that nobody sees.
fn without_place(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rfind(" at line ") {
        Some(end) => message[..end].to_owned(),
        None => message,
    }
}
