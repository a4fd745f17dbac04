//! What the daemon answers, one file a subject. Reading it out to a person is xmppctl's.

mod account;
mod config;
mod daemon;
mod doctor;
mod message;
mod presence;
mod probe;
mod roster;
mod tune;
mod xml;

pub use account::{AccountError, AccountInfo, AccountList, Auth, AuthProfile, ConnectionState, Stream, Tls};
pub use config::{ConfigReport, ConfigValues};
pub use daemon::{DaemonStatus, Done, Hello, Pong, WaitReport, WatchReport};
pub use doctor::{Check, CheckState, DoctorReport};
pub use message::{
    Direction, Message, MessageType, OutboxCount, OutboxCounts, OutboxList, OutboxMessage, OutboxState, SendReport,
    SendState,
};
pub use presence::{
    AccountStatus, Delivery, Directed, Layer, LayerName, Part, Presence, ScrollFrames, StatusReport, Then,
};
pub use probe::{
    Certificate, ProbeAddress, ProbeEndpoint, ProbeFeatures, ProbeLimits, ProbeReport, ProbeSasl2, ProbeService,
    ProbeTls, ProbeWarning, ServiceAnswer, SrvRecord, TlsStart,
};
pub use roster::{
    AccountBlocked, AccountPending, AccountRoster, Ask, BlockReport, Contact, PendingContact, PendingReport, Resource,
    RosterReport, Subscription, SubscriptionRequest,
};
pub use tune::{AccountTune, ExplainedPlayer, Player, PlayerList, TuneExplanation, TunePublish, TuneReport, TuneText};
pub use xml::{XmlFrame, XmlWatching};
