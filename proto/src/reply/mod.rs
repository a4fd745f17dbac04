//! What the daemon answers, one file a subject. Reading it out to a person is xmppctl's.

mod account;
mod config;
mod daemon;
mod doctor;
mod message;
mod personal;
mod presence;
mod probe;
mod room;
mod roster;
mod tune;
mod upload;
mod xml;

pub use account::{AccountError, AccountInfo, AccountList, Auth, AuthProfile, ConnectionState, Stream, Tls};
pub use config::{ConfigReport, ConfigValues};
pub use daemon::{DaemonStatus, Done, Hello, Pong, WaitReport, WatchReport};
pub use doctor::{Check, CheckState, DoctorReport};
pub use message::{
    AccountUnread, Direction, HistoryReport, Message, MessageState, MessageType, OutboxCount, OutboxCounts, OutboxList,
    OutboxMessage, OutboxState, Reaction, SendReport, SendState, UnreadChat, UnreadReport,
};
pub use personal::{AccountPersonal, Activity, Avatar, ContactTune, ContactTunes, Mood, Personal, PersonalReport};
pub use presence::{
    AccountStatus, Delivery, Directed, Layer, LayerName, Part, Presence, ScrollFrames, StatusReport, Then,
};
pub use probe::{
    Certificate, ProbeAddress, ProbeEndpoint, ProbeFeatures, ProbeLimits, ProbeReport, ProbeSasl2, ProbeService,
    ProbeTls, ProbeWarning, ServiceAnswer, SrvRecord, TlsStart,
};
pub use room::{AccountRooms, Room, RoomInvitation, RoomMember, RoomMembersReport, RoomReport, RoomSpeaker, RoomState};
pub use roster::{
    AccountBlocked, AccountPending, AccountRoster, Ask, BlockReport, Contact, PendingContact, PendingReport, Resource,
    RosterReport, Subscription, SubscriptionRequest,
};
pub use tune::{
    AccountTune, ExplainedPlayer, FilterReport, FilterVerdict, Player, PlayerList, TuneExplanation, TunePublish,
    TuneReport, TuneText,
};
pub use upload::{UploadDone, UploadProgress, UploadStarted};
pub use xml::{XmlFrame, XmlWatching};
